"""Appends to a day's journal while trading.

`append` returns when the operating system has the ticks: a process that is killed then loses none
of them. A thread puts them on disk twice a second: a machine that loses its power loses less than
one second. Waiting for the disk happens in that thread alone.
"""

import fcntl
import os
import threading
from pathlib import Path
from typing import Final

import structlog

from marketdata.errors import StoreError
from marketdata.feeds import StoredTicks
from marketdata.store import journal
from marketdata.store.info import DayInfo

log = structlog.get_logger(__name__)

SYNC_EVERY_S: Final = 0.5


class Appender:
    """One day's journal, open for writing by this process alone. Thread-safe."""

    def __init__(self, path: Path, info: DayInfo) -> None:
        self.path = path
        if not path.exists():
            journal.create(path, info)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND)
        try:
            lock(self._file, path)
            held = journal.JournalFile(path)
            check_same(held.info, info, path)
            self.info = held.info
            self.last = held.scan.last
            self.count = held.scan.count
            if held.scan.torn:
                log.warning("journal_torn_tail_cut", path=str(path), bytes=held.scan.torn)
                os.ftruncate(self._file, held.scan.size - held.scan.torn)
                os.fsync(self._file)
        except BaseException:
            os.close(self._file)
            raise
        self._lock = threading.Lock()
        self._dirty = False
        self._closed = threading.Event()
        self._failed = ""
        self._thread = threading.Thread(target=self._keep_synced, name="journal", daemon=True)
        self._thread.start()

    def append(self, ticks: StoredTicks) -> None:
        """Write them; StoreError when the disk does not take them."""
        for start in range(0, len(ticks.ts_event), journal.MOST):
            some = ticks.part(slice(start, start + journal.MOST))
            with self._lock:
                self._write(journal.encode(some))
            self.last = int(some.ts_event[-1]), int(some.sequence[-1])
            self.count += len(some.ts_event)

    def sync(self) -> None:
        """Put everything that was appended on disk, now."""
        with self._lock:
            dirty, self._dirty = self._dirty, False
        if dirty:
            os.fdatasync(self._file)

    def close(self) -> None:
        """On disk and done. May be called twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._thread.join()
        try:
            self.sync()
        finally:
            os.close(self._file)

    def __enter__(self) -> "Appender":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, data: bytes) -> None:
        if self._closed.is_set():
            raise StoreError(f"{self.path}: the journal is closed")
        if self._failed:
            raise StoreError(f"{self.path}: the disk failed: {self._failed}")
        size = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError(28, "No space left on device")
        except OSError as error:
            os.ftruncate(self._file, size)  # never go on after half a frame
            raise StoreError(f"{self.path}: cannot be written: {error.strerror}") from error
        self._dirty = True

    def _keep_synced(self) -> None:
        while not self._closed.wait(SYNC_EVERY_S):
            try:
                self.sync()
            except OSError as error:
                # What the system held is lost to it now, and trying again would not say so.
                self._failed = error.strerror or str(error)
                log.exception("journal_not_synced", path=str(self.path))
                return


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
