"""The Celery application. Without REDIS_URL its tasks run in the process that calls them."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from trading.observing import tasks

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")

app = Celery("tradebot")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["worker"].add("tradebot.alive:Alive")
app.autodiscover_tasks()
tasks.connect()
app.autodiscover_tasks(["backtests.sweeps", "trading.export", "trading.schedule"])


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """With a receiver Celery leaves logging alone, and settings have set it up already."""
