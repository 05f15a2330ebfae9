"""Sends days by another process: a page that asks for it does not wait, and never in the process
that may be trading."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from django.conf import settings


def send_later(days: Iterable[date]) -> None:
    """By Celery where there are workers, else by a process of its own for each day, which outlives
    this one."""
    for day in sorted(set(days)):
        if settings.REDIS_URL:
            from trading.export.tasks import send_day

            send_day.delay(day.isoformat())
        else:
            _process(day)


def _process(day: date) -> None:
    subprocess.Popen(  # noqa: S603 - words of ours
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "export", "--date", f"{day}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
