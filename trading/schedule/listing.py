"""What the schedule says to people: each job, how its run of today is, and when it comes next."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from marketdata.calendars import NEW_YORK
from trading import clock
from trading.models import Job, JobRun
from trading.schedule import runs
from trading.schedule.due import Window, following, today
from trading.schedule.work import do


@dataclass(frozen=True, kw_only=True)
class Line:
    """`run` is today's, if it was begun; `next` the next time that it comes."""

    job: Job
    run: JobRun | None
    next: Window | None


def lines() -> list[Line]:
    """Every job, in the order of the day."""
    now, days = clock.now(), runs.calendar()
    found = {run.job: run for run in JobRun.objects.filter(day=today(now))}
    rows = sorted(runs.jobs(), key=lambda job: job.at)
    return [
        Line(
            job=job,
            run=found.get(job.name),
            next=following(now, job, days) if job.enabled else None,
        )
        for job in rows
    ]


def state(run: JobRun) -> str:
    """How a run is, in a word."""
    if run.status == JobRun.Status.RUNNING and run.finished_at is not None:
        return "waiting to be tried again"
    return str(run.status)


def local(at: datetime) -> str:
    """New York time, with the day."""
    return f"{at.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}"


def traded_last(now: datetime) -> date:
    """Today, if it is a trading day, else the last one before."""
    days, day = runs.calendar(), today(now)
    return day if days.day(day) is not None else days.before(day).day


class Refused(Exception):
    """A job that cannot be done now by hand; one line with the remedy."""


def run_now(name: str, day: date, *, again: bool) -> Iterator[str]:
    """Do a job of a day in this process; lines as it gets on. Before its time it is done without a
    row, so that the schedule still does it. Refused when it was done and `again` does not say so,
    when somebody is at it, or when the job has no place on that day."""
    window = runs.window_of(name, day)
    if window is None:
        raise Refused(f"{name} has no place on {day}: no trading day, or no regular hours")
    now = clock.now()
    if now < window.due_at:
        run = JobRun(job=name, day=day, due_at=window.due_at, started_at=now, seen_at=now)
        yield f"{name} of {day}, before its time: it comes again at {local(window.due_at)}"
        yield do(run)
        return
    before = JobRun.objects.filter(job=name, day=day).first()
    if before is None:
        run_, _ = JobRun.objects.get_or_create(
            job=name,
            day=day,
            defaults={
                "due_at": window.due_at, "started_at": now, "seen_at": now, "finished_at": now,
                "attempts": 0,
            },
        )  # fmt: skip
        before = run_
    elif before.status != JobRun.Status.RUNNING and not again:
        raise Refused(f"{name} of {day} is {before.status} ({before.result}); --again does it anew")
    taken = runs.take_anew(before)
    if taken is None:
        raise Refused(f"{name} of {day} is being done by another process; wait for it")
    yield f"{name} of {day}"
    yield do(taken)
