"""The database: it answers in time, has all tables, is new enough, and keeps what is written.

Asked in the caller's own connection and thread. Where the server would never answer, its own
limits count: a connection within the pool's 10 s, a statement within STATEMENT_MS.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from django.db import Error as DatabaseError
from django.db import connection, transaction

from trading.errors import StartError
from trading.models import AuditEvent, Preflight
from trading.preflight.results import Result, failed, passed, warned

STATEMENT_MS: Final = 5000
SLOW_MS: Final = 50.0
"""Half a page's frame. The engine does not wait for it, commands and pages do."""
OLDEST: Final = {"postgresql": (14, 0), "sqlite": (3, 35)}
NAME: Final = "Database"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def database() -> list[Result]:
    """Migrations first: without its tables nothing else can be asked."""
    from trading.pipeline.run import check_database

    try:
        check_database()
    except StartError as error:
        text, _, remedy = str(error).rpartition("; ")
        return [failed(NAME, text, remedy)]
    try:
        with _bounded():
            return [*_asked()]
    except DatabaseError as error:
        reason = str(error).strip().partition("\n")[0]
        return [failed(NAME, f"it answers, but: {reason}", "let this user write all tables")]


def _asked() -> Iterator[Result]:
    vendor, version = connection.vendor, _version()
    text = f"{vendor} {'.'.join(map(str, version))}, all migrations"
    if version < OLDEST[vendor]:
        least = ".".join(map(str, OLDEST[vendor]))
        yield failed(NAME, f"{text}, too old", f"use {vendor} {least} or newer")
        return
    yield passed(NAME, text)
    _write()
    took = _round_trip_ms()
    text = f"written and taken back; a question takes {took:.1f} ms"
    if took > SLOW_MS:
        remedy = "bring the database nearer, or find out what keeps it busy"
        yield warned("Database writes", text, remedy)
    else:
        yield passed("Database writes", text)


@contextmanager
def _bounded() -> Iterator[None]:
    """Statements that take too long are an error."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("select set_config('statement_timeout', %s, false)", [str(STATEMENT_MS)])
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("reset statement_timeout")


def _version() -> tuple[int, ...]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("show server_version_num")
            number = int(cursor.fetchone()[0])
            return number // 10_000, number % 10_000
        cursor.execute("select sqlite_version()")
        return tuple(map(int, cursor.fetchone()[0].split(".")))


class _TakenBack(Exception):
    """What was written is not to stay."""


def _write() -> None:
    try:
        with transaction.atomic():
            AuditEvent.objects.create(ts_ns=0, ts=EPOCH, recorded_at=EPOCH, kind="preflight")
            raise _TakenBack
    except _TakenBack:
        pass


def _round_trip_ms() -> float:
    """The quickest of three, so that a cold cache does not count."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        Preflight.objects.order_by("-pk").values_list("pk", flat=True).first()
        times.append((time.perf_counter() - began) * 1000)
    return min(times)
