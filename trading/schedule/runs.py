"""Who does which job on which day, in the database.

A claim is one statement that only one process can win: the row's creation under its unique key, or
an update that names the attempt before. Whoever has it says so every few seconds from a thread;
when it dies, the lease ends, and the next look gives the run to somebody else.

Times are the trading day's; the lease is real time, since it is about how fast processes are.
"""

import threading
from datetime import date, timedelta
from types import TracebackType
from typing import Any, Final, Self

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from engine.instruments import instrument
from marketdata.calendars import CalendarSchedule, schedule
from trading import clock
from trading.models import Job, JobRun
from trading.notify import News, post
from trading.schedule.due import Due, Window, given_up, missed, today, windows
from trading.schedule.table import CAUGHT_UP, TABLE, backoff

SYMBOL: Final = "MES"
"""Whose trading days the schedule goes by."""

log = structlog.get_logger(__name__)


def calendar() -> CalendarSchedule:
    """The trading days and regular hours that jobs go by."""
    return schedule(instrument(SYMBOL), "rth")


def lease() -> timedelta:
    """How long who said nothing is still taken for alive, by the trading day's clock."""
    return timedelta(seconds=settings.SCHEDULE_LEASE_S / clock.real(1))


def jobs() -> list[Job]:
    """All jobs, in the table's order; one whose row is missing has it again, with its defaults."""
    found = {job.name: job for job in Job.objects.filter(name__in=TABLE)}
    for name, definition in TABLE.items():
        if name not in found:
            found[name], _ = Job.objects.get_or_create(name=name, defaults={"at": definition.at})
    return [found[name] for name in TABLE]


def recent() -> list[JobRun]:
    """The runs that a look needs to know."""
    since = today(clock.now()) - timedelta(days=CAUGHT_UP + 1)
    return list(JobRun.objects.filter(day__gte=since))


def window_of(name: str, day: date) -> Window | None:
    """When the job is of use on that day; None when it has none then."""
    job = next(each for each in jobs() if each.name == name)
    return next(windows(job, [day], calendar()), None)


def claim(each: Due) -> JobRun | None:
    """Take a job that is due; None when somebody else was quicker."""
    now = clock.now()
    begun = {"started_at": now, "seen_at": now, "attempts": each.attempt}
    key = {"job": each.job, "day": each.day}
    try:
        with transaction.atomic():
            if not JobRun.objects.filter(**key).exists():
                return JobRun.objects.create(**key, due_at=each.window.due_at, **begun)
    except IntegrityError:
        return None
    free = Q(finished_at__isnull=False) | Q(seen_at__lte=now - lease())
    left = JobRun.objects.filter(
        free, **key, status=JobRun.Status.RUNNING, attempts=each.attempt - 1
    )
    if not left.update(**begun, finished_at=None, result=""):
        return None
    return JobRun.objects.get(**key)


def take_anew(run: JobRun) -> JobRun | None:
    """Do a run again that is over, now and here; None while somebody is at it."""
    now = clock.now()
    free = ~Q(status=JobRun.Status.RUNNING) | Q(finished_at__isnull=False)
    mine = JobRun.objects.filter(free | Q(seen_at__lte=now - lease()), pk=run.pk)
    begun = {"started_at": now, "seen_at": now, "finished_at": None, "attempts": 1, "result": ""}
    if not mine.update(status=JobRun.Status.RUNNING, **begun):
        return None
    return JobRun.objects.get(pk=run.pk)


def put_back(run: JobRun) -> bool:
    """Have a run that is over done again by whoever looks next; False while somebody is at it."""
    over = JobRun.objects.filter(pk=run.pk).exclude(status=JobRun.Status.RUNNING)
    now = clock.now()
    return bool(
        over.update(
            status=JobRun.Status.RUNNING, attempts=0, finished_at=now, seen_at=now,
            result="asked for again",
        )
    )  # fmt: skip


class Held:
    """A run that this process does. `with held:` says so until it is over."""

    def __init__(self, run: JobRun) -> None:
        self.run = run
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._say, name="schedule-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def settle(self, status: JobRun.Status, result: str, told: News | None = None) -> bool:
        """It is over; False, and nothing is told, when it was somebody else's by then."""
        return self._keep(told, status=status, result=result)

    def again(self, result: str) -> bool:
        """It failed, and is tried again after its back-off."""
        return self._keep(None, result=result)

    def _keep(self, told: News | None, **values: Any) -> bool:
        with transaction.atomic():
            kept = self._mine().update(finished_at=clock.now(), **values)
            if kept and told is not None:
                post(told)
        if not kept:
            log.warning("job_lost", job=self.run.job, day=str(self.run.day))
        return bool(kept)

    def _mine(self) -> QuerySet[JobRun]:
        run = self.run
        return JobRun.objects.filter(
            pk=run.pk, status=JobRun.Status.RUNNING, attempts=run.attempts,
            started_at=run.started_at, finished_at=None,
        )  # fmt: skip

    def _say(self) -> None:
        try:
            while not self._over.wait(settings.SCHEDULE_LEASE_S / 4):
                try:
                    self._mine().update(seen_at=clock.now())
                except DatabaseError as error:
                    log.warning("job_lease_not_renewed", job=self.run.job, error=str(error))
                    connection.close()  # the next attempt gets a new one
        finally:
            connection.close()


def settle_lost() -> None:
    """Say of what nobody did in time, and of what nobody goes on with, that it is so."""
    now, known, all_jobs, days = clock.now(), recent(), jobs(), calendar()
    for window in missed(now, known, all_jobs, days):
        _keep_missed(window)
    for run, why in given_up(now, known, all_jobs, days, lease=lease()):
        _give_up(run.job, run.day, run.attempts, why)


def _keep_missed(window: Window) -> None:
    now = clock.now()
    with transaction.atomic():
        _, made = JobRun.objects.get_or_create(
            job=window.job,
            day=window.day,
            defaults={
                "due_at": window.due_at, "status": JobRun.Status.MISSED, "attempts": 0,
                "started_at": now, "seen_at": now, "finished_at": now,
                "result": "nobody looked while it was of use",
            },
        )  # fmt: skip
        if made:
            post(_missed(window))


def _missed(window: Window) -> News:
    return News(
        kind="job_missed",
        key=f"job_missed-{window.job}-{window.day}",
        level="warning",
        title=f"{window.job} of {window.day} was missed",
        text="Nothing looked at the schedule while it was of use: no worker or beat, or no trading "
        "process, ran.",
    )


def _give_up(job: str, day: date, attempts: int, why: str) -> None:
    mine = JobRun.objects.filter(job=job, day=day, status=JobRun.Status.RUNNING, attempts=attempts)
    before = mine.values_list("result", flat=True).first() or ""
    text = f"{why}; before: {before}" if before else why
    with transaction.atomic():
        if mine.update(status=JobRun.Status.FAILED, finished_at=clock.now(), result=text):
            post(failed(job, day, text))


def failed(
    job: str,
    day: date,
    text: str,
    *,
    critical: bool = False,
    facts: tuple[tuple[str, str], ...] = (),
) -> News:
    """A job that is not tried any more."""
    critical = critical or job == "flatten"
    return News(
        kind="job_failed",
        key=f"job_failed-{job}-{day}-{int(clock.now().timestamp())}",
        level="critical" if critical else "error",
        title=f"{job} of {day} failed",
        text=text,
        facts=facts,
    )


def next_try(run: JobRun) -> str:
    """When a run that failed is tried again, in words."""
    return f"again in {backoff(run.attempts).total_seconds():.0f} s"
