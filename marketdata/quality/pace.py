"""How busy a market usually is, by quarters of an hour before the roll at 17:00 New York.

- The usual pace is the median of earlier days, quarter by quarter, so that neither a night nor a
  lunch hour counts as a gap, and no single odd day does any harm.
- With fewer than LEAST_DAYS known it is the day's own: of each quarter the median of the hour
  either side, and never less than a twentieth of the mean of all quarters that have trades. An
  outage of half a day is then still one, though a shorter one in a quiet night may be missed.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.schedule import TradingDay
from engine.ticks import NS

QUARTER: Final = 15 * 60 * NS
QUARTERS: Final = 96
LEAST_DAYS: Final = 3
MOST_DAYS: Final = 20
AROUND: Final = 4
FLOOR: Final = 20

Ints = npt.NDArray[np.int64]
Pace = npt.NDArray[np.float64]
"""Trades a quarter of an hour; the last one ends at the roll."""


def edges(day: TradingDay) -> Ints:
    """Where the quarters begin, and where the last one ends, UTC ns."""
    return day.end - QUARTER * np.arange(QUARTERS, -1, -1, dtype=np.int64)


def usual(days: Sequence[Sequence[int]]) -> Pace | None:
    """Of earlier days' trades by quarter; None where there are too few of them."""
    known = [day for day in days if len(day) == QUARTERS][:MOST_DAYS]
    return np.median(np.array(known), axis=0) if len(known) >= LEAST_DAYS else None


def own(trades: Ints, day: TradingDay, until: int) -> Pace:
    """Of the day's own trades by quarter, as far as it was open and has come."""
    starts = edges(day)[:-1]
    open_for = np.clip(until - starts, 0, QUARTER) - np.clip(day.open - starts, 0, QUARTER)
    share = open_for / QUARTER
    rate = np.divide(trades, share, out=np.zeros(QUARTERS), where=share > 0)
    quarters = np.flatnonzero(share > 0)
    pace = np.zeros(QUARTERS)
    traded = share * (trades > 0)
    mean = trades.sum() / traded.sum() if traded.any() else 0.0
    for i in quarters.tolist():
        near = rate[max(i - AROUND, quarters[0]) : min(i + AROUND, quarters[-1]) + 1]
        pace[i] = max(float(np.median(near)), mean / FLOOR)
    return pace


def missed(pace: Pace, day: TradingDay, start: int, end: int) -> float:
    """How many trades a pause from `start` to `end` (UTC ns) would usually have had."""
    begins = edges(day)
    sums = np.concatenate([[0.0], np.cumsum(pace)])
    # In quarters from the first edge: UTC ns are too long for floats.
    places = (np.array([start, end]) - begins[0]) / QUARTER
    before, after = np.interp(places, np.arange(QUARTERS + 1), sums)
    return float(after - before)
