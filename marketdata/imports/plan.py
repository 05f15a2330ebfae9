"""What an import would store, worked out before anything is stored."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from engine.ticks import NS
from marketdata.calendars import CalendarSchedule, schedule
from marketdata.errors import ImportRefused, StoreError
from marketdata.feeds.files import open_file
from marketdata.feeds.files.reading import reading
from marketdata.feeds.files.recording import Recording
from marketdata.imports.fronts import fronts
from marketdata.imports.progress import Advance
from marketdata.imports.scan import DayScan, Scan, check, said, scan
from marketdata.sides import INFERENCES
from marketdata.store import DayInfo, TickStore

FRONT: Final = "front"
PARTIAL_NS: Final = 15 * 60 * NS
"""A day whose first tick is later after the open, or last earlier before the close, is partial."""

State = Literal["new", "replace", "same"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the operator says of a file. `contract` may be "front": each day's busiest outright.
    `timezone` is that of times without one, `scale` multiplies prices of a .scid file, `first` and
    `last` are trading days. `any_hours` takes trades while the market was closed."""

    symbol: str | None = None
    contract: str | None = None
    side: str | None = None
    timezone: str | None = None
    scale: Decimal = Decimal(1)
    first: date = date.min
    last: date = date.max
    replace: bool = False
    any_hours: bool = False


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A day to be stored. `same`: it is stored already, from the same file in the same way."""

    info: DayInfo
    scan: DayScan
    recording: Recording
    state: State


@dataclass(frozen=True, slots=True)
class Plan:
    """All days of a file, in order."""

    path: Path
    options: ImportOptions
    schedule: CalendarSchedule
    days: tuple[PlannedDay, ...]
    stamp: tuple[int, int]
    """Size and time of change of the file, as it was read."""


def plan(
    store: TickStore,
    path: Path,
    options: ImportOptions,
    now: int,
    advance: Advance | None = None,
) -> Plan:
    """Read the file once. FeedError, StoreError or ImportRefused, in one line, when it cannot be
    imported as a whole. `now`: UTC ns."""
    path = Path(path)
    stamp = file_stamp(path)
    first = _opened(path, options, None if options.contract == FRONT else options.contract)
    times = schedule(first.instrument, "all")
    days: list[PlannedDay] = []
    digest = _digest(path)
    for recording, only in _recordings(path, options, first, times):
        found = scan(recording, times, now, advance)
        _require_zone(recording, options)
        check(recording, found, any_hours=options.any_hours)
        for day, entry in found.days.items():
            if options.first <= day.day <= options.last and (only is None or day.day in only):
                info = _info(recording, options, found, entry, digest)
                days.append(PlannedDay(info, entry, recording, _state(store, info, options)))
    if not days:
        raise ImportRefused(f"{path}: has no trades from {options.first} to {options.last}")
    _require_free(path, days, options)
    days.sort(key=lambda each: each.info.day)
    return Plan(path, options, times, tuple(days), stamp)


def file_stamp(path: Path) -> tuple[int, int]:
    """Size and time of change: equal stamps, equal contents."""
    with reading(path):
        status = path.stat()
    return status.st_size, status.st_mtime_ns


def _opened(path: Path, options: ImportOptions, contract: str | None) -> Recording:
    timezone = "UTC" if options.timezone is None else options.timezone
    recording = open_file(path, options.symbol, contract, options.side, timezone, options.scale)
    if contract is None and options.contract != FRONT and len(recording.alternatives) > 1:
        raise ImportRefused(
            f"{path}: holds several contracts ({', '.join(recording.alternatives)}); choose one "
            "with --contract, or each day's busiest with --contract front"
        )
    _require_zone(recording, options)
    return recording


def _recordings(
    path: Path, options: ImportOptions, first: Recording, times: CalendarSchedule
) -> list[tuple[Recording, set[date] | None]]:
    """The contracts to read, each with the days on which it is taken (None: all)."""
    if options.contract != FRONT:
        return [(first, None)]
    chosen = fronts(first, times)
    if not chosen:
        raise ImportRefused(f"{path}: does not name its contracts; leave --contract front out")
    return [
        (
            _opened(path, options, name),
            {day for day, contract in chosen.items() if contract == name},
        )
        for name in dict.fromkeys(chosen.values())
    ]


def _require_zone(recording: Recording, options: ImportOptions) -> None:
    if options.timezone is None and recording.info.timezone.endswith("assumed"):
        raise ImportRefused(
            f"{recording.path}: its times name no time zone; say which with --timezone "
            "(UTC, America/Chicago, America/New_York)"
        )


def _state(store: TickStore, info: DayInfo, options: ImportOptions) -> State:
    if not store.has(info.symbol, info.day):
        return "new"
    try:
        return "same" if is_stored(store, info) else "replace"
    except StoreError:
        if not options.replace:
            raise
        return "replace"


def is_stored(store: TickStore, info: DayInfo) -> bool:
    """Whether the day is in the store, as this import makes it."""
    if not store.has(info.symbol, info.day):
        return False
    stored = store.read(info.symbol, info.day)
    return stored.info.digest == info.digest and not stored.journalled


def _require_free(path: Path, days: list[PlannedDay], options: ImportOptions) -> None:
    taken = sorted(each.info.day for each in days if each.state == "replace")
    if taken and not options.replace:
        span = f"{taken[0]}" if len(taken) == 1 else f"{taken[0]} to {taken[-1]}"
        raise ImportRefused(
            f"{path}: {len(taken)} of its {len(days)} days are in the tick store already, from "
            f"elsewhere ({span}); take others with --from and --to, or these with --replace"
        )


def _info(
    recording: Recording, options: ImportOptions, found: Scan, day: DayScan, digest: str
) -> DayInfo:
    feed, spec = recording.info, recording.instrument
    own = recording.origin
    marks = recording.marks(day.day.start, day.day.end)
    return DayInfo(
        symbol=spec.symbol,
        day=day.day.day,
        contract=feed.contract,
        tick=spec.tick,
        lot=spec.lot,
        source=f"import {feed.source}" if own is None else own.source,
        side="inferred" if "inferred" in marks else "aggressor",
        synthetic="synthetic" in marks,
        warnings=tuple(_warnings(recording, options, found, day)),
        digest=_way(digest, recording, options),
    )


def _warnings(
    recording: Recording, options: ImportOptions, found: Scan, day: DayScan
) -> Iterator[str]:
    feed, symbol = recording.info, recording.instrument.symbol
    if options.contract == FRONT:
        yield f"took {feed.contract}, the outright with the most volume of this day"
    yield from feed.warnings
    if recording.infer:
        text = INFERENCES[recording.infer]
        yield text + f"; {day.sideless:,} of {day.ticks:,} have none" * bool(day.sideless)
    if feed.timezone.endswith("assumed"):
        yield f"times were read as {options.timezone}"
    lost = {
        reason: n for reason, n in found.counts.dropped.items() if n and reason != "other_contract"
    }
    if lost:
        each = ", ".join(f"{n:,} {reason}" for reason, n in lost.items())
        yield f"of the whole file were dropped: {each}"
    if day.late:
        yield f"{day.late:,} ticks are more than a second late"
    if day.closed:
        yield f"{day.closed:,} ticks lie where {symbol} was closed"
    if day.first > day.day.open + PARTIAL_NS:
        late = _length(day.first - day.day.open)
        yield f"partial: begins {late} after the open, {said(day.first)}"
    if day.last < day.day.close - PARTIAL_NS:
        early = _length(day.day.close - day.last)
        yield f"partial: ends {early} before the close, {said(day.last)}"


def _length(ns: int) -> str:
    minutes = ns // (60 * NS)
    return f"{minutes // 60} h {minutes % 60:02} min"


def _digest(path: Path) -> str:
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _way(digest: str, recording: Recording, options: ImportOptions) -> str:
    """The file's digest together with all that makes other ticks of the same file."""
    feed = recording.info
    way = (digest, feed.symbol, feed.contract, recording.infer, feed.timezone, str(options.scale))
    return hashlib.sha256(repr(way).encode()).hexdigest()[:32]
