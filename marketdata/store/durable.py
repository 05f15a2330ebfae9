"""Bytes appended to a file, on disk soon, without whoever appends waiting for the disk.

What is appended goes to the operating system at once: a process that is killed then loses none of
it. Twice a second a thread puts it on disk: a machine that loses its power loses less than one
second.

While the disk is at it, the operating system would make a write wait (5 to 45 ms were seen on a
busy machine). So what is appended meanwhile is held in memory and written right after; but never
for longer than `LONGEST_HELD_S`, whatever the disk does. That is the most that a killed process can
lose.
"""

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger(__name__)

SYNC_EVERY_S: Final = 0.5
LONGEST_HELD_S: Final = 0.4


class DurableFile:
    """Takes over an open file that ends at `size`. Thread-safe. Every method raises OSError when
    the disk failed, then or before."""

    def __init__(
        self,
        file: int,
        path: Path,
        size: int,
        *,
        to_disk: Callable[[int], None] = os.fdatasync,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._file = file
        self._size = size
        self._to_disk = to_disk
        self._clock = clock
        self._lock = threading.Lock()  # of what follows
        self._held: list[bytes] = []
        self._syncing_since: float | None = None
        self._dirty = False
        self._failed: OSError | None = None
        self._one_sync = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_synced, name="journal", daemon=True)
        self._thread.start()

    def append(self, data: bytes) -> None:
        """All of it or, when it raises, nothing of it."""
        with self._lock:
            if self._closed.is_set():
                raise OSError(errno.EBADF, "it is closed")
            if self._failed is not None:
                raise self._failed
            since = self._syncing_since
            if since is not None and self._clock() - since < LONGEST_HELD_S:
                self._held.append(data)
                return
            self._write_held()
            self._write(data)

    @property
    def written(self) -> int:
        """Bytes that the operating system has: this process may die."""
        return self._size

    def sync(self) -> None:
        """Return when everything that was appended is on disk."""
        with self._one_sync:
            with self._lock:
                if self._failed is not None:
                    raise self._failed
                if not self._dirty:
                    return
                self._dirty, self._syncing_since = False, self._clock()
            try:
                self._to_disk(self._file)
            except OSError as error:
                # What the system held is lost to it now, and trying again would not say so.
                self._failed = error
                raise
            finally:
                with self._lock:
                    self._syncing_since = None
                    if self._failed is None:
                        self._write_held()

    def close(self) -> None:
        """Everything is on disk, and the file closed. May be called twice."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._thread.join()
        try:
            self.sync()
        finally:
            os.close(self._file)

    def _write_held(self) -> None:
        if self._held:
            data, self._held = b"".join(self._held), []
            try:
                self._write(data)
            except OSError as error:
                self._failed = error  # for those who appended it have gone on
                raise

    def _write(self, data: bytes) -> None:
        try:
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.ftruncate(self._file, self._size)  # never go on after half of it
            raise
        self._size += written
        self._dirty = True

    def _keep_synced(self) -> None:
        while not self._closed.wait(SYNC_EVERY_S):
            try:
                self.sync()
            except OSError as error:
                self._failed = error
                log.exception("journal_not_synced", path=str(self.path))
                return
