"""Unfinished business: an extreme at which both sides still traded draws price back to it.

Levels are remembered, oldest first, in an int64 [memory + 1, 2] of (row price, +1 high / -1 low).
"""

from typing import Any

from engine.compiled import inner
from engine.names import Pattern
from engine.patterns.found import write

HIGH, LOW = int(Pattern.UNFINISHED_HIGH), int(Pattern.UNFINISHED_LOW)
REVISITED = int(Pattern.UNFINISHED_REVISITED)


@inner
def unfinished(bid: Any, ask: Any, low: int, step: int, rules: Any, found: Any, n: int) -> int:
    """The bar's own high and low, if their auction did not finish."""
    top = len(bid) - 1
    if bid[top] > rules.unfinished_volume:
        n = write(found, n, HIGH, 1, low + top * step, 0.6, bid[top], 0.0, 0.0, 0.0)
    if ask[0] > rules.unfinished_volume:
        n = write(found, n, LOW, -1, low, 0.6, ask[0], 0.0, 0.0, 0.0)
    return n


@inner
def revisit(price: int, side: int, found: Any, n: int) -> int:
    """Report a remembered level whose row traded."""
    return write(found, n, REVISITED, side, price, 0.5, price, side, 0.0, 0.0)


@inner
def revisited(total: Any, low: int, step: int, levels: Any, count: int, found: Any, n: int) -> Any:
    """Report and forget remembered levels that traded; (n, levels left)."""
    beyond = low + len(total) * step
    kept = 0
    for k in range(count):
        price, side = levels[k, 0], levels[k, 1]
        if low <= price < beyond and total[(price - low) // step] > 0:
            n = revisit(price, side, found, n)
        else:
            levels[kept, 0], levels[kept, 1] = price, side
            kept += 1
    return n, kept


@inner
def remember(found: Any, first: int, n: int, levels: Any, count: int, memory: int) -> int:
    """Add the bar's unfinished extremes (found[first:n]) as the newest; the levels now held."""
    for f in range(first, n):
        if found[f].pattern != HIGH and found[f].pattern != LOW:
            continue
        price, side = found[f].price, found[f].direction
        gone = 0 if count == memory else count
        for k in range(count):
            if levels[k, 0] == price and levels[k, 1] == side:
                gone = k
        for k in range(gone + 1, count):
            levels[k - 1, 0], levels[k - 1, 1] = levels[k, 0], levels[k, 1]
        count -= gone < count
        levels[count, 0], levels[count, 1] = price, side
        count += 1
    return count
