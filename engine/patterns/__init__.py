"""Order-flow patterns, one file a family. Each is a compiled function that appends records.

They see a bar as dense rows from its low to its high: `bid`, `ask` and `total` volume (int64, same
length, total includes unknown), row k at price `low + k * step` ticks. Found patterns go into an
array of FOUND records; `details` of each mean what DETAILS says.
"""

from typing import Any, Final

import numpy as np

from engine.events import Details
from engine.names import Pattern

FOUND: Final = np.dtype(
    [
        ("pattern", np.int64),
        ("direction", np.int64),
        ("price", np.int64),
        ("strength", np.float64),
        ("details", np.float64, (4,)),
        ("approved", np.int64),
        ("rule", np.int64),
    ]
)

_IMBALANCE: Final = (("volume", "n"), ("against", "n"), ("ratio", "x"), ("count", "n"))
_STACK: Final = (("low", "price"), ("high", "price"), ("count", "n"))
_EXHAUSTION: Final = (("levels", "n"), ("first", "n"), ("last", "n"))
_ABSORPTION: Final = (("volume", "n"), ("share", "x"), ("close_position", "x"))
_UNFINISHED: Final = (("volume", "n"),)

DETAILS: Final[dict[Pattern, tuple[tuple[str, str], ...]]] = {
    Pattern.BUY_IMBALANCE: _IMBALANCE,
    Pattern.SELL_IMBALANCE: _IMBALANCE,
    Pattern.STACKED_BUY_IMBALANCE: _STACK,
    Pattern.STACKED_SELL_IMBALANCE: _STACK,
    Pattern.BUYING_EXHAUSTION: _EXHAUSTION,
    Pattern.SELLING_EXHAUSTION: _EXHAUSTION,
    Pattern.SELLING_ABSORPTION: _ABSORPTION,
    Pattern.BUYING_ABSORPTION: _ABSORPTION,
    Pattern.BEARISH_DELTA_DIVERGENCE: (
        ("extreme", "price"), ("peak_before", "n"), ("peak_last", "n"),
    ),
    Pattern.BULLISH_DELTA_DIVERGENCE: (
        ("extreme", "price"), ("peak_before", "n"), ("peak_last", "n"),
    ),
    Pattern.UNFINISHED_HIGH: _UNFINISHED,
    Pattern.UNFINISHED_LOW: _UNFINISHED,
    Pattern.UNFINISHED_REVISITED: (("level", "price"), ("side", "side")),
}  # fmt: skip
"""Name and kind of each detail: n a count, x a fraction or ratio, price in ticks, side."""


def details_of(pattern: Pattern, values: Any) -> Details:
    """The details of a FOUND record by name."""
    details: Details = {}
    for (name, kind), value in zip(DETAILS[pattern], values, strict=False):
        if kind == "x":
            details[name] = float(value)
        elif kind == "side":
            details[name] = "high" if value > 0 else "low"
        else:
            details[name] = int(value)
    return details
