"""One series of a symbol's front months, as traded or back-adjusted.

- A trading day's bars are those of its front month (`front.py`); each says its contract.
- As traded, the series jumps at each roll by the gap: the new contract's close minus the old one's,
  at the end of the last bar before the roll in which both traded.
- `adjusted` adds the gaps of all later rolls to the prices of a bar (the "difference" method). The
  last bar's prices are the real ones, and differences between any two bars of the series are
  what a position that is rolled would have made. Gaps are whole ticks, so it is exact; old prices
  may come out at zero or below.
- There is no ratio adjustment. A price times a ratio is on no tick: it would have to be rounded, so
  that the profit of a trade, and whether a stop was touched, would depend on rolls that came years
  later. Who needs returns takes the series as traded and the rolls with their closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.times import time_text
from marketdata.bars.days import trading_days
from marketdata.bars.front import Fronts, Roll
from marketdata.bars.table import Bars, Ints
from marketdata.errors import FeedError


@dataclass(frozen=True, slots=True)
class Gap:
    """What a roll jumps by: closes in ticks of the last bar before it in which both traded, which
    begins at `at` (UTC ns)."""

    roll: Roll
    at: int
    left_close: int
    taken_close: int

    @property
    def ticks(self) -> int:
        """The new contract's price above the old one's."""
        return self.taken_close - self.left_close


def continuous(symbol: str, bars: Bars, front: Fronts) -> Bars:
    """The bars of the front months, one at a time, ordered by start.

    `bars` may be of another interval than those that the front months come from, but not of a day;
    a day that has no front month has no bars here.
    """
    days = trading_days(symbol, bars)
    contracts = {each.day.day: each.contract for each in front.days}
    place = {name: i for i, name in enumerate(bars.contracts)}
    wanted = np.array([place.get(contracts.get(day.day, ""), -1) for day in days.days], np.int32)
    return bars.part(bars.which == wanted[days.of])


def gaps(bars: Bars, rolls: Sequence[Roll]) -> tuple[Gap, ...]:
    """The gap of each roll, from bars of all contracts; FeedError where none can be known."""
    return tuple(_gap(bars, roll) for roll in rolls)


def _gap(bars: Bars, roll: Roll) -> Gap:
    early = bars.part(bars.start < roll.start)
    left, taken = early.contract(roll.left), early.contract(roll.taken)
    common, at, there = np.intersect1d(
        left.start, taken.start, assume_unique=True, return_indices=True
    )
    if not len(common):
        raise FeedError(
            f"{roll.left} and {roll.taken} never traded in the same bar before the roll on "
            f"{roll.day} ({time_text(roll.start)}), so the series cannot be adjusted; import "
            "earlier bars"
        )
    closes = int(left.close[at[-1]]), int(taken.close[there[-1]])
    return Gap(roll, int(common[-1]), *closes)


def adjustment(series: Bars, gaps: Sequence[Gap]) -> Ints:
    """Ticks to add to each bar's prices: the gaps of all rolls after it, up to the last bar."""
    last = int(series.start[-1]) if len(series) else 0
    gaps = [gap for gap in gaps if gap.roll.start <= last]
    starts = np.array([gap.roll.start for gap in gaps], np.int64)
    ticks = np.array([gap.ticks for gap in gaps], np.int64)
    later = np.append(ticks[::-1].cumsum()[::-1], 0)
    return later[np.searchsorted(starts, series.start, "right")]


def adjusted(series: Bars, gaps: Sequence[Gap]) -> Bars:
    """The series without its jumps."""
    return series.shifted(adjustment(series, gaps))
