"""One record for each input: its kind in one byte, then what it takes to give it again.

    T  ticks by reference: count u32 and the last one's time i64; they are the source's next
    R  ticks in full, of a source that cannot be asked again: columns of time i64, price i32,
       size i32, side i8, one after the other
    B  beat: u32 that is 0, time i64
    W  warm-up: on u8, gap u8
    O  another contract from the next tick on
    E  the data ended
    F  fill, C command, N note: JSON

A command is its class's name and its fields, so a new one needs nothing here. Notes are no inputs:
they say what happened to the process.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine import commands
from engine.commands import Command
from engine.events import Fill
from engine.ticks import TickColumns
from trading.errors import JournalError
from trading.pipeline.core import Acted, Beat, Finish, Roll, WarmUp

_TICKS: Final = struct.Struct("<cIq")
_BEAT: Final = _TICKS
_WARM: Final = struct.Struct("<cBB")
COMMANDS: Final = {
    kind.__name__: kind
    for kind in vars(commands).values()
    if isinstance(kind, type) and issubclass(kind, Command)
}
COLUMNS: Final = tuple(map(np.dtype, ("<i8", "<i4", "<i4", "i1")))
TICK_BYTES: Final = sum(kind.itemsize for kind in COLUMNS)


@dataclass(frozen=True, slots=True)
class Reference:
    """The source's next `count` ticks, the last of them at `last` (UTC ns)."""

    count: int
    last: int


USUAL: Final = _TICKS.size
"""Bytes of the records that come by the hundred thousand: references and beats."""


@dataclass(frozen=True, slots=True, eq=False)
class Steady:
    """References and beats one after the other: of a beat the count is 0."""

    counts: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]

    def records(self) -> Iterator["Reference | Beat"]:
        """One by one."""
        for count, ts in zip(self.counts.tolist(), self.times.tolist(), strict=True):
            yield Reference(count, ts) if count else Beat(ts)


def steady(frames: bytes, head: int) -> Steady:
    """The records of frames that all have `USUAL` bytes after `head` ones."""
    kind = np.dtype([("head", f"V{head}"), ("kind", "S1"), ("count", "<u4"), ("ts", "<i8")])
    found = np.frombuffer(frames, kind)
    beats = found["kind"] == b"B"
    if not (beats | (found["kind"] == b"T")).all():
        unknown = found["kind"][~beats & (found["kind"] != b"T")][0]
        raise JournalError(f"a record is of kind {unknown!r}, which this version does not know")
    counts = np.where(beats, 0, found["count"]).astype(np.int64)
    return Steady(counts, found["ts"].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Note:
    """What happened to the process: `kind`, and more about it."""

    kind: str
    details: dict[str, Any]


Record = Reference | Acted | Note


def encode(item: Record) -> bytes:
    """The record of an input; of ticks in full."""
    match item:
        case Reference(count, last):
            return _TICKS.pack(b"T", count, last)
        case Beat(ts):
            return _BEAT.pack(b"B", 0, ts)
        case TickColumns():
            times, price, size, side = item
            return b"R" + times.tobytes() + price.tobytes() + size.tobytes() + side.tobytes()
        case WarmUp(on, gap):
            return _WARM.pack(b"W", on, gap)
        case Roll():
            return b"O"
        case Finish():
            return b"E"
        case Fill():
            return b"F" + _text(asdict(item))
        case Command():
            return b"C" + _text({"command": type(item).__name__, **asdict(item)})
        case Note(kind, details):
            return b"N" + _text({"note": kind, **details})


def decode(record: bytes) -> Record:
    """The input of a record. JournalError when it is of a kind that this version does not know."""
    kind = record[:1]
    try:
        match kind:
            case b"T":
                _, count, last = _TICKS.unpack(record)
                return Reference(count, last)
            case b"B":
                return Beat(_BEAT.unpack(record)[2])
            case b"R":
                return _columns(record)
            case b"W":
                _, on, gap = _WARM.unpack(record)
                return WarmUp(bool(on), bool(gap))
            case b"O":
                return Roll()
            case b"E":
                return Finish()
            case b"F":
                return Fill(**json.loads(record[1:]))
            case b"C":
                return _command(json.loads(record[1:]))
            case b"N":
                found = json.loads(record[1:])
                return Note(found.pop("note"), found)
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise JournalError(f"a record of kind {kind!r} cannot be read: {error}") from None
    raise JournalError(f"a record is of kind {kind!r}, which this version does not know")


def _command(found: dict[str, Any]) -> Command:
    name = found.pop("command")
    kind = COMMANDS.get(name)
    if kind is None:
        raise JournalError(f"a command is a {name}, which this version does not know")
    return kind(**found)


def _columns(record: bytes) -> TickColumns:
    count, rest = divmod(len(record) - 1, TICK_BYTES)
    if rest:
        raise ValueError(f"{len(record) - 1} bytes are no whole ticks")
    columns, at = [], 1
    for kind in COLUMNS:
        columns.append(np.frombuffer(record, kind, count, at).copy())
        at += count * kind.itemsize
    return TickColumns(*columns)


def _text(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), default=int).encode()
