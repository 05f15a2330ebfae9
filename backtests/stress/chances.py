"""Shares with their uncertainty, and exact quantiles."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import ceil, sqrt
from typing import Any, Final

import numpy as np

from backtests.metrics.words import money_text
from backtests.stress.ledger import Ints
from engine.money import to_units
from engine.text import units_text

Json = dict[str, Any]

Z: Final = 1.959963984540054
"""The normal distribution's 97.5 % point."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    share, z2 = hits / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low = 0.0 if hits == 0 else max(middle - half, 0.0)
    high = 1.0 if hits == of else min(middle + half, 1.0)
    return low, high


def chance(hits: int, of: int) -> Json:
    """`hits` of `of`: the share, and its interval by `wilson`."""
    low, high = wilson(hits, of)
    return {"hits": int(hits), "of": int(of), "share": hits / of, "low": low, "high": high}


def percent(share: float) -> str:
    """A share as a percentage; small ones keep two figures."""
    return f"{_points(share)} %"


def chance_text(found: Json) -> str:
    """`41 of 1,000 (4.1 %, 95 % interval 3.0 to 5.5 %)`."""
    return (
        f"{found['hits']:,} of {found['of']:,} ({percent(found['share'])}, 95 % interval "
        f"{_points(found['low'])} to {percent(found['high'])})"
    )


def _points(share: float) -> str:
    value = 100 * share
    return f"{value:.2g}" if 0 < value < 0.1 else f"{value:.1f}"


def at_quantile(ordered: Sequence[Any] | Ints, part: float) -> Any:
    """The smallest of sorted values that at least `part` of them do not exceed: one of them, never
    something between two."""
    return ordered[max(ceil(part * len(ordered) - 1e-9) - 1, 0)]


def quantiles(values: Ints, parts: Iterable[float]) -> list[int]:
    """Those of integers, as `at_quantile`."""
    ordered = np.sort(values)
    return [int(at_quantile(ordered, part)) for part in parts]


def money(values: Iterable[int]) -> list[str]:
    """Amounts as text."""
    return [units_text(int(value)) for value in values]


def shown(amount: str) -> str:
    """An amount of an answer as people read it: `−1,234.50`."""
    return money_text(to_units(Decimal(amount)))
