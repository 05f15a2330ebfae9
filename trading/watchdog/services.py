"""What the services say: whether they answer, and what time they have.

Each is asked in a thread and given `WITHIN_S`: one that hangs is as good as gone, and must not keep
the watchdog from looking at the rest. It is not asked again before it has answered.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from django.conf import settings
from django.db import connection

WITHIN_S: Final = 10.0
REDIS_WITHIN_S: Final = 3.0


@dataclass(frozen=True)
class Answer:
    """`error` is "" for a service that answered. `skew_s`: how far its clock is ahead of ours, None
    when it has none of its own."""

    error: str = ""
    skew_s: float | None = None


class Asker:
    """Asks one service, within a time. What it asked last may still be under way."""

    def __init__(self, ask: Callable[[], Any], *, within_s: float = WITHIN_S) -> None:
        self._ask = ask
        self._within_s = within_s
        self._thread: threading.Thread | None = None
        self._result: Any = None

    def __call__(self) -> Any:
        """What was answered; TimeoutError when nothing was, or what asking raised."""
        if self._thread is None:
            self._result = TimeoutError(f"no answer within {self._within_s:g} s")
            self._thread = threading.Thread(target=self._run, daemon=True, name="asker")
            self._thread.start()
        self._thread.join(self._within_s)
        if self._thread.is_alive():
            raise TimeoutError(f"no answer within {self._within_s:g} s")
        self._thread = None
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._ask()
        except Exception as error:  # noqa: BLE001, it is raised where it was asked
            self._result = error


def in_database(work: Callable[[], Any]) -> Callable[[], Any]:
    """For a thread that may be left behind: its connection goes with it."""

    def ask() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return ask


def database_skew() -> float | None:
    """How many seconds the database's clock is ahead; None for one that has ours. The database's
    error when it does not answer."""
    server = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        before = time.time()
        cursor.execute(
            "select clock_timestamp()" if server else "select count(*) from django_migrations"
        )
        row = cursor.fetchone()
        after = time.time()
    return float((row[0] - _between(before, after)).total_seconds()) if server else None


def redis_skew() -> float:
    """The same of Redis; its error when it does not answer."""
    from redis import Redis

    with Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_WITHIN_S, socket_timeout=REDIS_WITHIN_S
    ) as client:
        client.ping()  # the connection is made before the time is taken
        before = time.time()
        seconds, micros = cast(tuple[int, int], client.time())
        after = time.time()
    return seconds + micros / 1e6 - (before + after) / 2


def answer(ask: Callable[[], float | None]) -> Answer:
    """What a service says, in one line when it fails. libpq's and Redis's errors hold no
    password."""
    try:
        return Answer(skew_s=ask())
    except Exception as error:  # noqa: BLE001, whatever it is, it is the answer
        lines = str(error).strip().splitlines()
        return Answer(error=lines[0][:200] if lines else type(error).__name__)


def _between(before: float, after: float) -> datetime:
    return datetime.fromtimestamp((before + after) / 2, UTC)
