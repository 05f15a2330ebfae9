"""Trades in a table, whatever file it comes from: columns by name, values exactly converted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from engine.instruments import INSTRUMENTS, NANO, Instrument
from marketdata.errors import FeedError
from marketdata.feeds import Counts, FeedInfo, doubts
from marketdata.feeds.clean import Ints, Trades
from marketdata.feeds.contracts import root
from marketdata.feeds.files.convert import (
    MAKER_WORDS,
    SIDE_WORDS,
    TimeReader,
    to_ints,
    to_nano,
    to_sides,
)
from marketdata.feeds.files.layout import Layout, find_layout
from marketdata.feeds.files.recording import TradesFile
from marketdata.sides import Inference

Mask = npt.NDArray[np.bool_]

TRADE_WORDS: Final = ("T", "t", "trade", "Trade", "TRADE")
"""Of an `action` column, as Databento's CSVs of books have; a fill is the same trade once more."""


class TableSource(Protocol):
    """A file that gives Arrow record batches."""

    path: Path
    names: list[str]
    kind: str

    @property
    def progress(self) -> float:
        """Fraction read."""
        ...

    def batches(self, columns: list[str], counts: Counts) -> Iterator[tuple[pa.RecordBatch, Any]]:
        """Batches of these columns, and each row's line number (None where there are no lines).

        Rows that are no rows at all are counted by the source.
        """
        ...


class Marked(NamedTuple):
    """Ticks in a row of which an export said the same; times in UTC ns."""

    text: str
    first: int
    last: int


