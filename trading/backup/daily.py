"""What is done once a day: a backup, verified; then what is no longer kept goes.

Whoever runs it (a timer, a job, a person) hears of a failure by its error; the trader hears of it
by a notice, once a day.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final, NoReturn

import structlog
from django.conf import settings
from django.db import DatabaseError, connections

from marketdata.calendars import NEW_YORK, calendar_date
from marketdata.errors import MarketDataError
from marketdata.store import the_store
from trading import clock
from trading.backup.making import back_up
from trading.backup.manifest import Snapshot
from trading.backup.retention import Keep, prune
from trading.backup.ticks import retire
from trading.backup.verifying import verify as problems_of
from trading.errors import BackupError, TradingError
from trading.models import Notice
from trading.notify import News, post

log = structlog.get_logger(__name__)

LOOK_S: Final = 30.0


@dataclass(kw_only=True)
class Done:
    """`deleted`: backups; `retired`: tick days; `only`: old tick days of which there is no copy."""

    snapshot: Snapshot
    deleted: list[str] = field(default_factory=list)
    retired: list[Path] = field(default_factory=list)
    only: list[Path] = field(default_factory=list)


def back_up_today(root: Path, *, verify: bool = True, prune: bool = True) -> Done:
    """BackupError when there is no backup that holds; nothing is deleted then."""
    with told():
        done = Done(snapshot=back_up(root, ticks=settings.BACKUP_TICKS))
        if verify and (problems := problems_of(done.snapshot)):
            raise BackupError(
                f"backup {done.snapshot.name} does not hold: {problems[0]}"
                + (f" and {len(problems) - 1} more" if len(problems) > 1 else "")
            )
        if prune:
            _let_go(root, done)
        return done


def every_day(root: Path, at: time, *, verify: bool, made: Callable[[Done], None]) -> NoReturn:
    """Stay, and make one each day at that New York time. One that fails is told, and the next day
    has the next."""
    while True:
        due = next_at(clock.now(), at)
        while clock.now() < due:
            show_life()
            clock.pause(min(LOOK_S, max(0.0, (due - clock.now()).total_seconds())))
        try:
            made(back_up_today(root, verify=verify))
        except (TradingError, MarketDataError):
            continue
        finally:
            connections.close_all()


def next_at(now: datetime, at: time) -> datetime:
    """The next moment after `now` at which a clock in New York shows this."""
    local = now.astimezone(NEW_YORK)
    days = 1 if local.time() >= at else 0
    return datetime.combine(local.date() + timedelta(days=days), at, NEW_YORK)


def show_life() -> None:
    """For `deploy/healthy.py`."""
    path = Path(settings.DATA_DIR) / "alive" / f"backup-{socket.gethostname()}"
    path.parent.mkdir(exist_ok=True)
    path.touch()


def _let_go(root: Path, done: Done) -> None:
    keep = Keep(settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_WEEKS, settings.BACKUP_KEEP_MONTHS)
    done.deleted = prune(root, keep)
    done.retired, done.only = retire(
        the_store(),
        root,
        today=calendar_date(clock.now_ns()),
        keep_days=settings.TICKS_KEEP_DAYS,
    )


@contextmanager
def told() -> Iterator[None]:
    """The trader hears of it when this fails."""
    try:
        yield
    except (TradingError, MarketDataError) as error:
        log.warning("backup_failed", reason=str(error))
        try:
            post(
                News(
                    kind="backup",
                    key=f"backup failed {calendar_date(clock.now_ns())}",
                    level=Notice.Level.ERROR,
                    title="The backup failed",
                    text=str(error),
                )
            )
        except DatabaseError:
            log.exception("backup_failure_not_told")
        raise
