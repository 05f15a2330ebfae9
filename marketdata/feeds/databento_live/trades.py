"""Trade records become ticks of the day's contract: spreads, other contracts, replayed and bad ones
are taken out, each counted; what every outright trades is added up for the front month's rule."""

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from engine.instruments import Instrument
from engine.ticks import NS
from marketdata.feeds import Counts, StoredTicks
from marketdata.feeds.clean import Cleaner, Trades
from marketdata.feeds.databento_live.front import DayVolumes
from marketdata.feeds.databento_live.listing import Listing
from marketdata.feeds.databento_live.resume import Resume, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable

TRADE: Final = ord("T")
SIDES: Final = np.zeros(256, np.int8)
SIDES[ord("B")], SIDES[ord("A")] = 1, -1
AHEAD_NS: Final = 60 * NS
"""The exchange's clock may be so far ahead of the gateway's; a time beyond that is a bad one."""

Records = npt.NDArray[np.void]
Mask = npt.NDArray[np.bool_]


class TradeFilter:
    """Over all connections. `outrights` first, then `ticks` of what belongs to one day."""

    def __init__(self, instrument: Instrument, listing: Listing, counts: Counts) -> None:
        self.instrument = instrument
        self.counts = counts
        self.resume = Resume()
        self._listing = listing
        self._clean = Cleaner(instrument, counts)
        self._step = int(instrument.tick * 1_000_000_000)
        self._outrights: dict[int, str] = {}
        self._ids = np.empty(0, np.uint32)

    def renamed(self) -> None:
        """The listing has changed."""
        self._outrights = self._listing.outrights()
        self._ids = np.array(sorted(self._outrights), np.uint32)

    def seed(self, blocks: "Iterable[StoredTicks]") -> None:
        """Ticks that were taken before this process began, in the order of arrival."""
        for ticks in blocks:
            price = ticks.price.astype(np.int64) * self._step
            size, side = ticks.size.astype(np.int64), ticks.side.astype(np.int64)
            self.resume.remember((ticks.ts_event, ticks.sequence, price, size, side))

    def outrights(self, records: Records) -> Records:
        """Trades of our outrights that were not had before, with times that can be."""
        self.counts.read += len(records)
        is_trade = records["action"] == TRADE
        if not is_trade.all():
            self.counts.ignored += len(records) - int(np.count_nonzero(is_trade))
            records = records[is_trade]
        records = self._ours(records)
        ts, received = records["ts_event"].view(np.int64), records["ts_recv"].view(np.int64)
        records = self._without("time", records, (ts > 0) & (ts <= received + AHEAD_NS))
        rows = _rows(records)
        new = self.resume.new(rows)
        if new is not None:
            records = self._without("duplicate", records, new)
            rows = _rows(records)
        self.resume.remember(rows)
        return records

    def count(self, records: Records, entry: DayVolumes, after: int = 0) -> None:
        """Add up what the outrights traded later than `after`: that far it was counted before."""
        if after:
            records = records[records["ts_event"] > after]
        if not len(records):
            return
        ids, size = records["instrument_id"], records["size"]
        for number in np.unique(ids).tolist():
            name = self._outrights[number]
            lots = int(size[ids == number].sum(dtype=np.int64))
            entry.volumes[name] = entry.volumes.get(name, 0) + lots
        entry.until = max(entry.until, int(records["ts_event"].max()))

    def ticks(self, records: Records, contract: str) -> StoredTicks:
        """The contract's ticks. They may be none."""
        ids = records["instrument_id"]
        numbers = [number for number, name in self._outrights.items() if name == contract]
        ours = ids == numbers[0] if len(numbers) == 1 else np.isin(ids, numbers)
        records = self._without("other_contract", records, ours)
        return self._clean.stored(
            Trades(
                ts=records["ts_event"].astype(np.int64),
                price=records["price"].astype(np.int64),
                size=records["size"].astype(np.int64),
                side=SIDES[records["side"]],
                sequence=records["sequence"].astype(np.int64),
                lots=True,
                received=records["ts_recv"].astype(np.int64),
            )
        )

    def late(self, records: Records, start: int) -> Records:
        """Without what happened before the day began."""
        return self._without("late", records, records["ts_event"] >= start)

    def _ours(self, records: Records) -> Records:
        ids = records["instrument_id"]
        ours = ids == self._ids[0] if len(self._ids) == 1 else np.isin(ids, self._ids)
        if ours.all():
            return records
        for number in ids[~ours].tolist():
            reason = "spread" if number in self._listing.ids else "unnamed"
            self.counts.dropped[reason] += 1
        return records[ours]

    def _without(self, reason: str, records: Records, good: Mask) -> Records:
        lost = len(records) - int(np.count_nonzero(good))
        if not lost:
            return records
        self.counts.dropped[reason] += lost
        return records[good]


def _rows(records: Records) -> Rows:
    return (
        records["ts_event"].astype(np.int64),
        records["sequence"].astype(np.int64),
        records["price"].astype(np.int64),
        records["size"].astype(np.int64),
        SIDES[records["side"]].astype(np.int64),
    )
