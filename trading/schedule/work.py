"""Looks what is to be done, and does one job, from its claim to its result.

The one place where a job's error ends: it is logged, kept in the run, tried again with back-off as
often as the table says, and then told.
"""

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog

from trading import clock
from trading.models import JobRun
from trading.schedule import runs
from trading.schedule.due import Due, due
from trading.schedule.table import TABLE, backoff

LOOK_S: Final = 15.0
LONGEST_RESULT: Final = 2_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One attempt at a job. `key` names it: commands that are given under it are given once."""

    job: str
    day: date
    key: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a job did; `skipped`: there was nothing to do."""

    text: str
    skipped: bool = False


class JobError(Exception):
    """A job did not do what it is for. `again`: it is worth another try; `critical`: a person has
    to act now. `facts` are told with it."""

    def __init__(
        self,
        text: str,
        *,
        again: bool = True,
        critical: bool = False,
        facts: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(text)
        self.again, self.critical, self.facts = again, critical, facts


Perform = Callable[[Turn], Outcome]


def performs() -> Mapping[str, Perform]:
    """What does each job; imported when it is needed, since some need much."""
    return {name: _lazily(name) for name in TABLE}


def _lazily(name: str) -> Perform:
    def perform(turn: Turn) -> Outcome:
        found: Perform = importlib.import_module(f"trading.schedule.jobs.{name}").perform
        return found(turn)

    return perform


def look() -> list[Due]:
    """What is to be done now. Also settles what nobody did or goes on with."""
    runs.settle_lost()
    return due(clock.now(), runs.recent(), runs.jobs(), runs.calendar(), lease=runs.lease())


def work(name: str, day: date) -> str:
    """Do a job of a day, if it is due and nobody else does it; what became of it, in words."""
    known, days = runs.recent(), runs.calendar()
    found = due(clock.now(), known, runs.jobs(), days, lease=runs.lease())
    mine = next((each for each in found if (each.job, each.day) == (name, day)), None)
    run = runs.claim(mine) if mine is not None else None
    if run is None:
        return "not due, or somebody else's"
    return do(run)


def do(run: JobRun) -> str:
    """Do a run that this process has claimed; its status and result."""
    began = time.monotonic()
    log.info("job_started", job=run.job, day=str(run.day), attempt=run.attempts)
    with runs.Held(run) as held:
        try:
            outcome = performs()[run.job](_turn(run))
        except JobError as error:
            status, text = _failed(held, error)
        except Exception as error:
            log.exception("job_failed", job=run.job, day=str(run.day), attempt=run.attempts)
            status, text = _failed(held, JobError(one_line(error)))
        else:
            status = JobRun.Status.SKIPPED if outcome.skipped else JobRun.Status.DONE
            text = outcome.text[:LONGEST_RESULT]
            held.settle(status, text)
    took = round(time.monotonic() - began, 1)
    log.info("job_over", job=run.job, day=str(run.day), status=status, result=text, seconds=took)
    return f"{status}: {text}"


def one_line(error: BaseException) -> str:
    """An error that nobody expected, for the run's row."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else repr(error)


def _failed(held: runs.Held, error: JobError) -> tuple[str, str]:
    run, text = held.run, str(error)[:LONGEST_RESULT]
    if error.again and run.attempts < TABLE[run.job].attempts and _in_time(run):
        text = f"attempt {run.attempts}: {text}; {runs.next_try(run)}"
        held.again(text)
        return "failed", text
    told = runs.failed(run.job, run.day, text, critical=error.critical, facts=error.facts)
    held.settle(JobRun.Status.FAILED, text, told)
    return JobRun.Status.FAILED, text


def _in_time(run: JobRun) -> bool:
    """Whether it is still of use after the back-off."""
    window = runs.window_of(run.job, run.day)
    return window is not None and clock.now() + backoff(run.attempts) < window.until


def _turn(run: JobRun) -> Turn:
    begun = int(run.started_at.timestamp() * 1000)
    return Turn(job=run.job, day=run.day, key=f"{run.job}-{run.day:%Y%m%d}-{begun}")
