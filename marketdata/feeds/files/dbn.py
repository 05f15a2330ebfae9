"""Databento DBN files, plain or zstd: schemas trades, tbbo, mbp-1, mbp-10 and mbo.

- A trade is a record with action T. A fill (F) is the resting order's side of the same trade and
  would count it twice; everything else in a book file is no trade.
- `side` is the aggressor: B bought, A sold, N is unknown.
- Prices are int64 of 1e-9. UNDEF_PRICE (a trade without one) is a bad price.
- A tick's time is `ts_event`, the matching engine's own.
- The quotes of tbbo and mbp are those before the trade: at CME the book changes after the trade's
  message.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from engine.instruments import INSTRUMENTS, Instrument
from engine.ticks import NS
from marketdata.errors import FeedError
from marketdata.feeds import FeedInfo, doubts
from marketdata.feeds.clean import Ints, Trades
from marketdata.feeds.contracts import root
from marketdata.feeds.files.dbn_frames import DbnFrames, Records, layout
from marketdata.feeds.files.recording import TradesFile
from marketdata.sides import Inference

if TYPE_CHECKING:
    from databento_dbn import Metadata

TRADE_SCHEMAS: Final = ("trades", "tbbo", "mbp-1", "mbp-10", "mbo")
TRADE: Final = ord("T")
FOREVER: Final = 2**63 - 1
BID, ASK = "bid_px_00", "ask_px_00"

SIDES: Final = np.zeros(256, np.int8)
SIDES[ord("B")], SIDES[ord("A")] = 1, -1


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol and the instrument ids it had, each from one time to another (UTC ns)."""

    symbol: str
    ids: tuple[tuple[int, int, int], ...]


class DbnFile(TradesFile):
    """The trades of one contract in a DBN file."""

    def __init__(
        self,
        path: Path,
        symbol: str | None = None,
        contract: str | None = None,
        *,
        infer: Inference | None = None,
    ) -> None:
        super().__init__(path, infer)
        self._warnings: list[str] = []
        self._frames = DbnFrames(path)
        metadata = self._frames.metadata
        self._schema = self._usable_schema(metadata)
        self._source = f"{path.name} ({metadata.dataset} {self._schema})"
        self._dtype = _dtype(self._schema, ts_out=metadata.ts_out)
        if infer == "quotes" and BID not in (self._dtype.names or ()):
            raise self.no_quotes()
        self._listings = _listings(metadata)
        self._listing = self._choose(self._listings, symbol, contract)
        self.instrument = self._instrument(symbol)
        self._frames.restart()

    @property
    def info(self) -> FeedInfo:
        """What this is."""
        return FeedInfo(
            symbol=self.instrument.symbol,
            contract=self._listing.symbol,
            source=self._source,
            side=self.side,
            warnings=(*self._warnings, *doubts(self.counts, self.instrument.symbol)),
        )

    @property
    def progress(self) -> float:
        """By bytes of the file."""
        return self._frames.progress

    def trades(self) -> Iterator[Trades]:
        """The contract's records of action T."""
        counts = self.counts
        for records in self._records():
            counts.read += len(records)
            trades = _trades(records)
            counts.ignored += len(records) - len(trades)
            ours = _listed(trades, self._listing)
            if not ours.all():
                counts.dropped["other_contract"] += len(trades) - int(np.count_nonzero(ours))
                trades = trades[ours]
            yield _columns(trades, quotes=self.infer == "quotes")

    def volumes(self) -> Iterator[tuple[str, Ints, Ints]]:
        """By the symbols of the metadata."""
        outrights = [listing for name, listing in self._listings.items() if root(name)]
        for records in self._records():
            trades = _trades(records)
            for listing in outrights:
                ours = trades[_listed(trades, listing)]
                if len(ours):
                    yield listing.symbol, _signed(ours["ts_event"]), _signed(ours["size"])

    def _choose(
        self, listings: dict[str, Listing], symbol: str | None, contract: str | None
    ) -> Listing:
        if contract is not None and listings:
            if contract not in listings:
                raise FeedError(
                    f"{self.path}: has no contract {contract}; it has {_names(listings)}"
                )
            return listings[contract]
        if len(listings) == 1:
            return next(iter(listings.values()))
        volumes = self._volumes()
        if not listings:
            listings = {str(i): Listing(str(i), ((i, 0, FOREVER),)) for i in volumes}
            if len(listings) == 1:
                self._warnings.append("the file does not name its contract")
                return Listing(contract or "", next(iter(listings.values())).ids)
            if contract in listings:
                return listings[contract]
            raise FeedError(
                f"{self.path}: does not name its {len(listings)} instruments; "
                f"choose an id with --contract: {_names(listings)}"
            )
        outrights = {
            name: sum(volumes.get(number, 0) for number, _, _ in listing.ids)
            for name, listing in listings.items()
            if (base := root(name)) is not None and symbol in (None, base)
        }
        if not any(outrights.values()):
            raise FeedError(
                f"{self.path}: no outright contract{f' of {symbol}' if symbol else ''} traded "
                f"in it; it has {_names(listings)}"
            )
        best = max(outrights, key=lambda name: outrights[name])
        self.alternatives = tuple(sorted(name for name, size in outrights.items() if size))
        self._warnings.append(
            f"took {best}, of {len(listings)} instruments the outright with the most volume "
            f"({outrights[best]:,} of {sum(volumes.values()):,}); choose with --contract"
        )
        return listings[best]

    def _instrument(self, symbol: str | None) -> Instrument:
        contract = self._listing.symbol
        found = root(contract)
        if symbol is None:
            if found not in INSTRUMENTS:
                raise FeedError(
                    f"{self.path}: no instrument is known for {contract or 'its contract'}; "
                    "give one with --symbol"
                )
            return INSTRUMENTS[found]
        if found is not None and found != symbol:
            raise FeedError(f"{self.path}: holds {contract}, which is {found} and not {symbol}")
        return INSTRUMENTS[symbol]

    def _volumes(self) -> dict[int, int]:
        totals: dict[int, int] = {}
        for records in self._records():
            trades = _trades(records)
            ids, where = np.unique(trades["instrument_id"], return_inverse=True)
            sums = np.zeros(len(ids), np.int64)
            np.add.at(sums, where, trades["size"])
            for number, lots in zip(ids.tolist(), sums.tolist(), strict=True):
                totals[number] = totals.get(number, 0) + lots
        return totals

    def _records(self) -> Iterator[Records]:
        return self._frames.records(self._dtype)

    def _usable_schema(self, metadata: "Metadata") -> str:
        if metadata.schema is None:
            raise FeedError(
                f"{self.path}: mixed records, as a live session writes them; "
                "save its trades alone (DBNStore.to_file with schema='trades')"
            )
        schema = str(metadata.schema)
        if schema not in TRADE_SCHEMAS:
            raise FeedError(
                f"{self.path}: schema {schema} holds no trades; "
                f"fetch one of {', '.join(TRADE_SCHEMAS)}"
            )
        return schema


