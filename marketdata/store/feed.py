"""Stored days as a feed: one after the other, in the order in which they were asked for."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from engine.instruments import INSTRUMENTS
from engine.ticks import TickColumns
from marketdata.errors import StoreError
from marketdata.feeds import BLOCK_TICKS, Counts, FeedInfo
from marketdata.store.info import DayInfo

if TYPE_CHECKING:
    from marketdata.store.store import TickStore


class StoreFeed:
    """A `marketdata.feeds.Feed`. StoreError when a day is missing or counts in other ticks."""

    def __init__(self, store: "TickStore", symbol: str, days: Sequence[date]) -> None:
        if not days:
            raise StoreError(f"{symbol}: no day of it was asked for")
        self.store = store
        self.symbol = symbol
        self.days = tuple(days)
        stored = [store.read(symbol, day) for day in days]
        for each in stored:
            _check_grid(each.info)
        self.info = _info(symbol, [each.info for each in stored])
        self.counts = Counts()
        self._total = max(sum(each.count for each in stored), 1)

    @property
    def progress(self) -> float:
        """By ticks."""
        return min(self.counts.read / self._total, 1.0)

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """All ticks; a block is of one day."""
        self.counts = counts = Counts()
        for day in self.days:
            for block in self.store.read(self.symbol, day).columns(max_ticks):
                counts.read += len(block.ts)
                counts.used += len(block.ts)
                yield block
                del block  # the decoder's memory is free for the next one


def _check_grid(info: DayInfo) -> None:
    spec = INSTRUMENTS.get(info.symbol)
    if spec is not None and (info.tick, info.lot) != (spec.tick, spec.lot):
        raise StoreError(
            f"{info.symbol} {info.day}: is stored in ticks of {info.tick} and lots of {info.lot}, "
            f"not {spec.tick} and {spec.lot}; store the day anew"
        )


def _info(symbol: str, days: list[DayInfo]) -> FeedInfo:
    contracts = list(dict.fromkeys(day.contract for day in days))
    sources = list(dict.fromkeys(day.source for day in days))
    span = f"{days[0].day}" if len(days) == 1 else f"{days[0].day} to {days[-1].day}"
    warnings = list(dict.fromkeys(text for day in days for text in day.warnings))
    if len(contracts) > 1:
        warnings.append(f"The contract changes on the way: {', '.join(contracts)}")
    return FeedInfo(
        symbol=symbol,
        contract=contracts[0] if len(contracts) == 1 else "",
        source=f"tick store {span} ({', '.join(sources)})",
        side="inferred" if any(day.side == "inferred" for day in days) else "aggressor",
        synthetic=any(day.synthetic for day in days),
        warnings=tuple(warnings),
    )
