"""Where input journals are, and what stands at their beginning.

    DATA_DIR/journal/<account>/<yyyymmdd>-<number>.jrn

A file is one run's part of one trading day. A run is what one engine was given from its start to
its end, over as many processes as it took; on each new trading day it goes on in a new file. The
header has everything that an engine is begun with, so that each file can be replayed by itself,
unless something was open when its day began: then its header says so, and a replay begins with the
file before.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

import engine
from marketdata.errors import StoreError
from marketdata.store import frames
from marketdata.store.files import replacing
from trading.errors import JournalError

MAGIC: Final = b"INPTJRN1"
FRAME: Final = b"INPF"
MOST_BYTES: Final = 1 << 26
"""Of a record."""
FORMAT: Final = 1
SUFFIX: Final = ".jrn"


@cache
def code_digest() -> str:
    """12 hex digits that name the engine's code: the same inputs give the same with the same."""
    there = Path(engine.__file__).parent
    summed = hashlib.sha256()
    for path in sorted(there.rglob("*.py")):
        summed.update(path.relative_to(there).as_posix().encode() + path.read_bytes())
    return summed.hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Header:
    """What an engine was begun with, and where its ticks are.

    `run` names the run, `part` counts its trading days. `first` is how many of the day's ticks in
    the source came before the first that is referred to. `open` says what was open when the day
    began; "": nothing.
    """

    run: str
    part: int
    account: str
    mode: str
    simulated: bool
    symbol: str
    contract: str
    day: date
    hours: str
    session: int  # key of the session that the run was begun with
    start: int  # which of its starts
    config: Mapping[str, Any]
    digest: str
    rules: str
    carry: Mapping[str, Any]
    feed: Mapping[str, Any]
    source: str
    live: bool
    speed: str
    first: int = 0
    open: str = ""
    code: str = field(default_factory=code_digest)
    format: int = FORMAT

    def as_json(self) -> bytes:
        return json.dumps({**asdict(self), "day": self.day.isoformat()}).encode()


def folder() -> Path:
    """Of all journals."""
    return Path(settings.DATA_DIR) / "journal"


def paths(account: str) -> list[Path]:
    """The account's journals, in the order in which they were begun on each day."""
    found = (path for path in (folder() / account).glob(f"*{SUFFIX}") if _named(path))
    return sorted(found, key=_named)


def day_of(path: Path) -> date:
    """The trading day of a journal."""
    return _named(path)[0]


def create(header: Header) -> Path:
    """A new journal without records, on disk. JournalError when it cannot be."""
    there = folder() / header.account
    numbers = [number for day, number in map(_named, paths(header.account)) if day == header.day]
    path = there / f"{header.day:%Y%m%d}-{max(numbers, default=0) + 1}{SUFFIX}"
    try:
        with replacing(path) as unfinished:
            unfinished.write_bytes(frames.header(MAGIC, header.as_json()))
    except StoreError as error:
        raise JournalError(str(error)) from error
    return path


def read_header(path: Path) -> Header:
    """The header alone, of a file that may be large."""
    try:
        with path.open("rb") as file:
            data = file.read(frames.HEADER_BYTES)
            data += file.read(frames.header_length(data))
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error
    return header_of(data, path)[0]


def header_of(data: bytes, path: Path) -> tuple[Header, int]:
    """The header of a journal's bytes, and where its records begin."""
    try:
        content, start = frames.read_header(data, MAGIC)
    except frames.OtherFile:
        raise JournalError(f"{path}: is no input journal") from None
    except ValueError as error:
        raise JournalError(f"{path}: {error}") from None
    try:
        found = json.loads(content)
        if found["format"] != FORMAT:
            raise JournalError(
                f"{path}: is of format {found['format']}, and this version reads {FORMAT}; read it "
                "with the version that wrote it"
            )
        return Header(**found | {"day": date.fromisoformat(found["day"])}), start
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalError(f"{path}: its header is not ours ({error})") from None


def _named(path: Path) -> tuple[date, int]:
    day, _, number = path.stem.partition("-")
    if len(day) == 8 and day.isdecimal() and number.isdecimal():
        return date(int(day[:4]), int(day[4:6]), int(day[6:])), int(number)
    return date.min, 0
