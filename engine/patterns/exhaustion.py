"""Exhaustion: aggression dries up price by price on the way to the extreme."""

from typing import Any

from engine.compiled import inner
from engine.names import Pattern
from engine.patterns.found import write

BUYING, SELLING = int(Pattern.BUYING_EXHAUSTION), int(Pattern.SELLING_EXHAUSTION)


@inner
def _one(
    volume: Any, extreme: int, inwards: int, price: int, pattern: int, direction: int,
    rules: Any, found: Any, n: int,
) -> int:  # fmt: skip
    last = volume[extreme]
    if last == 0:
        return n
    levels = 1
    k = extreme
    while levels < rules.exhaustion_max_levels:
        inner = k + inwards
        if inner < 0 or inner >= len(volume) or volume[inner] <= volume[k]:
            break
        k = inner
        levels += 1
    first = volume[k]
    fall = (first - last) / first
    if levels >= rules.exhaustion_levels and fall >= rules.exhaustion_fall:
        n = write(found, n, pattern, direction, price, fall, levels, first, last, 0.0)
    return n


@inner
def exhaustions(bid: Any, ask: Any, low: int, step: int, rules: Any, found: Any, n: int) -> int:
    """Buyers at the high, sellers at the low."""
    top = len(ask) - 1
    n = _one(ask, top, -1, low + top * step, BUYING, -1, rules, found, n)
    return _one(bid, 0, 1, low, SELLING, 1, rules, found, n)