def _dtype(schema: str, *, ts_out: bool) -> np.dtype[np.void]:
    import databento_dbn

    struct: Any = {
        "trades": databento_dbn.TradeMsg,
        "tbbo": databento_dbn.MBP1Msg,
        "mbp-1": databento_dbn.MBP1Msg,
        "mbp-10": databento_dbn.MBP10Msg,
        "mbo": databento_dbn.MBOMsg,
    }[schema]
    return layout(struct, ts_out=ts_out)


def _trades(records: Records) -> Records:
    is_trade = records["action"] == TRADE
    return records if is_trade.all() else records[is_trade]


def _columns(trades: Records, *, quotes: bool) -> Trades:
    received = _signed(trades["ts_recv"])
    return Trades(
        ts=_signed(trades["ts_event"]),
        price=_signed(trades["price"]),
        size=_signed(trades["size"]),
        side=SIDES[trades["side"]],
        sequence=_signed(trades["sequence"]),
        lots=True,
        received=np.where(received > 0, received, 0),
        bid=_signed(trades[BID]) if quotes else None,
        ask=_signed(trades[ASK]) if quotes else None,
    )


def _signed(column: npt.NDArray[Any]) -> Ints:
    return column.astype(np.int64)


def _listed(trades: Records, listing: Listing) -> npt.NDArray[np.bool_]:
    numbers = trades["instrument_id"]
    ours = np.zeros(len(trades), np.bool_)
    for number, start, end in listing.ids:
        found = numbers == number
        if (start, end) != (0, FOREVER):
            found &= (trades["ts_event"] >= start) & (trades["ts_event"] < end)
        ours |= found
    return ours


def _listings(metadata: "Metadata") -> dict[str, Listing]:
    """What the file holds, by raw symbol; also when it maps ids to symbols."""
    by_symbol: dict[str, list[tuple[int, int, int]]] = {}
    users: dict[int, set[str]] = {}
    reverse = str(metadata.stype_out) == "raw_symbol"
    for key, intervals in metadata.mappings.items():
        for interval in intervals:
            name, number = (interval["symbol"], key) if reverse else (key, interval["symbol"])
            if number.isdigit():
                times = _midnight(interval["start_date"]), _midnight(interval["end_date"])
                by_symbol.setdefault(name, []).append((int(number), *times))
                users.setdefault(int(number), set()).add(name)
    # Only an id that passed from one symbol to another needs its dates.
    return {
        name: Listing(
            name,
            tuple(
                dict.fromkeys(
                    item if len(users[item[0]]) > 1 else (item[0], 0, FOREVER) for item in items
                )
            ),
        )
        for name, items in by_symbol.items()
    }


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS


def _names(listings: dict[str, Listing], most: int = 8) -> str:
    # Outrights first: they are what can be chosen.
    names = sorted(listings, key=lambda name: (root(name) is None, name))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" * (len(names) > most))
