"""Where ticks come from: one file a source, all of them a `Feed`.

A feed yields blocks: `TickColumns` in the order of arrival, prices in whole ticks and sizes in
whole lots, one contract, no duplicates. What it had to leave out is counted with its reason.
Importing this package is light; a source's library is imported when a feed of that source is made.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from engine.ticks import TickColumns, part

BLOCK_TICKS: Final = 1 << 16
MAX_EXAMPLES: Final = 5

DROP_REASONS: Final = (
    "unparsable", "other_contract", "price", "off_grid", "size", "duplicate",
)  # fmt: skip
"""Why a feed drops a trade, in the order in which it looks. A record that is no trade at all (an
order in a market-by-order file, a quote on a socket) is ignored, not dropped."""

SideSource = Literal["aggressor", "inferred"]


class StoredTicks(NamedTuple):
    """Ticks with what only their recording knows: contiguous columns of equal length, in the order
    of arrival. A live feed yields them, the tick store keeps them."""

    ts_event: npt.NDArray[np.int64]
    """UTC ns, the exchange's time: what the engine calls ts."""
    ts_recv: npt.NDArray[np.int64]
    """UTC ns when it was received; 0 where the source does not say."""
    price: npt.NDArray[np.int32]
    """Whole ticks."""
    size: npt.NDArray[np.int32]
    """Whole lots."""
    side: npt.NDArray[np.int8]
    """Aggressor: +1 buy, -1 sell, 0 none."""
    sequence: npt.NDArray[np.int64]
    """The venue's; 0 where there is none."""

    @property
    def ts(self) -> npt.NDArray[np.int64]:
        """`ts_event`, as `TickColumns` calls it."""
        return self.ts_event

    @property
    def columns(self) -> TickColumns:
        """What the engine takes, without copying."""
        return TickColumns(self.ts_event, self.price, self.size, self.side)

    def part(self, which: slice | npt.NDArray[np.bool_]) -> "StoredTicks":
        """Some of the ticks: a slice does not copy, a mask does."""
        return StoredTicks(
            self.ts_event[which],
            self.ts_recv[which],
            self.price[which],
            self.size[which],
            self.side[which],
            self.sequence[which],
        )


def stored(ticks: TickColumns) -> StoredTicks:
    """Ticks of a source that says neither when they were received nor their sequence."""
    nothing = np.zeros(len(ticks.ts), np.int64)
    return StoredTicks(ticks.ts, nothing, ticks.price, ticks.size, ticks.side, nothing)


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """What a feed says about itself. `contract` is "" where there are none, or none is named."""

    symbol: str
    contract: str
    source: str
    side: SideSource = "aggressor"
    timezone: str = "UTC"
    synthetic: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Counts:
    """What happened to the records read so far: read = used + ignored + all dropped."""

    read: int = 0
    used: int = 0
    ignored: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[int, str]] = field(default_factory=list)
    """The first few dropped lines of a text file: line number and reason."""

    def example(self, line: int, reason: str) -> None:
        """Remember a dropped line if it is one of the first."""
        insort(self.examples, (line, reason))
        del self.examples[MAX_EXAMPLES:]

    def as_dict(self) -> dict[str, object]:
        """For logs and JSON."""
        return {
            "read": self.read,
            "used": self.used,
            "ignored": self.ignored,
            "dropped": {reason: n for reason, n in self.dropped.items() if n},
            "examples": [f"line {line}: {reason}" for line, reason in self.examples],
        }


class Feed(Protocol):
    """A source of ticks that can be read from its start as often as one likes."""

    @property
    def info(self) -> FeedInfo:
        """What this is; warnings may grow while it is read."""
        ...

    @property
    def counts(self) -> Counts:
        """Of the latest reading."""
        ...

    @property
    def progress(self) -> float:
        """The fraction of the source that was read, 0 to 1."""
        ...

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """The ticks from the start, at most `max_ticks` a block, no block empty.

        FeedError when the source turns out to be damaged.
        """
        ...


def doubts(counts: Counts, symbol: str) -> tuple[str, ...]:
    """A warning when so many prices are off the grid that the symbol is probably another."""
    off = counts.dropped["off_grid"]
    if counts.read < 100 or off * 20 < counts.read - counts.ignored:
        return ()
    return (f"{off:,} prices are off the grid of {symbol}: is that the right symbol?",)


def split(ticks: TickColumns, max_ticks: int) -> Iterator[TickColumns]:
    """Cut into blocks of at most `max_ticks` without copying."""
    for start in range(0, len(ticks.ts), max_ticks):
        yield part(ticks, slice(start, start + max_ticks))
