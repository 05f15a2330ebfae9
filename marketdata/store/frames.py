"""Files that only grow: a header, then frames, each with a checksum.

    header   8 bytes that name the kind of file, length u32, CRC-32 u32, then that many bytes
    frame    4 bytes that name the kind of frame, CRC-32 u32 of all that follows, count u32, then
             `count` units; how many bytes a unit has is the same in a whole file

All little-endian. The header is on disk before the file has its name, so it is never torn. A frame
may be: a process or machine that dies leaves the beginning of one at the end. That was never
completely there, and is cut off. Anything else that does not check is damage.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FEWEST: Final = 64
"""Frames that are looked at together at first."""
_LENGTH: Final = struct.Struct("<II")
_FRAME: Final = struct.Struct("<4sII")
_COUNT: Final = struct.Struct("<I")
FRAME_BYTES: Final = _FRAME.size
HEADER_BYTES: Final = 8 + _LENGTH.size
"""Of a header without its content."""


class OtherFile(ValueError):
    """A file that begins otherwise."""


def encode(magic: bytes, count: int, payload: bytes) -> bytes:
    """A frame of `count` units."""
    summed = _COUNT.pack(count) + payload
    return magic + _COUNT.pack(zlib.crc32(summed)) + summed


def header(magic: bytes, content: bytes) -> bytes:
    """The beginning of a file."""
    return magic + _LENGTH.pack(len(content), zlib.crc32(content)) + content


def header_length(data: bytes) -> int:
    """How long the content is of a header whose first `HEADER_BYTES` these are; 0 without them."""
    return 0 if len(data) < HEADER_BYTES else int(_LENGTH.unpack_from(data, 8)[0])


def read_header(data: bytes, magic: bytes) -> tuple[bytes, int]:
    """What the header holds, and where the first frame begins. ValueError if it is damaged, and
    OtherFile if it is of another kind."""
    start = len(magic) + _LENGTH.size
    if data[: len(magic)] != magic or len(data) < start:
        raise OtherFile("is another kind of file")
    length, checksum = _LENGTH.unpack_from(data, len(magic))
    content = data[start : start + length]
    if zlib.crc32(content) != checksum:
        raise ValueError("its header is damaged")
    return content, start + length


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """The frames of a file. `runs`: where good ones of equal length begin, the units of each, and
    how many; `end`: after the last good one; `torn`: the bytes after that; `damaged`: those lost
    between good frames."""

    runs: tuple[tuple[int, int, int], ...]
    end: int
    torn: int
    damaged: int


def scan(data: bytes, start: int, magic: bytes, unit: int, most: int, *, usual: int = 0) -> Frames:
    """Look at every checksum. `unit` in bytes; a frame has at most `most` units. `usual`: frames of
    so many units are looked at many at a time, for they come by the hundred thousand."""
    view, size = memoryview(data), len(data)
    runs: list[tuple[int, int, int]] = []
    at, end, damaged = start, start, 0
    while at < size:
        count, times = usual, _steady(data, at, magic, usual, unit) if usual else 0
        if not times:
            count, times = _frame_at(view, at, size, magic, unit, most), 1
        if count:
            damaged += at - end
            runs.append((at, count, times))
            at = end = at + (FRAME_BYTES + count * unit) * times
            continue
        at = data.find(magic, at + 1)
        if at < 0:
            break
    return Frames(runs=tuple(runs), end=end, torn=size - end, damaged=damaged)


def _frame_at(data: memoryview, at: int, size: int, magic: bytes, unit: int, most: int) -> int:
    """The units of the good frame there; 0 when there is none."""
    first = at + FRAME_BYTES
    if first > size:
        return 0
    found, checksum, count = _FRAME.unpack_from(data, at)
    last = first + count * unit
    if found != magic or not 0 < count <= most or last > size:
        return 0
    return count if zlib.crc32(data[first - _COUNT.size : last]) == checksum else 0


def _steady(data: bytes, at: int, magic: bytes, count: int, unit: int) -> int:
    """How many good frames of `count` units stand there, one after the other."""
    length, good, step = FRAME_BYTES + count * unit, 0, FEWEST
    while True:
        wanted = min(step, (len(data) - at) // length - good)
        if wanted <= 0:
            return good
        rows = np.frombuffer(data, np.uint8, wanted * length, at + good * length)
        fits = _fits(rows.reshape(wanted, length), magic, count)
        if not fits.all():
            return good + int(fits.argmin())
        good, step = good + wanted, step * 8


def _fits(rows: npt.NDArray[np.uint8], magic: bytes, count: int) -> npt.NDArray[np.bool_]:
    """Which rows are good frames: CRC-32 by its table, a byte of all rows at a time."""
    summed = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in rows[:, 8:].T:
        summed = CRC_TABLE[(summed ^ column) & 0xFF] ^ (summed >> 8)
    head = rows[:, :12].copy().view("<u4")
    name = np.frombuffer(magic, "<u4")[0]
    fits: npt.NDArray[np.bool_] = (
        (head[:, 0] == name) & (head[:, 1] == ~summed) & (head[:, 2] == count)
    )
    return fits


def _crc_table() -> npt.NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1)
    return table


CRC_TABLE: Final = _crc_table()
