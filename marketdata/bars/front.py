"""The front month of each trading day. The rule, all of it:

1. A trading day has one front month, known before the day begins: the outright with the highest
   volume on the trading day before it (the last one that has any bars). Of equal ones the one that
   expires first.
2. It never goes back to a contract that expires before the one of the day before, which stays
   where none that may follow it traded.
3. The first day has no day before it and takes its own volumes. That one choice looks ahead.

`marketdata.feeds.databento_live` decides by the same rule while it trades; it also knows exact
expiries and open positions. A roll is the first day of another front month.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.schedule import TradingDay
from marketdata.bars.days import trading_days
from marketdata.bars.table import Bars
from marketdata.errors import FeedError
from marketdata.feeds.contracts import delivery


@dataclass(frozen=True, slots=True)
class FrontDay:
    """A trading day's front month, its volume on the day before, and what it traded itself."""

    day: TradingDay
    contract: str
    before: int
    volume: int


@dataclass(frozen=True, slots=True)
class Roll:
    """The first day of another front month. Lots are of the day before, by which it was chosen."""

    day: date
    start: int
    left: str
    taken: str
    left_volume: int
    taken_volume: int


@dataclass(frozen=True, slots=True)
class Fronts:
    """The front month of each trading day that has bars, and the rolls between them."""

    days: tuple[FrontDay, ...]
    rolls: tuple[Roll, ...]


def fronts(symbol: str, bars: Bars) -> Fronts:
    """By the module's rule, from bars of all contracts; of an hour or shorter, since a day of UTC
    is no trading day. FeedError when a contract is no outright."""
    found = trading_days(symbol, bars)
    volumes = np.zeros((len(found.days), len(bars.contracts)), np.int64)
    np.add.at(volumes, (found.of, bars.which), bars.volume)
    chosen: list[FrontDay] = []
    rolls: list[Roll] = []
    current, expires = -1, (0, 0)
    for i, day in enumerate(found.days):
        known = max(i - 1, 0)
        before = volumes[known]
        # A name comes back after ten years, so its month is that of a day on which it traded.
        months = {
            place: _month(bars.contracts[place], found.days[known].day)
            for place in np.flatnonzero(before).tolist()
        }
        candidates = [place for place, month in months.items() if month >= expires]
        best = min(candidates, key=lambda at: (-int(before[at]), months[at]), default=current)
        if current not in (-1, best):
            left, taken = bars.contracts[current], bars.contracts[best]
            lots = int(before[current]), int(before[best])
            rolls.append(Roll(day.day, day.start, left, taken, *lots))
        current, expires = best, months.get(best, expires)
        lots = int(before[best]) if i else 0, int(volumes[i][best])
        chosen.append(FrontDay(day, bars.contracts[best], *lots))
    return Fronts(tuple(chosen), tuple(rolls))


def _month(contract: str, day: date) -> tuple[int, int]:
    found = delivery(contract, day)
    if found is None:
        raise FeedError(f"{contract} is no outright future, so it has no place among the expiries")
    return found
