"""Ratios of a series of daily returns. Pure: floats in, a float or None out.

A day's return is its change of balance divided by its opening balance. A year has 252 trading
days, the risk-free rate is 0, a day without trades is a return of 0. What is not defined (too few
days, no variation, no losing day) is None: never infinite, never 0.

Sharpe, Sortino, volatility, growth and drawdown are those of `empyrical`, which tests compare them
with; it says inf or nan where these say None, and gives drawdowns below 0.
"""

import math
from typing import Final

import numpy as np

from backtests.metrics.columns import Floats

YEAR: Final = 252
"""Trading days."""
FEWEST_DAYS: Final = 21
"""Under a month of days is not scaled to a year's growth."""


def sharpe(returns: Floats) -> float | None:
    """Mean by sample standard deviation (n - 1), times the root of 252."""
    deviation = _deviation(returns)
    return _finite(float(returns.mean()) / deviation * math.sqrt(YEAR)) if deviation else None


def sharpe_error(returns: Floats) -> float | None:
    """Standard error of `sharpe`, with skew and fat tails considered (Mertens 2002)."""
    deviation, bent, tails = _deviation(returns), skew(returns), kurtosis(returns)
    if not deviation or bent is None or tails is None:
        return None
    daily = float(returns.mean()) / deviation
    spread = 1 - bent * daily + (tails + 2) / 4 * daily**2
    return _finite(math.sqrt(max(spread, 0.0) / (len(returns) - 1) * YEAR))


def sortino(returns: Floats) -> float | None:
    """Mean by the root of the mean square of the losing days (all days counted), times the root
    of 252."""
    if len(returns) < 2:
        return None
    downside = math.sqrt(float(np.mean(np.square(np.minimum(returns, 0.0)))))
    return _finite(float(returns.mean()) / downside * math.sqrt(YEAR)) if downside else None


def volatility(returns: Floats) -> float | None:
    """Sample standard deviation (n - 1), times the root of 252."""
    if len(returns) < 2:
        return None
    return _deviation(returns) * math.sqrt(YEAR)


def growth(returns: Floats) -> float | None:
    """Compound growth a year (CAGR): all days' growth to the power of 252 by the days, less 1."""
    if not len(returns):
        return None
    factor = float(np.prod(returns + 1.0))
    if factor < 0:
        return None
    try:
        return _finite(factor ** (YEAR / len(returns)) - 1)
    except OverflowError:
        return None


def falls(returns: Floats) -> Floats:
    """After each day, how far below its highest value the account is, as a fraction of it."""
    worth = np.concatenate(([1.0], np.cumprod(returns + 1.0)))
    high = np.maximum.accumulate(worth)
    found: Floats = ((high - worth) / high)[1:]
    return found


def deepest_fall(returns: Floats) -> float | None:
    """The largest of `falls` (maximum drawdown), at least 0."""
    return float(falls(returns).max()) if len(returns) else None


def calmar(returns: Floats) -> float | None:
    """`growth` by `deepest_fall`."""
    grown, fallen = growth(returns), deepest_fall(returns)
    return _finite(grown / fallen) if grown is not None and fallen else None


def ulcer(returns: Floats) -> float | None:
    """Root of the mean square of `falls`."""
    return math.sqrt(float(np.mean(np.square(falls(returns))))) if len(returns) else None


def skew(values: Floats) -> float | None:
    """Third standardised moment (population); above 0: the long tail is on the winning side."""
    return _moment(values, 3, 3)


def kurtosis(values: Floats) -> float | None:
    """Fourth standardised moment (population) less 3; above 0: fatter tails than the normal's."""
    found = _moment(values, 4, 4)
    return None if found is None else found - 3


def _moment(values: Floats, power: int, fewest: int) -> float | None:
    if len(values) < fewest or not np.ptp(values):
        return None
    from_mean = values - values.mean()
    spread = math.sqrt(float(np.mean(from_mean**2)))
    return _finite(float(np.mean((from_mean / spread) ** power))) if spread else None


def _deviation(returns: Floats) -> float:
    """Sample standard deviation; exactly 0 for fewer than two values and for equal ones."""
    if len(returns) < 2 or not np.ptp(returns):
        return 0.0
    return float(returns.std(ddof=1))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
