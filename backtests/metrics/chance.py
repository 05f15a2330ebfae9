"""How much of a mean chance alone explains.

- `student_p`: two-sided probability of a t-statistic at least this far from 0.
- `holm`: p-values of several tests at once, so that one of many does not count by luck.
- `interval_of_mean`: the mean of trades over resampled days (bootstrap).

Trades of one day share its market and its limits and are not independent, so whole days are drawn.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from backtests.metrics.columns import Floats, Ints

SURE: Final = 0.95
RESAMPLES: Final = 4000
_BLOCK: Final = 1 << 14  # drawn days at a time: they stay in the processor's cache
_TINY: Final = 1e-300


def student_p(t: float, freedom: int) -> float:
    """Probability that Student's t with `freedom` degrees is as far from 0 as `t`."""
    whole = freedom + t * t
    return _beta_share(freedom / whole, t * t / whole, freedom / 2, 0.5)


def t_statistic(values: Floats) -> float | None:
    """Mean by its standard error; None for fewer than two values and for equal ones."""
    if len(values) < 2 or not np.ptp(values):
        return None
    found = float(values.mean() / (values.std(ddof=1) / math.sqrt(len(values))))
    return found if math.isfinite(found) else None


def holm(chances: Sequence[float | None]) -> list[float | None]:
    """Each p-value adjusted for all that are not None (Holm 1979)."""
    known = sorted((p, place) for place, p in enumerate(chances) if p is not None)
    adjusted: list[float | None] = [None] * len(chances)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(p * (len(known) - rank), 1.0))
        adjusted[place] = highest
    return adjusted


def interval_of_mean(
    sums: Ints, counts: Ints, *, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The middle 95 % of the mean trade over days drawn with replacement. `sums` and `counts` are
    of the days with trades; None for fewer than two."""
    days = len(sums)
    if days < 2:
        return None
    chance = np.random.default_rng(seed)
    # One look-up gives both. They are whole numbers, so their sums are exact in any order.
    both = sums.astype(np.float64) + 1j * counts.astype(np.float64)
    at_once = max(_BLOCK // days, 1)
    means = []
    for first in range(0, resamples, at_once):
        drawn = chance.integers(0, days, (min(at_once, resamples - first), days), dtype=np.int32)
        drawn_sums = both.take(drawn).sum(axis=1)
        means.append(drawn_sums.real / drawn_sums.imag)
    low, high = np.quantile(np.concatenate(means), [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(low), float(high)


def _beta_share(x: float, rest: float, a: float, b: float) -> float:
    """The regularised incomplete beta function of x, by its continued fraction (DLMF 8.17.22).
    `rest` is 1 - x, given because either can be too small to be had from the other."""
    if x <= 0 or rest <= 0:
        return float(x > 0)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(rest, x, b, a)
    front = math.exp(
        a * math.log(x) + b * math.log(rest)
        + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    ) / a  # fmt: skip
    c, d = 1.0, 1 / max(1 - (a + b) * x / (a + 1), _TINY)
    found = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (_away_from_zero(1 + term * d))
            c = _away_from_zero(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * found


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
