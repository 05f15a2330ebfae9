"""The journal of a day that is being recorded: append-only, a checksum on every frame.

    header   b"TICKJRN1", then JSON: the day's info and the journal's id
    frame    b"TCKF", with `count` records
    record   ts_event i64, ts_recv i64, sequence i64, price i32, size i32, side i8: 33 bytes

All little-endian; `frames.py` says how they are kept, and what is done about what is torn.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from marketdata.errors import StoreError
from marketdata.feeds import StoredTicks
from marketdata.store import frames
from marketdata.store.files import replacing
from marketdata.store.info import DayInfo, FileFacts, from_json, to_json

MAGIC: Final = b"TICKJRN1"
FRAME: Final = b"TCKF"
MOST: Final = 1 << 20
"""Ticks of a frame."""
GATHER: Final = 1 << 16
"""Ticks that are gathered from frames, which are small, into a block."""

RECORD: Final = np.dtype(
    [
        ("ts_event", "<i8"),
        ("ts_recv", "<i8"),
        ("sequence", "<i8"),
        ("price", "<i4"),
        ("size", "<i4"),
        ("side", "i1"),
    ]
)
RECORD_BYTES: Final = RECORD.itemsize


def encode(ticks: StoredTicks) -> bytes:
    """A frame; at most MOST ticks."""
    records = np.empty(len(ticks.ts_event), RECORD)
    for name, column in zip(StoredTicks._fields, ticks, strict=True):
        records[name] = column
    return frames.encode(FRAME, len(records), records.tobytes())


def create(path: Path, info: DayInfo) -> None:
    """An empty journal."""
    content = json.dumps({"id": uuid.uuid4().hex, "facts": to_json(FileFacts(info)).decode()})
    data = content.encode()
    with replacing(path) as unfinished:
        unfinished.write_bytes(frames.header(MAGIC, data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a journal holds. `frames`: where each good one begins, and its ticks; `size`: all bytes;
    `torn`: those after the last good frame; `damaged`: those lost between good frames."""

    frames: tuple[tuple[int, int], ...]
    count: int
    size: int
    torn: int
    damaged: int
    last: tuple[int, int] | None
    """ts_event and sequence of the last tick."""


class JournalFile:
    """A journal as it stands: what another process appends meanwhile is not seen."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._data = path.read_bytes()  # not mapped: a torn tail may be cut off meanwhile
        except FileNotFoundError:
            raise StoreError(f"{path}: does not exist") from None
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from error
        self.id, self.info, self._start = self._header()
        self._scan: Scan | None = None

    @property
    def scan(self) -> Scan:
        """Every checksum, looked at once."""
        if self._scan is None:
            self._scan = self._scanned()
        return self._scan

    @property
    def count(self) -> int:
        return self.scan.count

    def blocks(self, max_ticks: int, *, skip: int = 0) -> Iterator[StoredTicks]:
        """The ticks after the first `skip`."""
        held: list[memoryview] = []
        count = 0
        view = memoryview(self._data)
        for at, ticks in self.scan.frames:
            if skip >= ticks:
                skip -= ticks
                continue
            first = at + frames.FRAME_BYTES
            held.append(view[first + skip * RECORD_BYTES : first + ticks * RECORD_BYTES])
            count += ticks - skip
            skip = 0
            if count >= GATHER:
                yield from _cut(held, max_ticks)
                held, count = [], 0
        if count:
            yield from _cut(held, max_ticks)

    def _header(self) -> tuple[str, DayInfo, int]:
        try:
            content, start = frames.read_header(self._data, MAGIC)
        except frames.OtherFile:
            raise StoreError(f"{self.path}: is no tick journal") from None
        except ValueError as error:
            raise StoreError(f"{self.path}: {error}") from None
        try:
            found = json.loads(content)
            return str(found["id"]), from_json(found["facts"].encode()).info, start
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"{self.path}: its header is not ours ({error})") from None

    def _scanned(self) -> Scan:
        found = frames.scan(self._data, self._start, FRAME, RECORD_BYTES, MOST)
        last = None
        if found.runs:
            tail = np.frombuffer(self._data[found.end - RECORD_BYTES : found.end], RECORD)[0]
            last = int(tail["ts_event"]), int(tail["sequence"])
        return Scan(
            frames=tuple((at, count) for at, count, _ in found.runs),
            count=sum(count for _, count, _ in found.runs),
            size=len(self._data),
            torn=found.torn,
            damaged=found.damaged,
            last=last,
        )


def _cut(held: list[memoryview], max_ticks: int) -> Iterator[StoredTicks]:
    records = np.frombuffer(b"".join(held), RECORD)
    ticks = StoredTicks(*(records[name].copy() for name in StoredTicks._fields))
    for start in range(0, len(records), max_ticks):
        yield ticks.part(slice(start, start + max_ticks))
