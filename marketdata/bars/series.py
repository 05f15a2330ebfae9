"""What is asked of the bar store: a contract's bars, all of them, or the continuous series."""

from dataclasses import dataclass

from marketdata.bars.continuous import adjustment, continuous, gaps
from marketdata.bars.days import by_trading_day
from marketdata.bars.front import Roll, fronts
from marketdata.bars.store import BarStore
from marketdata.bars.table import Bars, Interval, Ints
from marketdata.errors import StoreError


@dataclass(frozen=True, slots=True)
class Series:
    """Bars, and the ticks that were added to each one's prices; None where they are as traded."""

    bars: Bars
    adjustment: Ints | None = None


def chosen(
    store: BarStore,
    symbol: str,
    interval: Interval,
    start: int | None = None,
    end: int | None = None,
    *,
    contract: str | None = None,
    fronts_from: Interval | None = None,
    adjust: bool = False,
    trading_days: bool = False,
) -> Series:
    """Bars that begin in [start, end), UTC ns. `fronts_from`: only the front month's, by the bars
    of that interval. `adjust`: without the gaps of the rolls up to the last of these bars, whose
    prices stay; so a series up to a day is the same whatever is imported later."""
    if interval == "1d" and (fronts_from or trading_days):
        raise StoreError("bars of 1d are days of UTC, not trading days; use --interval 1m or 1h")
    bars = store.read(symbol, interval, contract=contract, start=start, end=end)
    rolls: tuple[Roll, ...] = ()
    whole = bars
    if fronts_from is not None:
        # Of all that is stored: the first day needs the one before it, and so on.
        whole = store.read(symbol, fronts_from, end=end)
        front = fronts(symbol, whole)
        rolls = front.rolls
        bars = continuous(symbol, bars, front)
    if trading_days:
        bars = by_trading_day(symbol, bars)
    if not adjust or not len(bars):
        return Series(bars)
    first, last = int(bars.start[0]), int(bars.start[-1])
    inside = [roll for roll in rolls if first < roll.start <= last]
    added = adjustment(bars, gaps(whole, inside))
    return Series(bars.shifted(added), added)
