"""Deletes old rows that nobody needs: a few hundred at a time, since a trading process may be
waiting to write.

Never audit events, sessions, orders, fills, trades, signals or bars.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django_celery_results.models import TaskResult

from trading import clock
from trading.models import Delivery, Heartbeat, JobRun, Notice, OneTimeLogin
from trading.schedule.work import Outcome, Turn

PART: Final = 500


def perform(turn: Turn) -> Outcome:
    deleted = {name: _delete(rows) for name, rows in old(timezone.now(), clock.now())}
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    told = [f"{count} {name}" for name, count in deleted.items() if count]
    return Outcome(text=f"deleted {', '.join(told)}" if told else "nothing was old enough")


def old(now: datetime, trading_now: datetime) -> Iterator[tuple[str, QuerySet[Any]]]:
    """What may go, by name. `now` is real time, for rows that note when they were written."""
    since = now - timedelta(days=settings.KEEP_NOTICES_DAYS)
    waiting = Delivery.objects.filter(status=Delivery.Status.WAITING)
    yield (
        "heartbeats",
        Heartbeat.objects.filter(
            ts__lt=trading_now - timedelta(days=settings.KEEP_HEARTBEATS_DAYS)
        ),
    )
    yield (
        "notices",
        Notice.objects.filter(created_at__lt=since).exclude(pk__in=waiting.values("notice")),
    )
    yield (
        "job runs",
        JobRun.objects.filter(
            day__lt=(trading_now - timedelta(days=settings.KEEP_JOB_RUNS_DAYS)).date()
        ),
    )
    yield "logins", OneTimeLogin.objects.filter(expires_at__lt=now)
    yield (
        "task results",
        TaskResult.objects.filter(
            date_done__lt=now - timedelta(days=settings.KEEP_TASK_RESULTS_DAYS)
        ),
    )


def _delete(rows: QuerySet[Any]) -> int:
    """How many rows went, without those that went with them."""
    count = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:PART]):
        rows.model.objects.filter(pk__in=keys).delete()
        count += len(keys)
    return count
