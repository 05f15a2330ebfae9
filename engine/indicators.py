"""Indicators as a table: one row a bar, each computed from the rows before it.

No hidden state: a row of HISTORY is what is known at that bar's close. NaN means not available yet.
EMA starts from the simple mean. ATR and ADX are Wilder's (New Concepts in Technical Trading
Systems, 1978), started as in the book.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.compiled import inner

HISTORY: Final = np.dtype(
    [
        (name, np.int64)
        for name in ("high", "low", "close", "volume", "delta", "cum_delta", "inside")
    ]
    + [
        (name, np.float64)
        for name in (
            "ema_fast", "ema_slow", "true_range", "plus_dm", "minus_dm",
            "sum_tr", "sum_plus", "sum_minus", "dx", "atr", "adx", "delta_slope",
        )
    ]
)  # fmt: skip

HistoryArray = npt.NDArray[np.void]


@inner
def ema(history: Any, last: int, period: int, previous: float) -> float:
    """EMA of closes at row `last`; `previous` is the row before's."""
    if last + 1 < period:
        return np.nan
    if last + 1 == period:
        total = 0
        for k in range(period):
            total += history[k].close
        return total / period
    close: float = history[last].close
    return previous + (close - previous) * (2.0 / (period + 1))


@inner
def _directional(row: Any, before: Any) -> None:
    """True range and directional movements of a bar."""
    row.true_range = max(row.high, before.close) - min(row.low, before.close)
    up = row.high - before.high
    down = before.low - row.low
    row.plus_dm = up if up > down and up > 0 else 0
    row.minus_dm = down if down > up and down > 0 else 0


@inner
def _wilder_sums(history: Any, last: int, period: int) -> None:
    """Smoothed sums of true range and movements, and DX, from row `period` on."""
    row, before = history[last], history[last - 1]
    if last == period:
        row.sum_tr = row.sum_plus = row.sum_minus = 0.0
        for k in range(1, period + 1):
            row.sum_tr += history[k].true_range
            row.sum_plus += history[k].plus_dm
            row.sum_minus += history[k].minus_dm
    else:
        row.sum_tr = before.sum_tr - before.sum_tr / period + row.true_range
        row.sum_plus = before.sum_plus - before.sum_plus / period + row.plus_dm
        row.sum_minus = before.sum_minus - before.sum_minus / period + row.minus_dm
    total = row.sum_plus + row.sum_minus
    row.dx = 100.0 * abs(row.sum_plus - row.sum_minus) / total if total > 0 else 0.0


@inner
def _wilder_mean(history: Any, last: int, first: int, period: int, dx: bool) -> float:
    """Wilder's mean of a column from row `first` on: simple over `period` rows, then smoothed."""
    if last < first + period - 1:
        return np.nan
    if last == first + period - 1:
        total = 0.0
        for k in range(first, last + 1):
            total += history[k].dx if dx else history[k].true_range
        return total / period
    before: float = history[last - 1].adx if dx else history[last - 1].atr
    value: float = history[last].dx if dx else history[last].true_range
    return (before * (period - 1) + value) / period


@inner
def _slope(history: Any, last: int, bars: int) -> float:
    """Least-squares slope per bar of the last `bars` cumulative deltas."""
    if last + 1 < bars:
        return np.nan
    middle = (bars - 1) / 2.0
    base = history[last - bars + 1].cum_delta
    above = 0.0
    below = 0.0
    for k in range(bars):
        x = k - middle
        above += x * (history[last - bars + 1 + k].cum_delta - base)
        below += x * x
    return above / below


@inner
def step(history: Any, last: int, rules: Any) -> None:
    """Fill the indicators of row `last`; its integer columns are already set."""
    row = history[last]
    before_fast = history[last - 1].ema_fast if last else np.nan
    before_slow = history[last - 1].ema_slow if last else np.nan
    row.ema_fast = ema(history, last, rules.fast_ema, before_fast)
    row.ema_slow = ema(history, last, rules.slow_ema, before_slow)
    row.inside = 0
    row.true_range = row.plus_dm = row.minus_dm = np.nan
    row.sum_tr = row.sum_plus = row.sum_minus = row.dx = np.nan
    if last:
        before = history[last - 1]
        row.inside = 1 if row.high <= before.high and row.low >= before.low else 0
        _directional(row, before)
        if last >= rules.adx_period:
            _wilder_sums(history, last, rules.adx_period)
    row.atr = _wilder_mean(history, last, 1, rules.atr_period, False)
    row.adx = _wilder_mean(history, last, rules.adx_period, rules.adx_period, True)
    row.delta_slope = _slope(history, last, 10)
