"""Times and prices of a day in a file that is mapped into memory: re-runs decode nothing.

    16 bytes    b"TICKCOL2", count of ticks
    then        ts (i8), price (i4), each from a multiple of 64 bytes on

An account asks for no more: sizes and sides are in the day's bars. The columns are a copy of what
the tick store has, so nobody waits for the disk when they are written, and they carry no checksum,
which would take as long to compute as the engine takes. Instead a file is trusted by its *seal*:
its time of change is set to one that is made of its name, its size and this start of the machine.
Whoever writes to the file breaks the seal, and so does a restart, after which it may hold less than
was written. A file without its seal is not read but made anew.
"""

import mmap
import os
import struct
import time
import zlib
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.ticks import NS
from marketdata.store.files import UNFINISHED

MAGIC: Final = b"TICKCOL2"
HEADER: Final = struct.Struct("<8sQ")
KINDS: Final[tuple[np.dtype[Any], ...]] = tuple(map(np.dtype, ("<i8", "<i4")))
ALIGNED: Final = 64
SEALS_FROM: Final = 10**9
SEALS: Final = 10**8
"""A seal is one of so many even seconds from 2001 on, when no file of ours was really changed: some
file systems keep no finer times."""
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

_numbers = count()


class PriceColumns(NamedTuple):
    """Times and prices of ticks."""

    ts: npt.NDArray[np.int64]
    price: npt.NDArray[np.int32]


def places(ticks: int) -> tuple[list[int], int]:
    """Where each column begins, and the file's size."""
    at, starts = HEADER.size, []
    for kind in KINDS:
        at = -(-at // ALIGNED) * ALIGNED
        starts.append(at)
        at += ticks * kind.itemsize
    return starts, -(-at // ALIGNED) * ALIGNED


class ColumnsWriter:
    """Takes a day's blocks, of `ticks` ticks in all; the file appears when it is complete.

    OSError when the disk does not take it; `drop` it then.
    """

    def __init__(self, path: Path, ticks: int) -> None:
        self.path = path
        self._unfinished = path.with_name(
            f".{path.name}.{os.getpid()}.{next(_numbers)}{UNFINISHED}"
        )
        self._ticks, self._taken = ticks, 0
        self._starts, self.size = places(ticks)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.posix_fallocate(self._file, 0, self.size)  # a full disk says so now
        except OSError:
            self.drop()
            raise

    def add(self, block: PriceColumns) -> None:
        """The next ticks."""
        columns: Iterator[tuple[npt.NDArray[Any], int]] = zip(block, self._starts, strict=True)
        for column, start in columns:
            data, at = column.data.cast("B"), start + self._taken * column.itemsize
            while len(data):
                written = os.pwrite(self._file, data, at)
                data, at = data[written:], at + written
        self._taken += len(block.ts)

    def done(self) -> PriceColumns:
        """All ticks were added: the file is there. The columns, mapped."""
        if self._taken != self._ticks:
            raise ValueError(f"{self.path}: has {self._taken} of {self._ticks} ticks")
        os.pwrite(self._file, HEADER.pack(MAGIC, self._ticks), 0)
        _seal(self._file, self.path.name, self.size)
        self._unfinished.replace(self.path)
        columns = _mapped(self._file, self._ticks)
        self._close()
        return columns

    def drop(self) -> None:
        """Nothing comes of it. May be called whenever."""
        self._close()
        self._unfinished.unlink(missing_ok=True)

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def open_columns(path: Path) -> PriceColumns | None:
    """The columns, mapped; None when there are none, or they are not to be trusted.

    Copy on write: compiled code distinguishes read-only arrays, and would be compiled once more.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        stat = os.fstat(file)
        if stat.st_mtime_ns != seal(path.name, stat.st_size) * NS:
            return None
        magic, ticks = HEADER.unpack(os.pread(file, HEADER.size, 0))
        if magic != MAGIC or places(ticks)[1] != stat.st_size:
            return None
        _seal(file, path.name, stat.st_size)
        return _mapped(file, ticks)
    finally:
        os.close(file)


def seal(name: str, size: int) -> int:
    """The time of change (UTC s) of a file that nobody touched since it was written."""
    digest = zlib.crc32(f"{name} {size} ".encode() + _boot())
    return SEALS_FROM + 2 * (digest % SEALS)


def _seal(file: int, name: str, size: int) -> None:
    """Seal it; the time of access says when it was used last, which the system may not keep."""
    os.utime(file, ns=(time.time_ns(), seal(name, size) * NS))


@cache
def _boot() -> bytes:
    try:
        return BOOT_ID.read_bytes()
    except OSError:
        return os.urandom(16)  # a seal is then good for this process alone


def _mapped(file: int, ticks: int) -> PriceColumns:
    starts, _ = places(ticks)
    data = mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
    kinds: Iterator[tuple[np.dtype[Any], int]] = zip(KINDS, starts, strict=True)
    return PriceColumns(*(np.frombuffer(data, kind, ticks, at) for kind, at in kinds))
