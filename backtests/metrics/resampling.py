"""Two runs' days resampled together: how much of their difference chance explains.

Each resampled history takes whole days, the same of both runs, so that what the market did to both
cancels. Days are drawn in stretches (stationary bootstrap, Politis and Romano 1994): after each day
comes the next one, or with probability 1 / `block` any day. Stretches keep runs of good and bad
days together, which drawdowns are made of; `block` 1 draws every day on its own.

All histories grow by one day at a time, so memory depends on their number and not on the days.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from backtests.metrics.chance import SURE
from backtests.metrics.columns import Floats, Ints
from backtests.metrics.ratios import YEAR

RESAMPLES: Final = 10_000
_CONSTANT: Final = 1e-12
"""Below this share of the summed squares, a variance is what rounding leaves of none."""


@dataclass(frozen=True, slots=True)
class Differences:
    """Second run less first, in every resampled history: the mean day (money units), the Sharpe
    ratio (nan where it has none; empty when a run has no returns), and the largest fall of summed
    daily P&L (money units)."""

    mean_day: Floats
    sharpe: Floats
    drawdown: Floats


def usual_block(days: int) -> int:
    """The third root of the days, rounded: how long stretches are unless asked otherwise."""
    return max(round(math.cbrt(days)), 1)


def resampled(
    nets: tuple[Ints, Ints],
    returns: tuple[Floats, Floats] | None,
    *,
    block: int,
    seed: int,
    resamples: int = RESAMPLES,
) -> Differences:
    """`nets` and `returns` are those of the same days, at least one, in order."""
    days = len(nets[0])
    money = np.array(nets, dtype=np.float64)
    earned = None if returns is None else np.array(returns)
    chance = np.random.default_rng(seed)
    total = np.zeros((2, resamples))
    high, fall = np.zeros_like(total), np.zeros_like(total)
    summed, squares = np.zeros_like(total), np.zeros_like(total)
    drawn = np.zeros(resamples, dtype=np.int64)
    for number in range(days):
        fresh = chance.integers(0, days, resamples)
        if number and block > 1:
            jumps = chance.random(resamples, dtype=np.float32) < 1 / block
            drawn = np.where(jumps, fresh, (drawn + 1) % days)
        else:
            drawn = fresh
        total += money.take(drawn, axis=1)
        np.maximum(high, total, out=high)
        np.maximum(fall, high - total, out=fall)
        if earned is not None:
            day = earned.take(drawn, axis=1)
            summed += day
            squares += day * day
    return Differences(
        mean_day=(total[1] - total[0]) / days,
        sharpe=np.empty(0)
        if earned is None
        else np.subtract(*_sharpes(summed, squares, days)[::-1]),
        drawdown=fall[1] - fall[0],
    )


def _sharpes(summed: Floats, squares: Floats, days: int) -> Floats:
    if days < 2:
        return np.full_like(summed, np.nan)
    mean = summed / days
    variance = (squares - summed * mean) / (days - 1)
    varied = variance > _CONSTANT * squares
    deviation = np.sqrt(np.where(varied, variance, np.nan))
    found: Floats = mean / deviation * np.sqrt(YEAR)
    return found


def interval(differences: Floats) -> tuple[float, float] | None:
    """The middle 95 % of those that are defined; None if under half are."""
    known = differences[~np.isnan(differences)]
    if len(known) * 2 < len(differences) or not len(known):
        return None
    low, high = np.quantile(known, [(1 - SURE) / 2, (1 + SURE) / 2])
    return float(low), float(high)


def share_against(differences: Floats, observed: float) -> float:
    """In which share of histories the difference was not on the observed one's side of 0."""
    known = differences[~np.isnan(differences)]
    turned = known <= 0 if observed > 0 else known >= 0
    return float((np.count_nonzero(turned) + 1) / (len(known) + 1))


def p_value(differences: Floats, observed: float) -> float:
    """Two-sided: twice the share of histories in which the difference is gone or reversed; 1 when
    none was observed."""
    return min(2 * share_against(differences, observed), 1.0) if observed else 1.0
