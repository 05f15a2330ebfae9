"""Recorded ticks into the tick store: `manage.py ticks import`.

    plan.py     reads a file once and says what would be stored, or why not
    scan.py     what speaks against a file
    days.py     ticks cut into trading days
    fronts.py   the front month of each day

>>> plan = plan_import(store, Path("es.dbn.zst"), ImportOptions(), now)     # doctest: +SKIP
>>> [day.info.day for day in store_days(store, plan)]                       # doctest: +SKIP
[datetime.date(2025, 11, 20), datetime.date(2025, 11, 21)]

A file is read twice: nothing is stored before the whole of it was found good. Each day is then
stored at once or not at all, so an import that was interrupted goes on where it was.
"""

from collections.abc import Iterator

from marketdata.errors import ImportRefused
from marketdata.feeds import StoredTicks
from marketdata.imports.days import DayStream
from marketdata.imports.plan import (
    FRONT,
    ImportOptions,
    Plan,
    PlannedDay,
    file_stamp,
    is_stored,
)
from marketdata.imports.plan import plan as plan_import
from marketdata.imports.progress import Advance
from marketdata.store import TickStore

__all__ = ["FRONT", "ImportOptions", "Plan", "PlannedDay", "is_stored", "plan_import", "store_days"]


def store_days(
    store: TickStore, plan: Plan, advance: Advance | None = None
) -> Iterator[PlannedDay]:
    """Store the plan's days but for those that are stored; each is yielded when it is on disk.

    ImportRefused when the file is no longer what it was, without storing the day.
    """
    streams: dict[int, DayStream] = {}
    for day in plan.days:
        if day.state == "same":
            continue
        recording = day.recording
        if id(recording) not in streams:
            streams[id(recording)] = DayStream(recording.stored(), plan.schedule)
        ticks = _as_planned(plan, day, streams[id(recording)].of(day.scan.day), advance)
        store.write(day.info, ticks, replace=plan.options.replace)
        yield day


def _as_planned(
    plan: Plan, day: PlannedDay, blocks: Iterator[StoredTicks], advance: Advance | None
) -> Iterator[StoredTicks]:
    count = volume = 0
    for block in blocks:
        count += len(block.ts_event)
        volume += int(block.size.sum(dtype="int64"))
        if advance is not None:
            advance(day.recording.progress)
        yield block
    if (count, volume) != (day.scan.ticks, day.scan.volume) or file_stamp(plan.path) != plan.stamp:
        raise ImportRefused(f"{plan.path}: changed while it was read; run the import again")
