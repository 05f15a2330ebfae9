"""The day's jobs on Celery: beat sends a look every few seconds, and each due job is a task.

A job is claimed by the task that does it, not by the look: a message that waits in a queue, or is
lost with Redis, has claimed nothing, and is sent again by a later look. Messages that are too old
are dropped, and one that comes twice finds the job taken.
"""

from datetime import date
from typing import Any, Final

import structlog
from celery import shared_task
from celery.signals import beat_init
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import KombuError

from trading import clock
from trading.schedule.due import Due
from trading.schedule.work import LOOK_S, work
from trading.schedule.work import look as whats_due

SENT_S: Final = 60.0
"""Real seconds that a message is good for, and none like it is sent."""
ENTRY: Final = "schedule-look"

log = structlog.get_logger(__name__)


@shared_task(name="schedule.look", ignore_result=True)
def look() -> None:
    """Send what is due to workers."""
    for each in whats_due():
        if cache.add(_key(each), True, SENT_S):
            _send(each)


@shared_task(name="schedule.work", acks_late=True, reject_on_worker_lost=True)
def do(job: str, day: str) -> str:
    """One job of a day."""
    return work(job, date.fromisoformat(day))


def _send(each: Due) -> None:
    try:
        do.apply_async((each.job, each.day.isoformat()), expires=SENT_S)
    except (KombuError, OSError) as error:
        cache.delete(_key(each))
        log.warning("broker_away", job=each.job, error=str(error))


def _key(each: Due) -> str:
    return f"schedule:{each.job}:{each.day}:{each.attempt}"


@beat_init.connect
def look_by_the_clock(sender: Any, **_: Any) -> None:
    """The seconds between two looks are the trading day's."""
    entry = settings.CELERY_BEAT_SCHEDULE[ENTRY]
    every = max(1, round(clock.real(LOOK_S)))  # beat's table has whole seconds
    sender.scheduler.update_from_dict({ENTRY: {**entry, "schedule": every}})
