"""A journal as lines of text."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from engine.commands import Command
from engine.events import Fill
from engine.ticks import TickColumns
from engine.times import time_text
from trading.errors import JournalError
from trading.journal import files
from trading.journal.reading import JournalFile, is_over
from trading.journal.records import Note, Record, Reference
from trading.pipeline.core import Beat, WarmUp


def listed(account: str) -> Iterator[str]:
    """An account's journals, a line each; JournalError when it has none."""
    found = files.paths(account)
    if not found:
        raise JournalError(f"{account}: has no journal in {files.folder() / account}")
    for path in found:
        header = files.read_header(path)
        state = "over" if is_over(path) else "NOT over: the next start goes on with it"
        size = path.stat().st_size
        yield f"{path}  run {header.run[:8]}  {header.source}  {size:,} bytes  {state}"


def lines(path: Path) -> Iterator[str]:
    """What is in a journal; references and beats that come together in one line."""
    journal = JournalFile(path)
    header = journal.header
    yield f"run {header.run}, part {header.part}: {header.symbol} {header.day} of {header.source}"
    yield f"session {header.session}, start {header.start}, configuration {header.digest}"
    yield f"open when the day began: {header.open or 'nothing'}"
    ticks = beats = last = 0
    for number, record in enumerate(journal.records(), 1):
        match record:
            case Reference(count, ts):
                ticks, last = ticks + count, ts
            case Beat(ts):
                beats, last = beats + 1, ts
            case _:
                if ticks or beats:
                    yield _heard(ticks, beats, last)
                    ticks = beats = 0
                yield f"{number:>9,}  {_text(record)}"
    if ticks or beats:
        yield _heard(ticks, beats, last)
    if journal.torn:
        yield f"{journal.torn} bytes at the end are torn, and were acted on by nobody"


def _heard(ticks: int, beats: int, last: int) -> str:
    return f"           {ticks:,} ticks, {beats:,} beats, up to {_time(last)}"


def _text(record: Record) -> str:
    match record:
        case TickColumns():
            return f"{len(record.ts):,} ticks in full, up to {_time(int(record.ts[-1]))}"
        case WarmUp(on, gap):
            return f"warm-up {'on' if on else 'off'}" + (" (a gap)" if gap else "")
        case Fill() | Command():
            fields = ", ".join(f"{name}={value}" for name, value in asdict(record).items())
            return f"{type(record).__name__} at {_time(record.ts)}: {fields}"
        case Note(kind, details):
            more = ", ".join(f"{name}={value}" for name, value in details.items())
            return f"-- {kind} {more}".rstrip()
        case _:
            return type(record).__name__


def _time(ts: int) -> str:
    return time_text(ts)
