"""Keeps every input before the engine has it.

- What is kept is with the operating system at once, and on disk twice a second and whenever `sync`
  is called, as it is before an order leaves (`marketdata/store/durable.py`).
- A trading day begins with its first tick. Before that acts, the day before is brought to its end
  by a beat, which is an input like any other and changes nothing that the tick would not, and a new
  file begins with what the engine carries over.
- What cannot be kept raises JournalError, and must not be acted on.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from engine.ticks import TickColumns, part
from marketdata.calendars import CalendarSchedule
from marketdata.store import frames
from marketdata.store.durable import DurableFile
from trading.errors import JournalError
from trading.journal import files
from trading.journal.files import FRAME, Header
from trading.journal.records import USUAL, Note, Record, Reference, encode
from trading.pipeline.core import Acted, Beat, Engine
from trading.pipeline.rows import carry_json

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)


class Recording:
    """The journal of a run that is going on, appended to the file at `path`.

    `by_reference`: whether ticks that are in no tick store come from a source that can be asked for
    them again; else they are kept in full. `sync` may be called from any thread.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        schedule: CalendarSchedule,
        *,
        by_reference: bool,
    ) -> None:
        self.path = path
        self.header = header
        self.by_reference = by_reference
        self._schedule = schedule
        self._ends = _end_of(schedule, header)
        self._file = _opened(path)
        self._changing = threading.Lock()  # of the file, while another thread syncs

    def keep(self, item: Acted, stored: bool = False) -> bool:
        """Keep an input. False, and nothing is kept, when it begins another trading day: it is to
        be acted on in `parts`. `stored`: ticks that the tick store has."""
        if isinstance(item, TickColumns):
            count, times = len(item.ts), item.ts
            if not count:
                return True
            if (times[0] if count == 1 else times.max()) >= self._ends:
                return False
            if stored or self.by_reference:
                self._append(Reference(count, int(times[-1])))
                return True
        self._append(item)
        return True

    def parts(self, ticks: TickColumns, engine: Engine, stored: bool = False) -> Iterator[Acted]:
        """Ticks of more than one trading day in the parts in which they are to be acted on, each
        kept before it is given, and to be acted on before the next is asked for."""
        while len(ticks.ts):
            over = ticks.ts >= self._ends
            upto = int(over.argmax()) if over.any() else len(ticks.ts)
            now = part(ticks, slice(upto))
            if upto and self.keep(now, stored):
                yield now
            ticks = part(ticks, slice(upto, None))
            if len(ticks.ts):
                day = self._schedule.at(int(ticks.ts[0]))
                ends = Beat(day.start)
                self._append(ends)
                yield ends
                self._next_day(day.day, engine)

    def note(self, kind: str, **details: Any) -> None:
        """Say what happens to the process."""
        self._append(Note(kind, details))

    def end(self, open_: str) -> None:
        """The process is done with the run. With nothing open (`open_` is "") the run is over;
        else the next start goes on with it."""
        if open_:
            self.note("stopped", open=open_)
        else:
            self.note("ended")
        self.close()

    def sync(self) -> None:
        """Return when everything that was kept is on disk."""
        with self._changing, _one_line(self.path):
            self._file.sync()

    def close(self) -> None:
        """On disk and done. May be called twice."""
        with self._changing, _one_line(self.path):
            self._file.close()

    def _next_day(self, day: date, engine: Engine) -> None:
        header = replace(
            self.header,
            part=self.header.part + 1,
            day=day,
            carry=carry_json(engine.carry()),
            first=0,
            open=held(engine.status()),
        )
        path = files.create(header)
        self.note("continued", day=day.isoformat())
        with self._changing, _one_line(self.path):
            self._file.close()
            self.path, self.header = path, header
            self._ends = _end_of(self._schedule, header)
            self._file = _opened(path)
        log.info("journal_begun", path=str(path))

    def _append(self, item: Record) -> None:
        data = encode(item)
        try:
            self._file.append(frames.encode(FRAME, len(data), data))
        except OSError as error:
            raise _refused(self.path, error) from error


def held(status: "Status") -> str:
    """What is open; "" when nothing is."""
    if status.position is not None:
        return f"position of {status.position.trade_id}"
    return f"order {status.waiting.id}" if status.waiting is not None else ""


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> JournalError:
    return JournalError(f"{path}: cannot be written: {error.strerror or error}")


def _end_of(schedule: CalendarSchedule, header: Header) -> int:
    day = schedule.day(header.day)
    if day is None:
        raise JournalError(f"{header.day} is no trading day of {header.symbol}")
    return day.end


def _opened(path: Path) -> DurableFile:
    """The file, what is torn at its end cut off."""
    with _one_line(path):
        data = path.read_bytes()
        _, start = files.header_of(data, path)
        found = frames.scan(data, start, FRAME, 1, files.MOST_BYTES, usual=USUAL)
        file = os.open(path, os.O_RDWR | os.O_APPEND)
        if found.torn:
            log.warning("journal_torn_tail_cut", path=str(path), bytes=found.torn)
            os.ftruncate(file, found.end)
            os.fsync(file)
        return DurableFile(file, path, found.end)
