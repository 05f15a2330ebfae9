"""What is to be done now: pure functions of the time, of what was done, and of the calendar.

A job of a trading day has a window, from when it is due until it is of no use any more. It is due
when the window is open and

- nobody has done it or begun it, or
- it failed, and its back-off is over, or
- who did it has not been heard of for as long as a lease lasts,

and, of the last two, it was not tried as often as it may be.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol

from engine.schedule import TradingDay
from marketdata.calendars import NEW_YORK, RTH_CLOSE, new_york
from marketdata.models import moment
from trading.schedule.table import BEFORE_FLATTEN, CAUGHT_UP, ORDER, TABLE, Definition, backoff

LEASE: Final = timedelta(seconds=60)
RUNNING: Final = "running"
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time(0)


class Job(Protocol):
    """A row of `trading.models.Job`. Days before `updated_at` are not missed."""

    @property
    def name(self) -> str: ...
    @property
    def at(self) -> time: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def updated_at(self) -> datetime: ...


class Run(Protocol):
    """A row of `trading.models.JobRun`. One that runs and has `finished_at` waits to be tried
    again."""

    @property
    def job(self) -> str: ...
    @property
    def day(self) -> date: ...
    @property
    def status(self) -> str: ...
    @property
    def attempts(self) -> int: ...
    @property
    def seen_at(self) -> datetime: ...
    @property
    def finished_at(self) -> datetime | None: ...


class Calendar(Protocol):
    """`marketdata.calendars.CalendarSchedule`."""

    def day(self, day: date) -> TradingDay | None: ...


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a job of a trading day is of use: from `due_at`, before `until`."""

    job: str
    day: date
    due_at: datetime
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is to be done now, for the `attempt`th time."""

    window: Window
    attempt: int

    @property
    def job(self) -> str:
        return self.window.job

    @property
    def day(self) -> date:
        return self.window.day


def due(
    now: datetime,
    runs: Iterable[Run],
    jobs: Iterable[Job],
    calendar: Calendar,
    *,
    lease: timedelta = LEASE,
) -> list[Due]:
    """What is to be done now, in order. `runs`: those of the last CAUGHT_UP days at least."""
    known = _by_key(runs)
    found = []
    for job in _enabled(jobs):
        for window in windows(job, _days(job, known, now), calendar):
            if window.due_at <= now < window.until:
                attempt = _attempt(known.get((job.name, window.day)), now, lease)
                if attempt:
                    found.append(Due(window=window, attempt=attempt))
    return sorted(found, key=lambda each: (each.window.due_at, ORDER[each.job]))


def missed(
    now: datetime, runs: Iterable[Run], jobs: Iterable[Job], calendar: Calendar
) -> list[Window]:
    """What nobody began while it was of use, on days since the first that is known."""
    known = _by_key(runs)
    if not known:
        return []
    first = max(min(day for _, day in known), today(now) - CAUGHT_UP * _DAY)
    return [
        window
        for job in _enabled(jobs)
        for window in windows(job, _each(first, today(now)), calendar)
        if job.updated_at <= window.due_at < window.until <= now
        and (job.name, window.day) not in known
    ]


def given_up(
    now: datetime,
    runs: Iterable[Run],
    jobs: Iterable[Job],
    calendar: Calendar,
    *,
    lease: timedelta = LEASE,
) -> list[tuple[Run, str]]:
    """Runs that nobody goes on with any more, and why."""
    at = {job.name: job for job in jobs}
    found = []
    for run in runs:
        if run.status != RUNNING or run.job not in TABLE or _busy(run, now, lease):
            continue
        window = next(windows(at[run.job], [run.day], calendar), None) if run.job in at else None
        if window is not None and now >= window.until:
            found.append((run, "it is of no use any more"))
        elif run.finished_at is None and run.attempts >= TABLE[run.job].attempts:
            found.append((run, "the process that did it died, each time"))
    return found


def following(now: datetime, job: Job, calendar: Calendar) -> Window | None:
    """The next time that a job comes, within two weeks."""
    days = _each(today(now), today(now) + 14 * _DAY)
    return next((each for each in windows(job, days, calendar) if each.due_at > now), None)


def windows(job: Job, days: Iterable[date], calendar: Calendar) -> Iterator[Window]:
    """The job's windows on those of the days that have one."""
    definition = TABLE[job.name]
    return (
        window
        for day in days
        if (trading := calendar.day(day)) is not None
        and (window := _window(definition, job.at, trading)) is not None
    )


def today(now: datetime) -> date:
    """The date in New York."""
    return now.astimezone(NEW_YORK).date()


def _window(definition: Definition, at: time, trading: TradingDay) -> Window | None:
    open_ = trading.open < trading.close
    if definition.session and not open_:
        return None
    earlier = new_york(trading.day, RTH_CLOSE) - trading.close if definition.moves and open_ else 0
    due_at = moment(new_york(trading.day, at) - earlier)
    return Window(
        job=definition.name, day=trading.day, due_at=due_at, until=_until(definition, trading)
    )


def _until(definition: Definition, trading: TradingDay) -> datetime:
    match definition.until:
        case "flatten":
            return moment(trading.flatten_at) - BEFORE_FLATTEN
        case "close":
            return moment(trading.close)
        case "midnight":
            return moment(new_york(trading.day + _DAY, _MIDNIGHT))
        case "days":
            return moment(new_york(trading.day + CAUGHT_UP * _DAY, _MIDNIGHT))


def _days(job: Job, known: dict[tuple[str, date], Run], now: datetime) -> Sequence[date]:
    """The days to look at: today, and, of a job that is caught up, those since the first that is
    known."""
    last = first = today(now)
    if TABLE[job.name].caught_up:
        done = [day for name, day in known if name == job.name and day <= last]
        first = max(min(done, default=last), last - CAUGHT_UP * _DAY)
    return list(_each(first, last))


def _attempt(run: Run | None, now: datetime, lease: timedelta) -> int:
    """Which attempt is to be made now; 0: none."""
    if run is None:
        return 1
    left = run.status == RUNNING and run.attempts < TABLE[run.job].attempts
    return run.attempts + 1 if left and not _busy(run, now, lease) and _rested(run, now) else 0


def _busy(run: Run, now: datetime, lease: timedelta) -> bool:
    """Whether somebody is at it, as far as is known."""
    return run.finished_at is None and now < run.seen_at + lease


def _rested(run: Run, now: datetime) -> bool:
    return run.finished_at is None or now >= run.finished_at + backoff(run.attempts)


def _enabled(jobs: Iterable[Job]) -> list[Job]:
    return [job for job in jobs if job.enabled and job.name in TABLE]


def _by_key(runs: Iterable[Run]) -> dict[tuple[str, date], Run]:
    return {(run.job, run.day): run for run in runs}


def _each(first: date, last: date) -> Iterable[date]:
    return (first + each * _DAY for each in range((last - first).days + 1))
