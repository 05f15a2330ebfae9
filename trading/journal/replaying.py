"""The inputs of a run again, as few as possible.

- Ticks that came one after the other are pushed together, and a beat between them is left out when
  no later tick is earlier than it: an engine says the same whatever the pieces, and time that has
  been shown by a tick need not be shown by a beat.
- Ticks by reference are asked of their source and compared with what was noted of them. If the
  source has less (a machine that lost its power may lose ticks that were referred to), what was
  heard after the last that is there is left out, ticks and beats, and comes again as what a feed
  missed; what people and the broker said is kept. The note of the restart says so, so that every
  later replay does the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.commands import Command
from engine.ticks import TickColumns, joined, part
from trading.errors import JournalError
from trading.journal.files import Header
from trading.journal.reading import JournalFile
from trading.journal.records import Note, Record, Reference, Steady
from trading.pipeline.core import Acted, Beat, Finish, WarmUp

PIECE: Final = 1 << 16
"""Ticks of one push: some milliseconds."""
Source = Callable[[Header], Iterator[TickColumns]]
"""The ticks of a file's day, from the first on."""


@dataclass(kw_only=True)
class Replay:
    """A run's inputs, in order, and where they lead.

    `at` ticks of the source's day `day` have been taken; `warming` is whether they ended in a
    warm-up, `warmed` whether the one of the start was over. `commands` are the ids of those that
    were executed. `lost`: where in the last file ticks are missing (see the module's rules).
    """

    header: Header
    inputs: list[Acted] = field(default_factory=list)
    day: date = date.min
    at: int = 0
    ticks: int = 0
    warming: bool = False
    warmed: bool = True
    finished: bool = False
    commands: set[str] = field(default_factory=set)
    lost: dict[str, int] | None = None
    notes: list[Note] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """How many ticks were referred to that the source does not have."""
        return 0 if self.lost is None else self.lost["missing"]


def replay(journals: Sequence[JournalFile], source: Source) -> Replay:
    """The inputs of a run's files. JournalError when the source gives other ticks than it did."""
    made = Replay(header=journals[0].header)
    for journal in journals:
        made.day, made.at, made.lost = journal.header.day, journal.header.first, None
        _file(made, journal, source)
    return made


def _file(made: Replay, journal: JournalFile, source: Source) -> None:
    ticks = _Ticks(journal, source)
    items: Sequence[Record | Steady | None] = list(journal.items())
    if _short(items, made.at, ticks):
        items = _without_lost(list(journal.records()))
    began = made.at
    beats: list[Steady] = []  # of beats, the counts are those of the ticks before

    def flush() -> None:
        nonlocal began
        if made.at > began or beats:
            made.inputs += _merged(ticks.all(), began, made.at, beats)
        made.ticks += made.at - began
        began = made.at
        beats.clear()

    for number, item in enumerate(items):
        match item:
            case Steady(counts, times):
                told = made.at + np.cumsum(counts)
                ticks.check_all(told[counts > 0], times[counts > 0])
                beats.append(Steady(told[counts == 0], times[counts == 0]))
                made.at = int(told[-1])
            case Reference(count, last):
                there = ticks.check(made.at, count, last)
                if made.lost is not None:
                    made.lost["missing"] += count
                    continue
                made.at += there
                if there < count:
                    last = int(ticks.all().ts[made.at - 1]) if there else 0
                    made.lost = {
                        "from": number, "kept": there, "last": last, "missing": count - there
                    }  # fmt: skip
            case Beat(ts):
                if made.lost is None:
                    beats.append(Steady(np.array([made.at]), np.array([ts])))
            case Note():
                made.notes.append(item)
            case None:
                pass
            case _:
                flush()
                made.inputs.append(item)
                _remember(made, item)
    flush()


def _short(items: Sequence[Record | Steady | None], at: int, ticks: "_Ticks") -> bool:
    """Whether ticks are missing, or were at a restart: then it is looked at one by one."""
    if any(isinstance(item, Note) and item.details.get("lost") for item in items):
        return True
    wanted = sum(int(item.counts.sum()) for item in items if isinstance(item, Steady))
    return wanted > 0 and at + wanted > len(ticks.all().ts)


def _remember(made: Replay, item: Acted) -> None:
    match item:
        case WarmUp(on, gap):
            made.warming = on
            made.warmed = made.warmed if gap else not on
        case Command():
            made.commands.add(item.id)
        case Finish():
            made.finished = True
        case TickColumns():
            made.ticks += len(item.ts)


def _without_lost(records: list[Record]) -> list[Record | None]:
    """What a restart could not replay is left out, as it was then."""
    left: list[Record | None] = list(records)
    for number, record in enumerate(records):
        if isinstance(record, Note) and record.kind == "restarted" and record.details.get("lost"):
            lost = record.details["lost"]
            for each in range(lost["from"], number):
                if isinstance(left[each], Reference | Beat):
                    left[each] = None
            if lost["kept"]:
                left[lost["from"]] = Reference(lost["kept"], lost["last"])
    return left


class _Ticks:
    """The ticks of a file's day, read when the first is asked for."""

    def __init__(self, journal: JournalFile, source: Source) -> None:
        self._journal = journal
        self._source = source
        self._all: TickColumns | None = None

    def all(self) -> TickColumns:
        if self._all is None:
            blocks = list(self._source(self._journal.header))
            self._all = joined(blocks) if blocks else NOTHING
        return self._all

    def check(self, at: int, count: int, last: int) -> int:
        """How many of `count` ticks from `at` on are there; JournalError when they are others."""
        times = self.all().ts
        there = max(0, min(count, len(times) - at))
        if there == count and times[at + count - 1] != last:
            raise JournalError(
                f"{self._journal.path}: tick {at + count:,} of {self._journal.header.day} was at "
                f"{last} when it was acted on, and its source now has it at {times[at + count - 1]}"
                "; was the day repaired or downloaded again since?"
            )
        return there

    def check_all(self, ends: npt.NDArray[np.int64], times: npt.NDArray[np.int64]) -> None:
        """The same of many references, whose ticks are all there."""
        if not len(ends):
            return
        other = self.all().ts[ends - 1] != times
        if other.any():
            at = int(other.argmax())
            self.check(int(ends[at]) - 1, 1, int(times[at]))


NOTHING: Final = TickColumns(
    np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int8)
)


def _merged(ticks: TickColumns, start: int, end: int, beats: Sequence[Steady]) -> Iterator[Acted]:
    """The ticks [start, end) and the beats that must stand between or after them."""
    at = start
    for index, ts in _needed(ticks, start, end, beats):
        yield from _pieces(ticks, at, index)
        yield Beat(ts)
        at = index
    yield from _pieces(ticks, at, end)


def _needed(
    ticks: TickColumns, start: int, end: int, beats: Sequence[Steady]
) -> list[tuple[int, int]]:
    """The beats that no tick makes superfluous: those ahead of a later tick, and the last."""
    if not beats:
        return []
    at = np.concatenate([each.counts for each in beats])
    told = np.concatenate([each.times for each in beats])
    later = np.minimum.accumulate(ticks.ts[start:end][::-1])[::-1]
    later = np.append(later, np.iinfo(np.int64).max)
    needed = later[at - start] < told
    last = np.flatnonzero(at == end)
    if len(last):
        needed[last[np.argmax(told[last])]] = True
    return list(zip(at[needed].tolist(), told[needed].tolist(), strict=True))


def _pieces(ticks: TickColumns, start: int, end: int) -> Iterator[TickColumns]:
    for first in range(start, end, PIECE):
        yield part(ticks, slice(first, min(first + PIECE, end)))
