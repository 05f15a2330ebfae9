"""What the feeds of files have in common.

Each is a `marketdata.feeds.Feed`, and yields the same trades also as the tick store keeps them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.instruments import Instrument
from engine.ticks import TickColumns
from marketdata.errors import FeedError
from marketdata.feeds import BLOCK_TICKS, Counts, FeedInfo, SideSource, StoredTicks, split
from marketdata.feeds.clean import Cleaner, Ints, Trades
from marketdata.sides import Inference

if TYPE_CHECKING:
    from marketdata.store.info import DayInfo


class Recording(ABC):
    """The trades of one contract in a file."""

    instrument: Instrument
    alternatives: tuple[str, ...] = ()
    """The outrights that trade in the file, when it was left to us to choose between them."""
    origin: "DayInfo | None" = None
    """Of a day of the tick store: what is known of it."""
    hint: str = ""
    """What else to look at when its prices are off the grid."""

    def __init__(self, path: Path, infer: Inference | None) -> None:
        self.path = path
        self.infer = infer
        self.counts = Counts()

    @property
    @abstractmethod
    def info(self) -> FeedInfo:
        """What this is; warnings may grow while it is read."""

    @property
    @abstractmethod
    def progress(self) -> float:
        """The fraction that was read, 0 to 1."""

    @abstractmethod
    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """The contract's trades, in file order."""

    @abstractmethod
    def stored(self) -> Iterator[StoredTicks]:
        """The same trades as the store keeps them, in the pieces in which they are read."""

    def volumes(self) -> Iterator[tuple[str, Ints, Ints]]:
        """Times (UTC ns) and sizes of the trades of each outright, piece by piece; nothing where
        contracts are not named. Sizes are in one unit."""
        return iter(())

    def marks(self, start: int, end: int) -> frozenset[str]:
        """What is to be known of the ticks in a span (UTC ns) that was read: "inferred" sides,
        "synthetic" ticks."""
        info = self.info
        found = {"inferred"} if info.side == "inferred" else set[str]()
        return frozenset(found | {"synthetic"} if info.synthetic else found)

    @property
    def side(self) -> SideSource:
        """Where sides come from."""
        return "inferred" if self.infer else "aggressor"

    def no_quotes(self) -> FeedError:
        """It was asked to infer sides from quotes that are not there."""
        return FeedError(
            f"{self.path}: has no quotes beside its trades; --side tick-rule infers from prices"
        )


class TradesFile(Recording):
    """A file that gives raw trades, which are cleaned piece by piece."""

    unique: bool | None = False
    """Whether a sequence names one trade; None: duplicates are gone already."""

    @abstractmethod
    def trades(self) -> Iterator[Trades]:
        """The contract's trades as the file has them; everything else is counted in `counts`."""

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """The contract's trades, in file order."""
        clean = self._begin()
        for trades in self.trades():
            if len(trades.ts):
                yield from split(clean(trades), max_ticks)

    def stored(self) -> Iterator[StoredTicks]:
        """The same trades as the store keeps them, in the pieces in which they are read."""
        clean = self._begin()
        for trades in self.trades():
            if len(trades.ts):
                ticks = clean.stored(trades)
                if len(ticks.ts_event):
                    yield ticks

    def _begin(self) -> Cleaner:
        self.counts = Counts()
        self._clean = Cleaner(self.instrument, self.counts, unique=self.unique, infer=self.infer)
        return self._clean
