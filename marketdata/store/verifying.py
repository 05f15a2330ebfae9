"""Whether a stored day is what it should be: every checksum, its metadata, its ticks.

A `problem` says that the day is damaged or not what its file claims; a `remark` says something that
markets and networks do, and that whoever uses the day should know.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np

from engine.instruments import INSTRUMENTS
from engine.ticks import MAX_LATE_NS, NS
from marketdata.errors import StoreError
from marketdata.feeds import BLOCK_TICKS, StoredTicks
from marketdata.feeds.duplicates import Duplicates
from marketdata.store.appender import being_recorded
from marketdata.store.day import StoredDay
from marketdata.store.store import TickStore, bounds

FUTURE_NS: Final = NS
"""A tick is received after it happened, but for the difference of two clocks."""


@dataclass(slots=True)
class Findings:
    """What was found in a day."""

    count: int = 0
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def verify(store: TickStore, symbol: str, day: date) -> Findings:
    """Read everything that is stored of the day and check it."""
    found = Findings()
    try:
        stored = store.read(symbol, day)
        _check_info(stored, symbol, day, found)
        _check_ticks(stored, symbol, day, found)
    except StoreError as error:
        found.problems.append(str(error))
    return found


def _check_info(stored: StoredDay, symbol: str, day: date, found: Findings) -> None:
    parts = [part.info for part in (stored.journal,) if part is not None]
    parts += [stored.file.facts.info] if stored.file is not None else []
    for info in parts:
        if (info.symbol, info.day) != (symbol, day):
            found.problems.append(f"says that it is {info.symbol} {info.day}")
        spec = INSTRUMENTS.get(info.symbol)
        if spec is None:
            found.remarks.append(f"{info.symbol} is no instrument that this version knows")
        elif (info.tick, info.lot) != (spec.tick, spec.lot):
            found.problems.append(
                f"counts in ticks of {info.tick} and lots of {info.lot}, not {spec.tick} and "
                f"{spec.lot}"
            )
        found.remarks.extend(info.warnings)
    journal = stored.journal
    if journal is not None and journal.scan.damaged:
        found.problems.append(f"{journal.scan.damaged:,} bytes in its journal are damaged")
    if journal is not None and journal.scan.torn:
        # While somebody writes, the last frame may be half there.
        where = found.remarks if being_recorded(journal.path) else found.problems
        where.append(f"{journal.scan.torn:,} bytes at the end of its journal are no whole frame")
    if journal is not None and not stored.journalled:
        found.remarks.append("its journal is in its file already and can go")


def _check_ticks(stored: StoredDay, symbol: str, day: date, found: Findings) -> None:
    span = bounds(symbol, day)
    if span is None:
        found.problems.append("is no trading day")
        span = (0, 1 << 62)
    tally = Tally(*span)
    for block in _file_checked(stored, found):
        tally.add(block)
    found.count = tally.count
    if tally.count != stored.count:
        found.problems.append(f"has {tally.count:,} ticks and says {stored.count:,}")
    tally.tell(found)


def _file_checked(stored: StoredDay, found: Findings) -> Iterator[StoredTicks]:
    """The day's ticks; what the file says of them is checked on the way."""
    from marketdata.store.parquet import Digest

    if stored.file is not None:
        others = sorted(stored.file.contracts - {stored.info.contract})
        if others:
            found.problems.append(
                f"has ticks of {', '.join(others)} and says {stored.info.contract or 'no contract'}"
            )
        digest = Digest()
        for block in stored.file.blocks(BLOCK_TICKS):
            digest.add(block)
            yield block
        if digest.as_dict() != stored.file.digest:
            found.problems.append("its ticks are not those that were written")
    if stored.journal is not None:
        yield from stored.journal.blocks(BLOCK_TICKS, skip=stored.skip)


class Tally:
    """Counts what is wrong with ticks, block after block."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.count = 0
        self.bad = self.before = self.after = self.late = self.early_received = self.doubled = 0
        self.back = 0
        self._reached = start
        self._sequence = 0
        self._duplicates = Duplicates()

    def add(self, block: StoredTicks) -> None:
        if not len(block.ts_event):
            return
        self.count += len(block.ts_event)
        self.bad += _number(
            (block.price <= 0) | (block.size <= 0) | (block.side > 1) | (block.side < -1)
        )
        self.before += _number(block.ts_event < self.start)
        self.after += _number(block.ts_event >= self.end)
        reached = np.maximum.accumulate(np.maximum(block.ts_event, self._reached))
        self.late += _number(block.ts_event < reached - MAX_LATE_NS)
        self._reached = int(reached[-1])
        self.early_received += _number(
            (block.ts_recv > 0) & (block.ts_recv < block.ts_event - FUTURE_NS)
        )
        numbered = block.part(block.sequence > 0)
        if len(numbered.sequence):
            before = np.concatenate(([self._sequence], numbered.sequence[:-1]))
            self.back += _number(numbered.sequence < before)
            self._sequence = int(numbered.sequence[-1])
            new = self._duplicates.new(
                numbered.sequence,
                numbered.ts_event,
                numbered.price.astype(np.int64),
                numbered.size.astype(np.int64),
                numbered.side,
            )
            self.doubled += _number(~new) if new is not None else 0

    def tell(self, found: Findings) -> None:
        for count, text in (
            (self.bad, "are no valid trades"),
            (self.after, "are after the trading day's end"),
            (self.doubled, "are there twice, by ts_event and sequence"),
        ):
            if count:
                found.problems.append(f"{count:,} ticks {text}")
        for count, text in (
            (self.before, "are before the trading day's start"),
            (self.late, "come more than 1 s late"),
            (self.back, "have a lower sequence than the one before"),
            (self.early_received, "were received more than 1 s before they happened"),
        ):
            if count:
                found.remarks.append(f"{count:,} ticks {text}")


def _number(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    return int(np.count_nonzero(mask))
