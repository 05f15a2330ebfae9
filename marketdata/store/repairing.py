"""What can be repaired in the store, without guessing: leftovers of processes that died.

- A torn end of a journal is cut off, and kept aside.
- A journal whose day is over becomes Parquet; one that is there already goes.
- A `.part` file of a process that is no more is deleted: nothing ever read it.
- What is damaged itself is renamed, never deleted, so that the day can be stored anew.

Each step says what it did. What another process records at the moment is left alone.
"""

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from marketdata.errors import StoreError
from marketdata.feeds import BLOCK_TICKS
from marketdata.store.appender import Recorded, lock
from marketdata.store.files import UNFINISHED, free_name, put_aside, sync
from marketdata.store.journal import JournalFile
from marketdata.store.parquet import DayFile
from marketdata.store.store import TickStore, bounds

_PID: Final = re.compile(rf"\.(\d+)\.\d+\{UNFINISHED}$")


def repair(store: TickStore, symbol: str, *, now: int) -> Iterator[str]:
    """Repair everything of a symbol; yields what was done. `now`: UTC ns."""
    yield from _leftovers(store.root / symbol)
    for day in store.days(symbol):
        try:
            for text in _repair_day(store, symbol, day, now):
                yield f"{symbol} {day}: {text}"
        except Recorded:
            yield f"{symbol} {day}: is being recorded, and is left alone"


def _leftovers(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob(f".*{UNFINISHED}")):
        found = _PID.search(path.name)
        if found is not None and not _lives(int(found[1])):
            path.unlink(missing_ok=True)
            yield f"{path}: deleted, it was never finished"


def _repair_day(store: TickStore, symbol: str, day: date, now: int) -> Iterator[str]:
    path, journal_path = store.path(symbol, day), store.journal_path(symbol, day)
    if path.exists():
        try:
            for _ in DayFile(path).blocks(BLOCK_TICKS):
                pass
        except StoreError as error:
            aside = put_aside(path)
            yield f"{error}; renamed to {aside.name}: store the day anew"
    if not journal_path.exists():
        return
    yield from _repair_journal(journal_path)
    if not journal_path.exists():
        return
    span = bounds(symbol, day)
    if span is None or span[1] <= now:
        count = store.compact(symbol, day)
        yield (
            f"its journal was compacted: {count:,} ticks" if count else "its empty journal is gone"
        )


def _repair_journal(path: Path) -> Iterator[str]:
    file = os.open(path, os.O_RDWR)
    try:
        lock(file, path)
        try:
            scan = JournalFile(path).scan
        except StoreError as error:
            aside = put_aside(path)
            yield f"{error}; renamed to {aside.name}"
            return
        if scan.torn:
            kept = path.read_bytes()[-scan.torn :]
            aside = free_name(path)
            aside.write_bytes(kept)
            os.ftruncate(file, scan.size - scan.torn)
            sync(path)
            yield f"{scan.torn:,} bytes that end its journal are no frame: moved to {aside.name}"
    finally:
        os.close(file)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
