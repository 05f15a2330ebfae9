"""Absorption: heavy aggression at the extreme that resting orders took, and price turned away."""

from typing import Any

from engine.compiled import inner
from engine.names import Pattern
from engine.patterns.found import write

SELLING, BUYING = int(Pattern.SELLING_ABSORPTION), int(Pattern.BUYING_ABSORPTION)


@inner
def absorptions(
    bid: Any, ask: Any, total: Any, low: int, step: int, close_position: float,
    rules: Any, found: Any, n: int,
) -> int:  # fmt: skip
    """Sellers absorbing at the high, buyers at the low; close_position is 0 (low) .. 1 (high)."""
    rows = len(total)
    depth = min(rules.absorption_levels, rows)
    if close_position < 0.5:
        volume, aggressive = total[rows - depth :].sum(), ask[rows - depth :].sum()
        share = aggressive / volume if volume else 0.0
        if volume >= rules.min_absorption and share >= rules.absorption_share:
            strength = min((1 - close_position) * aggressive / rules.min_absorption / 2, 1.0)
            n = write(
                found, n, SELLING, -1, low + (rows - 1) * step, strength,
                volume, share, close_position, 0.0,
            )  # fmt: skip
    elif close_position > 0.5:
        volume, aggressive = total[:depth].sum(), bid[:depth].sum()
        share = aggressive / volume if volume else 0.0
        if volume >= rules.min_absorption and share >= rules.absorption_share:
            strength = min(close_position * aggressive / rules.min_absorption / 2, 1.0)
            n = write(found, n, BUYING, 1, low, strength, volume, share, close_position, 0.0)
    return n
