"""This machine: database, Redis, disk, folders, clock."""

import os
import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from trading.errors import StartError
from trading.models import AuditEvent
from trading.preflight.results import Result, failed, passed, warned

MB: Final = 1_000_000
LEAST_FREE: Final = 500 * MB
LITTLE_FREE: Final = 5_000 * MB
"""A day of ES with journals, ticks and rows is well under 200 MB."""
CLOCK_WARNS: Final = timedelta(seconds=2)
CLOCK_FAILS: Final = timedelta(seconds=30)
REDIS_WITHIN_S: Final = 3.0


def database() -> Result:
    """It answers, and has all tables."""
    from trading.pipeline.run import check_database

    try:
        check_database()
    except StartError as error:
        text, _, remedy = str(error).rpartition("; ")
        return failed("Database", text, remedy)
    return passed("Database", f"{connection.vendor} answers and has all migrations")


def redis() -> Result:
    """It answers, where it is set."""
    if not settings.REDIS_URL:
        return passed("Redis", "not set: one process serves pages and trades")
    from redis import Redis
    from redis.exceptions import RedisError

    where = urlsplit(settings.REDIS_URL).hostname
    try:
        with Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=REDIS_WITHIN_S,
            socket_timeout=REDIS_WITHIN_S,
        ) as client:
            client.ping()
    except (RedisError, OSError) as error:
        why = type(error).__name__
        return failed("Redis", f"{where} does not answer ({why})", "start it, or unset REDIS_URL")
    return passed("Redis", f"{where} answers")


def disk(folder: Path) -> Result:
    """There is room for a day's journals, ticks and rows."""
    free = shutil.disk_usage(folder).free
    text = f"{free // MB:,} MB free for {folder}"
    if free < LEAST_FREE:
        return failed("Disk", text, f"free at least {LEAST_FREE // MB} MB")
    if free < LITTLE_FREE:
        return warned("Disk", text, f"free some, to have {LITTLE_FREE // MB:,} MB")
    return passed("Disk", text)


def folder(name: str, path: Path) -> Result:
    """What is written there reaches the disk."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".preflight-") as file:
            file.write(b"1")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return failed(name, f"{path}: {error.strerror}", "let this user write there")
    return passed(name, f"{path} can be written")


def clock(now: datetime, *, heard: datetime | None = None) -> Result:
    """Our clock is not behind what was recorded before, agrees with the database's, and is not
    behind `heard`, the newest time that the broker told."""
    remedy = "set the clock, and keep it right with NTP (timedatectl set-ntp true)"
    newest = AuditEvent.objects.order_by("-recorded_at").values_list("recorded_at", flat=True)
    for what, time in (("what was recorded here", newest.first()), ("the broker's word", heard)):
        if time is not None and now < time - CLOCK_WARNS:
            return failed("Clock", f"{(time - now).total_seconds():.0f} s before {what}", remedy)
    apart = abs(now - database_time(now))
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if apart > CLOCK_WARNS:
        text += f", {apart.total_seconds():.0f} s from the database's"
        return (failed if apart > CLOCK_FAILS else warned)("Clock", text, remedy)
    return passed("Clock", text)


def database_time(now: datetime) -> datetime:
    """What the database server's clock says; ours where it runs in this process."""
    if connection.vendor != "postgresql":
        return now
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        row = cursor.fetchone()
    found: datetime = row[0]
    return found
