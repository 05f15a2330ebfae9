"""A day of the tick store as a file on its own: copied from another machine, or exported."""

from collections.abc import Iterator
from pathlib import Path

from engine.instruments import INSTRUMENTS
from engine.ticks import TickColumns
from marketdata.errors import FeedError
from marketdata.feeds import BLOCK_TICKS, Counts, FeedInfo, SideSource, StoredTicks
from marketdata.feeds.files.recording import Recording
from marketdata.sides import Inference, TickRule
from marketdata.store.parquet import DayFile


class StoredFile(Recording):
    """Its ticks are exact already and are not looked at again."""

    def __init__(
        self,
        path: Path,
        symbol: str | None = None,
        contract: str | None = None,
        *,
        infer: Inference | None = None,
    ) -> None:
        super().__init__(path, infer)
        if infer == "quotes":
            raise self.no_quotes()
        self._file = DayFile(path)
        self.origin = self._own = own = self._file.facts.info
        if symbol not in (None, own.symbol):
            raise FeedError(f"{path}: holds {own.symbol} and not {symbol}")
        if contract not in (None, own.contract):
            named = own.contract or "none named"
            raise FeedError(f"{path}: has no contract {contract}; it has {named}")
        if own.symbol not in INSTRUMENTS:
            raise FeedError(f"{path}: is of {own.symbol}, which is no known instrument")
        self.instrument = INSTRUMENTS[own.symbol]
        if (own.tick, own.lot) != (self.instrument.tick, self.instrument.lot):
            raise FeedError(
                f"{path}: counts in ticks of {own.tick} and lots of {own.lot}, not "
                f"{self.instrument.tick} and {self.instrument.lot}; store the day anew"
            )

    @property
    def info(self) -> FeedInfo:
        """What this is."""
        return FeedInfo(
            symbol=self._own.symbol,
            contract=self._own.contract,
            source=f"{self.path.name} ({self._own.source})",
            side=self.side,
            synthetic=self._own.synthetic,
            warnings=self._own.warnings,
        )

    @property
    def side(self) -> SideSource:
        """Where sides come from, here or before."""
        return "inferred" if self.infer else self._own.side

    @property
    def progress(self) -> float:
        """By ticks."""
        return self.counts.read / max(self._file.count, 1)

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """As the engine takes them."""
        rule = self._begin()
        for ticks in DayFile(self.path).columns(max_ticks):
            self._count(len(ticks.ts))
            yield ticks if rule is None else ticks._replace(side=rule(ticks.price))
            del ticks  # the decoder's memory is free for the next ones

    def stored(self) -> Iterator[StoredTicks]:
        """As they are stored."""
        rule = self._begin()
        for ticks in DayFile(self.path).blocks(BLOCK_TICKS):
            self._count(len(ticks.ts_event))
            yield ticks if rule is None else ticks._replace(side=rule(ticks.price))

    def _begin(self) -> TickRule | None:
        self.counts = Counts()
        return TickRule() if self.infer else None

    def _count(self, ticks: int) -> None:
        self.counts.read += ticks
        self.counts.used += ticks
