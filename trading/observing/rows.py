"""The figures that the database has: what waits, and who was last heard of.

The same whichever process is asked, so one of them is enough. A database that does not answer
within its time is a figure too.
"""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from channels.db import database_sync_to_async
from django.db import Error as DatabaseError
from django.db.models import Count, Max, QuerySet
from prometheus_client.core import GaugeMetricFamily, Metric

from trading import clock
from trading.models import Command, Delivery, Export, Heartbeat, JobRun, Preflight, Session

log = structlog.get_logger(__name__)

WITHIN_S: Final = 3.0
LATELY: Final = timedelta(days=1)


def _up(up: bool) -> GaugeMetricFamily:
    return GaugeMetricFamily("tradebot_database_up", "1 if the database answers.", float(up))


async def families() -> list[Metric]:
    """Asked in a thread; never an error."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return [_up(True), *await database_sync_to_async(read)()]
    except (DatabaseError, TimeoutError) as error:
        log.info("figures_unreadable", error=type(error).__name__)
        return [_up(False)]


def read() -> list[Metric]:
    """Everything, now. Five short questions."""
    now = clock.now()
    deliveries = Delivery.objects.filter(status=Delivery.Status.WAITING)
    waiting = _counted(
        "tradebot_notices_waiting", "Notices that wait to be delivered.", deliveries, "channel"
    )
    pending = GaugeMetricFamily(
        "tradebot_commands_pending",
        "Commands that nobody has taken.",
        float(Command.objects.filter(status=Command.Status.PENDING).count()),
    )
    exports = _counted(
        "tradebot_exports", "Files of exports by how they stand.", Export.objects.all(), "status"
    )
    jobs = _counted(
        "tradebot_jobs",
        "Runs of the day's jobs in the last 24 hours, by how they stand.",
        JobRun.objects.filter(due_at__gte=now - LATELY),
        "job", "status",
    )  # fmt: skip
    beats = GaugeMetricFamily(
        "tradebot_heartbeat_age_seconds", "Since the process of a session that goes on said so.",
        labels=["account"],
    )  # fmt: skip
    running = Session.objects.filter(status=Session.Status.RUNNING).values("account__name")
    heard = Heartbeat.objects.filter(ts__gte=now - LATELY, account__in=running)
    newest = heard.values("account").annotate(newest=Max("ts")).order_by("account")
    for beat in newest:
        beats.add_metric([beat["account"]], (now - beat["newest"]).total_seconds())
    passed = GaugeMetricFamily(
        "tradebot_preflight_passed", "1 if the account's newest preflight passed.",
        labels=["account"],
    )  # fmt: skip
    rows = Preflight.objects.filter(created_at__gte=now - LATELY)
    newest_of = dict(rows.order_by("created_at", "pk").values_list("account", "passed"))
    for account, ok in sorted(newest_of.items()):
        passed.add_metric([account], float(ok))
    return [waiting, pending, exports, jobs, beats, passed]


def _counted(name: str, text: str, rows: QuerySet[object], *by: str) -> GaugeMetricFamily:  # type: ignore[type-var]
    family = GaugeMetricFamily(name, text, labels=list(by))
    for *labels, count in rows.order_by(*by).values_list(*by).annotate(n=Count("pk")):
        family.add_metric([str(label) for label in labels], float(count))
    return family