class TableFile(TradesFile):
    """The trades of one instrument in a table."""

    def __init__(
        self,
        source: TableSource,
        symbol: str | None = None,
        contract: str | None = None,
        *,
        infer: Inference | None = None,
        timezone: str = "UTC",
    ) -> None:
        super().__init__(source.path, infer)
        self._source = source
        self._timezone = timezone
        self._warnings: list[str] = []
        self._layout: Layout = find_layout(self.path, source.names)
        if not infer and not self._layout.has_side:
            raise FeedError(
                f"{self.path}: has no aggressor side; --side tick-rule infers one (and says so)"
                + " and so does --side quotes" * bool(self._layout.quotes)
            )
        self._quotes = self._layout.quotes if infer == "quotes" else []
        if infer == "quotes" and not self._quotes:
            raise self.no_quotes()
        ours = self._layout.marks is not None
        self.unique = None if ours else self._layout.trade_id is not None
        self._marked: list[Marked] = []
        self._begun = False
        self._says = ""
        self._naive = self._look_at_start()
        self._contract = self._choose(symbol, contract)
        self.instrument = self._instrument(symbol)

    @property
    def info(self) -> FeedInfo:
        """What this is."""
        return FeedInfo(
            symbol=self.instrument.symbol,
            contract=self._contract or "",
            source=f"{self.path.name} ({self._source.kind})",
            side="inferred" if self._has("inferred") else self.side,
            synthetic=self._has("synthetic"),
            timezone=f"{self._timezone} assumed" if self._naive else "UTC",
            warnings=(*self._warnings, *doubts(self.counts, self.instrument.symbol)),
        )

    @property
    def progress(self) -> float:
        """Fraction of the file read."""
        return self._source.progress if self._begun else 0.0

    def trades(self) -> Iterator[Trades]:
        """The trades, in file order."""
        self._begun, self._marked = True, []
        times, received = TimeReader(self._timezone), TimeReader(self._timezone)
        columns = list(dict.fromkeys(self._layout.columns + self._quotes))
        for batch, lines in self._source.batches(columns, self.counts):
            self.counts.read += len(batch)
            trades = self._convert(batch, lines, times, received)
            self._naive = times.naive
            yield trades

    def volumes(self) -> Iterator[tuple[str, Ints, Ints]]:
        """By the contract column."""
        layout, times = self._layout, TimeReader(self._timezone)
        if layout.contract is None:
            return
        columns = self._with_action(layout.ts, layout.size, layout.contract)
        lot = int(self.instrument.lot * NANO)
        for batch, _ in self._source.batches(columns, Counts()):
            ts, ts_ok = times(batch.column(layout.ts))
            size, size_ok = to_nano(batch.column(layout.size), lot)
            good = ts_ok & size_ok & self._traded(batch)
            for name, ours in _by_name(batch.column(layout.contract)):
                if root(name):
                    yield name, ts[ours & good], size[ours & good] // lot

    def _convert(
        self, batch: pa.RecordBatch, lines: Any, times: TimeReader, received: TimeReader
    ) -> Trades:
        layout = self._layout
        tick, lot = int(self.instrument.tick * NANO), int(self.instrument.lot * NANO)
        ts, ts_ok = times(batch.column(layout.ts))
        price, price_ok = to_nano(batch.column(layout.price), tick)
        size, size_ok = to_nano(batch.column(layout.size), lot)
        side, side_ok = self._sides(batch)
        traded = self._traded(batch)
        number = layout.trade_id or layout.sequence
        sequence = to_ints(batch.column(number))[0] if number else None
        trades = Trades(ts, price, size, side, sequence, lines=lines)
        if layout.received is not None:
            local, known = received(batch.column(layout.received))
            trades.received = np.where(known, local, 0)
        if layout.marks is not None:
            self._mark(batch.column(layout.marks), ts)
        if self._quotes:
            trades.bid, trades.ask = (self._quote(batch.column(name)) for name in self._quotes)
        good = traded.copy()
        self.counts.ignored += len(good) - int(np.count_nonzero(good))
        drop = self._clean.drop
        drop("unparsable", good, ts_ok & price_ok & size_ok & side_ok, trades)
        if self._contract and layout.contract:
            ours = pc.equal(pc.cast(batch.column(layout.contract), pa.string()), self._contract)
            drop(
                "other_contract",
                good,
                ours.fill_null(False).to_numpy(zero_copy_only=False),
                trades,
            )
        return trades if good.all() else trades.part(good)

    def marks(self, start: int, end: int) -> frozenset[str]:
        """Those of an export of ours, where it is one."""
        if self._layout.marks is None:
            return super().marks(start, end)
        inside = (each for each in self._marked if each.first < end and each.last >= start)
        found = {word for each in inside for word in each.text.split()}
        return frozenset(found | {"inferred"} if self.infer else found)

    def _mark(self, column: pa.Array, ts: Ints) -> None:
        for text, ours in _by_name(column):
            first, last = int(ts[ours].min()), int(ts[ours].max())
            if self._marked and self._marked[-1].text == text:
                first = min(first, self._marked[-1].first)
                last = max(last, self._marked.pop().last)
            self._marked.append(Marked(text, first, last))

    def _has(self, mark: str) -> bool:
        return any(mark in each.text.split() for each in self._marked)

    def _quote(self, column: pa.Array) -> Ints:
        """In 1e-9; 0, which is no quote, where there is none."""
        values, ok = to_nano(column, int(self.instrument.tick * NANO))
        return np.where(ok, values, 0)

    def _with_action(self, *columns: str) -> list[str]:
        action = self._layout.action
        return list(dict.fromkeys((*columns, action) if action is not None else columns))

    def _traded(self, batch: pa.RecordBatch) -> Mask:
        """Which rows are trades: all, where the table does not say."""
        if self._layout.action is None:
            return np.ones(len(batch), np.bool_)
        action = pc.cast(batch.column(self._layout.action), pa.string())
        found: Mask = pc.is_in(action, pa.array(TRADE_WORDS)).to_numpy(zero_copy_only=False)
        return found

    def _sides(self, batch: pa.RecordBatch) -> tuple[npt.NDArray[np.int8], Mask]:
        layout = self._layout
        if self.infer or not layout.has_side:
            return np.zeros(len(batch), np.int8), np.ones(len(batch), np.bool_)
        if layout.side is not None:
            return to_sides(batch.column(layout.side), SIDE_WORDS)
        return to_sides(batch.column(layout.maker), MAKER_WORDS)

    def _look_at_start(self) -> bool:
        """Whether times name no zone; FeedError when none of the first can be read. Also takes down
        the symbol, where it has a column of its own, and marks."""
        times = TimeReader(self._timezone)
        layout = self._layout
        columns = [name for name in (layout.ts, layout.symbol, layout.marks) if name is not None]
        for batch, _ in self._source.batches(columns, Counts()):
            column = batch.column(layout.ts)
            if layout.marks is not None:
                self._mark(batch.column(layout.marks), times(column)[0])
            if layout.symbol not in (None, layout.contract):
                self._says = next((name for name, _ in _by_name(batch.column(layout.symbol))), "")
            if len(column) and not times(column)[1].any():
                raise FeedError(
                    f"{self.path}: times like {str(column[0])!r} cannot be read; "
                    "write them as ISO 8601 (2024-06-12 09:30:00.123) or as an epoch number"
                )
            break
        return times.naive

    def _choose(self, symbol: str | None, contract: str | None) -> str | None:
        """The value of the contract column to take."""
        column = self._layout.contract
        if column is None:
            return contract
        volumes = self._volumes(column)
        if contract is not None:
            if contract not in volumes:
                raise FeedError(f"{self.path}: has no contract {contract}; it has {_some(volumes)}")
            return contract
        if len(volumes) <= 1:
            return next(iter(volumes), None)
        possible = {
            name: volume
            for name, volume in volumes.items()
            if symbol in (None, name, root(name)) and (name in INSTRUMENTS or root(name))
        }
        if not possible:
            raise FeedError(
                f"{self.path}: no outright contract{f' of {symbol}' if symbol else ''} in it; "
                f"it has {_some(volumes)}"
            )
        best = max(possible, key=lambda name: possible[name])
        self.alternatives = tuple(sorted(name for name, volume in possible.items() if volume))
        self._warnings.append(
            f"took {best}, of {len(volumes)} instruments the outright with the most volume; "
            "choose with --contract"
        )
        return best

    def _volumes(self, column: str) -> dict[str, int]:
        size = self._layout.size
        totals: dict[str, int] = {}
        for batch, _ in self._source.batches(self._with_action(column, size), Counts()):
            values, ok = to_nano(batch.column(size), 1)
            ok = ok & self._traded(batch)
            for name, ours in _by_name(batch.column(column)):
                mine = values[ours & ok]
                totals[name] = totals.get(name, 0) + sum((mine // 1000).tolist())
        return totals

    def _instrument(self, symbol: str | None) -> Instrument:
        name = self._contract or self._says
        found = name if name in INSTRUMENTS else root(name)
        if symbol is None:
            if found not in INSTRUMENTS:
                raise FeedError(
                    f"{self.path}: does not say which instrument it is; give one with --symbol"
                )
            return INSTRUMENTS[found]
        known = found in INSTRUMENTS or found is not None
        if known and found != symbol and not symbol.startswith(f"{name}-"):
            raise FeedError(f"{self.path}: holds {name}, which is {found} and not {symbol}")
        return INSTRUMENTS[symbol]


def _by_name(column: pa.Array) -> Iterator[tuple[str, Mask]]:
    """Each name of a column with where it is; nameless rows are left out."""
    names = pc.dictionary_encode(pc.cast(column, pa.string()).fill_null(""))
    codes = names.indices.to_numpy(zero_copy_only=False)
    for code, name in enumerate(names.dictionary.to_pylist()):
        if name:
            yield name, codes == code


def _some(names: dict[str, int], most: int = 8) -> str:
    listed = sorted(names, key=lambda name: -names[name])
    return ", ".join(listed[:most]) + (f" and {len(names) - most} more" * (len(names) > most))
