"""How much of a Sharpe ratio is luck: of its sample, and of being the best of many.

Sharpe ratios here are of one period (a day) and not annualised; `kurtosis` is 3 for normal returns.

[1] D. H. Bailey, M. Lopez de Prado: The Sharpe Ratio Efficient Frontier. Journal of Risk 15(2),
    2012.
[2] D. H. Bailey, M. Lopez de Prado: The Deflated Sharpe Ratio: Correcting for Selection Bias,
    Backtest Overfitting and Non-Normality. Journal of Portfolio Management 40(5), 2014.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from backtests.metrics import ratios
from backtests.metrics.columns import Floats

EULER: Final = 0.5772156649015329
NORMAL: Final = NormalDist()
SURE: Final = 0.95
"""The confidence below which a result is called luck."""
LEAST_DAYS: Final = 20
"""Fewer days say nothing of skew and kurtosis."""


@dataclass(frozen=True)
class Moments:
    """Of a series of returns: how many, Sharpe ratio, skew and kurtosis, of the population."""

    count: int
    sharpe: float
    skew: float = 0.0
    kurtosis: float = 3.0


def moments(returns: Sequence[float] | Floats) -> Moments | None:
    """None for fewer than four returns, and for returns that are all the same."""
    values = np.asarray(returns, np.float64)
    yearly, bent, tails = ratios.sharpe(values), ratios.skew(values), ratios.kurtosis(values)
    if yearly is None or bent is None or tails is None:
        return None
    return Moments(len(values), yearly / math.sqrt(ratios.YEAR), bent, tails + 3)


def _variance(of: Moments) -> float:
    """T - 1 times the variance of the estimated Sharpe ratio ([1], equation 8). Never below 0: the
    kurtosis is at least the squared skew + 1."""
    return 1 - of.skew * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2


def probabilistic(of: Moments, benchmark: float = 0.0) -> float:
    """The probability that the true Sharpe ratio is above `benchmark` ([1], equation 11)."""
    spread = math.sqrt(max(_variance(of), 1e-12))
    return NORMAL.cdf((of.sharpe - benchmark) * math.sqrt(of.count - 1) / spread)


def least_track_record(of: Moments, benchmark: float = 0.0, sure: float = SURE) -> float | None:
    """Periods after which one is `sure` that the Sharpe ratio is above `benchmark`, if it goes on
    like this ([1], equation 14: minimum track record length). None when it is not above it now."""
    if of.sharpe <= benchmark:
        return None
    return 1 + max(_variance(of), 1e-12) * (NORMAL.inv_cdf(sure) / (of.sharpe - benchmark)) ** 2


def expected_best(variance: float, trials: float) -> float:
    """The Sharpe ratio that the best of `trials` independent ones without any skill is expected to
    show, when theirs have this variance ([2], equation 1)."""
    if trials <= 1:
        return 0.0
    first = NORMAL.inv_cdf(1 - 1 / trials)
    second = NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - EULER) * first + EULER * second)


def deflated(of: Moments, variance: float, trials: float) -> float:
    """The probability that the best of `trials` has any skill ([2], equation 2): its Sharpe ratio
    against the one that luck alone is expected to give."""
    return probabilistic(of, expected_best(variance, trials))


def independent_trials(series: Floats) -> float:
    """How many independent trials the columns of `series` (days x trials) amount to ([2], appendix
    A.3): their number, less what their mean correlation makes of it."""
    trials = series.shape[1]
    moving = series[:, series.std(axis=0) > 0]
    if moving.shape[1] < 2:
        return float(trials)
    correlation = np.corrcoef(moving, rowvar=False)
    count = moving.shape[1]
    mean: float = (float(correlation.sum()) - count) / (count * (count - 1))
    return float(max(1.0, mean + (1 - mean) * trials))


@dataclass(frozen=True, kw_only=True)
class Luck:
    """What the best of a sweep is worth. Sharpe ratios of a day; `warning` is "" when it is more
    than luck, as far as these days can tell.

    `deflated` counts every trial as independent, which asks the most of the best;
    `deflated_independent` as many as their correlation leaves.
    """

    days: int
    trials: int
    independent: float
    sharpe: float | None
    skew: float | None
    kurtosis: float | None
    variance: float
    expected_best: float
    probabilistic: float | None
    deflated: float | None
    deflated_independent: float | None
    least_days: float | None
    warning: str


def luck(best: Floats, series: Floats) -> Luck:
    """Of daily returns: the best trial's, and all trials' (days x trials, the best among them)."""
    days, trials = series.shape
    sharpes = [found.sharpe for column in series.T if (found := moments(column)) is not None]
    variance = float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0
    own, independent = moments(best), independent_trials(series)
    least = expected_best(variance, trials)
    of_best = deflated(own, variance, trials) if own else None
    return Luck(
        days=days,
        trials=trials,
        independent=independent,
        sharpe=own.sharpe if own else None,
        skew=own.skew if own else None,
        kurtosis=own.kurtosis if own else None,
        variance=variance,
        expected_best=least,
        probabilistic=probabilistic(own) if own else None,
        deflated=of_best,
        deflated_independent=deflated(own, variance, independent) if own else None,
        least_days=least_track_record(own, least) if own else None,
        warning=_warning(own, days, trials, least, of_best),
    )


def _warning(
    own: Moments | None, days: int, trials: int, least: float, of_best: float | None
) -> str:
    if own is None or of_best is None:
        return "The best point's days are all the same, as without a trade: it shows nothing."
    if days < LEAST_DAYS:
        return (
            f"{days} days are too few to tell skill from luck; run at least {LEAST_DAYS}, "
            "better a year."
        )
    if of_best >= SURE:
        return ""
    year = math.sqrt(ratios.YEAR)
    said = (
        f"the best of {trials:,} points has a Sharpe ratio of {own.sharpe * year:.2f} a year, "
        f"and the best of {trials:,} points without any skill is expected to show "
        f"{least * year:.2f}. The deflated Sharpe ratio is {of_best:.3f}, below {SURE}"
    )
    if own.sharpe <= least:
        return f"This is what luck alone would give: {said}."
    return f"This is not more than luck may give: {said}."
