"""The tick store's folder."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.instruments import INSTRUMENTS
from engine.ticks import NS
from marketdata.errors import StoreError
from marketdata.feeds import Feed, StoredTicks
from marketdata.store.appender import Appender, check_same, lock
from marketdata.store.day import StoredDay
from marketdata.store.files import remove
from marketdata.store.info import DayInfo, FileFacts
from marketdata.store.journal import JournalFile

SYMBOL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
PARQUET: Final = ".parquet"
JOURNAL: Final = ".journal"


class TickStore:
    """Ticks by symbol and trading day under `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def symbols(self, *, damaged: bool = False) -> list[str]:
        """What has at least one day, sorted; `damaged`: also what has any other file."""
        if not self.root.is_dir():
            return []
        names = [each.name for each in self.root.iterdir() if SYMBOL.fullmatch(each.name)]
        return sorted(name for name in names if damaged or self.days(name))

    def days(self, symbol: str) -> list[date]:
        """The stored days, sorted; also those that only have a journal."""
        folder = self._folder(symbol)
        if not folder.is_dir():
            return []
        return sorted({day for path in folder.iterdir() if (day := day_of(path)) is not None})

    def path(self, symbol: str, day: date) -> Path:
        """Where the whole day is, or would be."""
        return self._file(symbol, day, PARQUET)

    def journal_path(self, symbol: str, day: date) -> Path:
        """Where the day's journal is, while there is one."""
        return self._file(symbol, day, JOURNAL)

    def has(self, symbol: str, day: date) -> bool:
        """Whether anything is stored of the day."""
        return self.path(symbol, day).exists() or self.journal_path(symbol, day).exists()

    def read(self, symbol: str, day: date) -> StoredDay:
        """The day as it stands, also while it is being recorded; StoreError without it."""
        if not self.has(symbol, day):
            raise StoreError(f"{symbol} {day}: is not in the tick store; see `ticks info`")
        return StoredDay(self.path(symbol, day), self.journal_path(symbol, day))

    def write(self, info: DayInfo, blocks: Iterable[StoredTicks], *, replace: bool = False) -> int:
        """Store a whole day, completely or not at all. Returns its ticks.

        StoreError when the day is there already and not `replace`, when another process records
        it, and when the ticks are not of this day, or no valid ticks.
        """
        from marketdata.store import parquet

        path, journal_path = self.path(info.symbol, info.day), self._journal_of(info)
        name = f"{info.symbol} {info.day}"
        held, journals = None, {}
        if journal_path.exists() and replace:
            held = os.open(journal_path, os.O_RDWR)

        def still_free(_: Path) -> None:
            if not replace and self.has(info.symbol, info.day):
                raise StoreError(f"{name}: is in the tick store already")
            if held is None and journal_path.exists():
                raise StoreError(f"{name}: is being recorded meanwhile; stop that first")

        try:
            if held is not None:
                lock(held, journal_path)
                left = JournalFile(journal_path)
                journals[left.id] = left.count
            still_free(path)
            written = parquet.write(
                path, FileFacts(info, journals), checked(info, blocks), proof=still_free
            )
            if held is not None:
                remove(journal_path)
        finally:
            if held is not None:
                os.close(held)
        return written

    def appender(self, info: DayInfo) -> Appender:
        """The day's journal to append to: the one that is there, or a new one."""
        path = self.path(info.symbol, info.day)
        if path.exists():
            check_same(self.read(info.symbol, info.day).info, info, path)
        return Appender(self._journal_of(info), info)

    def journalled(self, symbol: str) -> list[date]:
        """The days that have a journal, sorted."""
        return [day for day in self.days(symbol) if self.journal_path(symbol, day).exists()]

    def compact(self, symbol: str, day: date) -> int:
        """Turn the day's journal into a part of its file. Returns the day's ticks; StoreError when
        the day is being recorded. A day without a journal is as it was."""
        if not self.journal_path(symbol, day).exists():
            return self.read(symbol, day).count
        from marketdata.store.compacting import compact

        return compact(self.path(symbol, day), self.journal_path(symbol, day))

    def last(self, symbol: str) -> tuple[int, int] | None:
        """ts_event and sequence of the last tick that is stored; None without one."""
        for day in reversed(self.days(symbol)):
            found = self.read(symbol, day).last
            if found is not None:
                return found
        return None

    def feed(self, symbol: str, days: Sequence[date]) -> Feed:
        """Days as a feed."""
        from marketdata.store.feed import StoreFeed

        return StoreFeed(self, symbol, days)

    def _journal_of(self, info: DayInfo) -> Path:
        return self.journal_path(info.symbol, info.day)

    def _file(self, symbol: str, day: date, kind: str) -> Path:
        # Joined as text: every day of a run asks, and `/` makes a path for each part.
        return Path(f"{self.root}/{_named(symbol)}/{day.isoformat()}{kind}")

    def _folder(self, symbol: str) -> Path:
        return self.root / _named(symbol)


def _named(symbol: str) -> str:
    if not SYMBOL.fullmatch(symbol):
        raise StoreError(f"{symbol!r} is no symbol that a folder could be named after")
    return symbol


def the_store() -> TickStore:
    """The store of this installation: DATA_DIR/ticks."""
    from django.conf import settings

    return TickStore(Path(settings.DATA_DIR) / "ticks")


def day_of(path: Path) -> date | None:
    """The day of a file of the store; None for any other file."""
    if path.suffix not in (PARQUET, JOURNAL):
        return None
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        return None


def bounds(symbol: str, day: date) -> tuple[int, int] | None:
    """When the trading day begins and ends, UTC ns; None when it is none. A symbol that is no
    known instrument has weekdays."""
    from marketdata.calendars import ROLL, new_york, schedule

    spec = INSTRUMENTS.get(symbol)
    if spec is not None:
        found = schedule(spec, "all").day(day)
        return None if found is None else (found.start, found.end)
    end = new_york(day, ROLL)
    return end - 4 * 24 * 3600 * NS, end


def checked(info: DayInfo, blocks: Iterable[StoredTicks]) -> Iterator[StoredTicks]:
    """The blocks, if they are valid ticks of the day; StoreError at the first that are not."""
    name = f"{info.symbol} {info.day}"
    span = bounds(info.symbol, info.day)
    if span is None:
        raise StoreError(f"{name}: is no trading day")
    start, end = span
    done = 0
    for block in blocks:
        count = len(block.ts_event)
        if not count:
            continue
        arrays: tuple[npt.NDArray[Any], ...] = block
        for column, kind in zip(arrays, KINDS, strict=True):
            if len(column) != count or column.dtype != kind:
                raise StoreError(f"{name}: columns differ in length or are not of their type")
        bad = (block.price <= 0) | (block.size <= 0) | (abs(block.side) > 1)
        outside = (block.ts_event < start) | (block.ts_event >= end)
        for which, what in ((bad, "is no valid trade"), (outside, "lies outside the trading day")):
            if which.any():
                at = int(which.argmax())
                raise StoreError(
                    f"{name}: tick {done + at + 1:,} {what} (ts_event {block.ts_event[at]}, "
                    f"price {block.price[at]}, size {block.size[at]}, side {block.side[at]})"
                )
        done += count
        yield block


KINDS: Final = tuple(
    np.dtype(kind) for kind in (np.int64, np.int64, np.int32, np.int32, np.int8, np.int64)
)
