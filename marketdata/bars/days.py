"""Bars by trading day, which ends at 17:00 New York (`marketdata.calendars`)."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.instruments import instrument
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.bars.table import Bars, Ints, joined
from marketdata.calendars import schedule

HOUR: Final = 3600 * NS


@dataclass(frozen=True, slots=True)
class Days:
    """The trading days of a table's bars, and the place in `days` of each bar's."""

    days: tuple[TradingDay, ...]
    of: Ints


def trading_days(symbol: str, bars: Bars) -> Days:
    """Which trading day each bar begins in; `days` are those that have bars, in order."""
    found = schedule(instrument(symbol), "all")
    # Trading days end at full hours, so an hour is of one day; and there are few of them.
    hours, hour = np.unique(bars.start // HOUR, return_inverse=True)
    days: list[TradingDay] = []
    of_hour = np.zeros(len(hours), np.int64)
    for i, number in enumerate(hours.tolist()):
        day = found.at(number * HOUR)
        if not days or days[-1] != day:
            days.append(day)
        of_hour[i] = len(days) - 1
    return Days(tuple(days), of_hour[hour])


def by_trading_day(symbol: str, bars: Bars) -> Bars:
    """One bar a contract and trading day, which begins when the market opens for that day."""
    if not len(bars):
        return bars
    days = trading_days(symbol, bars)
    order = np.lexsort((bars.start, bars.which, days.of))
    group = (days.of * len(bars.contracts) + bars.which)[order]
    begins = np.flatnonzero(np.diff(group, prepend=group[0] - 1))
    ends = np.append(begins[1:], len(group)) - 1
    starts = np.array([day.open for day in days.days])
    return joined(
        [
            Bars(
                bars.contracts,
                bars.which[order][begins],
                starts[days.of[order][begins]],
                bars.open[order][begins],
                np.maximum.reduceat(bars.high[order], begins),
                np.minimum.reduceat(bars.low[order], begins),
                bars.close[order][ends],
                np.add.reduceat(bars.volume[order], begins),
            )
        ]
    )
