"""One look at everything: the probes are asked, what they say becomes a `Seen`.

Whatever a probe cannot say leaves its value as if all were well there, and a line in the log: a
watchdog that dies of what it looks at is none. That the database does not answer is itself a
finding; heartbeats are then read from the files of this machine.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings

from trading import clock
from trading.heartbeat.reading import Beat, from_database, from_files, newest, since
from trading.models import Delivery, JobRun
from trading.watchdog import machine
from trading.watchdog.beside import pages_error, silent_for
from trading.watchdog.hours import Hours
from trading.watchdog.seen import JobSeen, Seen
from trading.watchdog.services import (
    Answer,
    Asker,
    answer,
    database_skew,
    in_database,
    redis_skew,
)
from trading.wire import Json

log = structlog.get_logger(__name__)

KNOWN_FOR: Final = timedelta(days=1)
"""An account that was not heard for so long is not missed any more."""
UNDELIVERED: Final = timedelta(minutes=10)


@dataclass
class Rows:
    """What the database had to say. `skew_s`: None where it has our clock."""

    skew_s: float | None = None
    beats: dict[str, Beat] = field(default_factory=dict)
    jobs: tuple[JobSeen, ...] = ()
    notifications: Json | None = None


class Looker:
    """`look` as often as you like. `accounts`: those that count, all when empty; `hours`: who is
    meant to run when."""

    def __init__(
        self,
        accounts: Iterable[str] = (),
        hours: Iterable[Hours] = (),
        *,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._accounts = frozenset(accounts)
        self._hours = tuple(hours)
        self._now = now
        self._rows = Rows()
        self._database = Asker(in_database(self._ask_database))
        self._redis = Asker(redis_skew) if settings.REDIS_URL else None

    def look(self) -> Seen:
        folder = Path(settings.DATA_DIR)
        database = answer(self._ask_rows)
        redis = answer(self._redis) if self._redis is not None else None
        now = self._now()  # after what takes time: an age is never negative for it
        beats = self._beats(now, from_files(folder), {} if database.error else self._rows.beats)
        return Seen(
            now=now,
            beats=beats,
            alive={name: machine.alive(beat.document) for name, beat in beats.items()},
            expected=frozenset(one.account for one in self._hours if one.expects(now)),
            memory_percent=_said(machine.memory_percent, 0.0),
            disk_free=_said(lambda: machine.disk_free(folder), 10**12),
            clock_kept=_said(machine.clock_kept, None),
            database=database,
            redis=redis,
            jobs=() if database.error else self._rows.jobs,
            silent=_said(lambda: silent_for(folder), {}),
            pages=_said(pages_error, ""),
            notifications=None if database.error else self._rows.notifications,
        )

    def _beats(self, now: datetime, *found: dict[str, Beat]) -> dict[str, Beat]:
        beats = since(newest(*found).values(), now, KNOWN_FOR)
        if not self._accounts:
            return beats
        return {name: beat for name, beat in beats.items() if name in self._accounts}

    def _ask_rows(self) -> float | None:
        self._rows = self._database()
        return self._rows.skew_s

    def _ask_database(self) -> Rows:
        """In a thread."""
        now = self._now()
        return Rows(
            skew_s=database_skew(),
            beats=from_database(now - KNOWN_FOR),
            jobs=jobs(now - KNOWN_FOR),
            notifications=undelivered(now),
        )


def jobs(after: datetime) -> tuple[JobSeen, ...]:
    """Those that failed or were missed since."""
    bad = (JobRun.Status.FAILED, JobRun.Status.MISSED)
    rows = JobRun.objects.filter(due_at__gte=after, status__in=bad).order_by("due_at", "job")
    return tuple(
        JobSeen(job=row.job, day=f"{row.day}", status=row.status, result=row.result[:200])
        for row in rows
    )


def undelivered(now: datetime) -> Json:
    """Notices that a channel should have taken by now. `error` is "" when there are none."""
    waiting = Delivery.objects.filter(
        status=Delivery.Status.WAITING, notice__ts__lt=now - UNDELIVERED
    )
    count = waiting.count()
    if not count:
        return {"waiting": 0, "error": ""}
    last = waiting.exclude(error="").order_by("-pk").values_list("error", flat=True).first()
    minutes = UNDELIVERED // timedelta(minutes=1)
    many = f"{count} {'notice waits' if count == 1 else 'notices wait'}"
    why = f": {last}" if last else ""
    return {"waiting": count, "error": f"{many} for more than {minutes} minutes{why}"}


def _said(probe: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return probe()
    except Exception as error:  # noqa: BLE001, the module says why
        log.warning("probe_failed", probe=getattr(probe, "__name__", "probe"), error=repr(error))
        return otherwise


__all__ = ["Answer", "Looker", "Rows"]
