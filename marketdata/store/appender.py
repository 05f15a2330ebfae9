"""Appends to a day's journal while trading; `durable.py` says how soon it is safe."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from marketdata.errors import StoreError
from marketdata.feeds import StoredTicks
from marketdata.store import journal
from marketdata.store.durable import DurableFile
from marketdata.store.info import DayInfo

log = structlog.get_logger(__name__)


class Appender:
    """One day's journal, open for writing by this process alone. Thread-safe."""

    def __init__(self, path: Path, info: DayInfo) -> None:
        self.path = path
        if not path.exists():
            journal.create(path, info)
        file = os.open(path, os.O_RDWR | os.O_APPEND)
        try:
            lock(file, path)
            held = journal.JournalFile(path)
            check_same(held.info, info, path)
            self.info = held.info
            self.last = held.scan.last
            self.count = held.scan.count
            size = held.scan.size - held.scan.torn
            if held.scan.torn:
                log.warning("journal_torn_tail_cut", path=str(path), bytes=held.scan.torn)
                os.ftruncate(file, size)
                os.fsync(file)
        except BaseException:
            os.close(file)
            raise
        self._file = DurableFile(file, path, size)

    def append(self, ticks: StoredTicks) -> None:
        """Keep them; StoreError when the disk does not take them."""
        count = len(ticks.ts_event)
        if count > journal.MOST:
            for start in range(0, count, journal.MOST):
                self.append(ticks.part(slice(start, start + journal.MOST)))
        elif count:
            with self._one_line():
                self._file.append(journal.encode(ticks))
            self.last = int(ticks.ts_event[-1]), int(ticks.sequence[-1])
            self.count += count

    @property
    def written(self) -> int:
        """The journal's bytes that are safe from the death of this process."""
        return self._file.written

    def sync(self) -> None:
        """Put everything that was appended on disk, now."""
        with self._one_line():
            self._file.sync()

    def close(self) -> None:
        """On disk and done. May be called twice."""
        with self._one_line():
            self._file.close()

    def __enter__(self) -> "Appender":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _one_line(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"{self.path}: cannot be written: {error.strerror or error}"
            ) from error


class Recorded(StoreError):
    """Another process records or compacts the day at the moment."""


def being_recorded(path: Path) -> bool:
    """Whether another appender has the journal."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def lock(file: int, path: Path) -> None:
    """Recorded when another process has the journal."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Recorded(f"{path}: is being recorded by another process; stop that first") from None
    if not path.exists() or not os.path.samestat(os.fstat(file), path.stat()):
        raise Recorded(f"{path}: was compacted this very moment; try again")


def check_same(held: DayInfo, info: DayInfo, path: Path) -> None:
    for name in ("symbol", "day", "contract", "tick", "lot", "side", "synthetic"):
        was, asked = getattr(held, name), getattr(info, name)
        if was != asked:
            raise StoreError(
                f"{path}: was begun with {name} {was or 'none'} and cannot go on with "
                f"{asked or 'none'}; wait for the next trading day, or move the file away"
            )
