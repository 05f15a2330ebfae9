"""Who works on which part of a run.

The database is the truth. A process that works on a part holds a lease on it and renews it from a
thread of its own; when it dies, however, the lease ends, and another process takes the part. All
times are the database's, so that clocks of several machines need not agree.

A process may be slower than its lease (a machine that was suspended, a database that was away) and
not know that another has taken its part. So whatever it keeps, it keeps in `Lease.guarded`: in one
transaction with a look, under lock, whether the part is still its own.
"""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

import stamina
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from backtests.errors import BacktestError
from backtests.models import Backtest, BacktestPart
from backtests.splitting import ACCOUNT

MOST_TRIES: Final = 5
"""So often a part may end the process that works on it before the run has failed."""
DATABASE_AWAY_S: Final = 120.0
UNFINISHED: Final = (Backtest.Status.WAITING, Backtest.Status.RUNNING)

log = structlog.get_logger(__name__)


class PartFailed(BacktestError):
    """A part that nobody can finish."""


class LeaseLost(Exception):
    """The part is another process's by now: what was about to be kept is not."""


patiently: Final = stamina.retry(
    on=(OperationalError, InterfaceError), attempts=None, timeout=DATABASE_AWAY_S
)
"""For what must be kept: a database that is away for less than two minutes is waited for."""


def duration() -> timedelta:
    """How long a lease is."""
    return timedelta(seconds=settings.BACKTEST_LEASE_S)


def free(parts: QuerySet[BacktestPart]) -> QuerySet[BacktestPart]:
    """Of these, the unfinished ones that nobody works on."""
    return parts.filter(finished_at=None).exclude(held())


def held() -> Q:
    """Parts that somebody works on."""
    return Q(finished_at=None, lease_until__gt=Now())


def unfinished() -> QuerySet[BacktestPart]:
    """Parts that are still to be done by whoever comes, the oldest run's first."""
    return BacktestPart.objects.filter(
        finished_at=None,
        alone=False,
        backtest__status__in=UNFINISHED,
        backtest__stop_asked=False,
    ).order_by("backtest_id", F("number").desc())


def takeable() -> QuerySet[BacktestPart]:
    """Of those, the ones that may be begun now: an account only after the last analysis."""
    analyses = BacktestPart.objects.filter(backtest=OuterRef("backtest"), finished_at=None)
    return free(unfinished()).exclude(Q(number=ACCOUNT) & Exists(analyses.exclude(number=ACCOUNT)))


def let_go() -> None:
    """This process ends: whatever it holds is anybody's."""
    BacktestPart.objects.filter(finished_at=None, holder__startswith=f"{worker_name()}:").update(
        lease_until=None
    )


class Lease:
    """A part that this process works on. `with lease:` keeps it; see `take`."""

    def __init__(self, part: BacktestPart) -> None:
        self.part = part
        self.lost = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="backtest-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        if self.part.finished_at is None and not self.lost.is_set():
            self._mine().update(lease_until=None)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """A transaction in which the part is surely ours; LeaseLost when it is not."""
        with transaction.atomic():
            if not self._mine().select_for_update().exists():
                self.lost.set()
                raise LeaseLost(str(self.part))
            yield

    def got_on(self, **values: Any) -> None:
        """Keep how far the part is. It got on, so earlier deaths do not count any more."""
        if not self._mine().update(tries=0, **values):
            self.lost.set()
            raise LeaseLost(str(self.part))
        for name, value in values.items():
            setattr(self.part, name, value)

    def finish(self, **values: Any) -> None:
        """The part is done."""
        self.got_on(finished_at=Now(), lease_until=None, **values)

    def _mine(self) -> QuerySet[BacktestPart]:
        return BacktestPart.objects.filter(pk=self.part.pk, holder=self.part.holder)

    def _renew(self) -> None:
        try:
            while not self._over.wait(duration().total_seconds() / 4):
                try:
                    renewed = (
                        self._mine().filter(finished_at=None).update(lease_until=Now() + duration())
                    )
                    if not renewed and not self._over.is_set():
                        self.lost.set()
                except DatabaseError as error:
                    log.warning("lease_not_renewed", part=self.part.pk, error=str(error))
        finally:
            connection.close()


def take(part_id: int) -> Lease | None:
    """A lease on the part; None when it is done or somebody else's, its run is over or is to stop,
    or, for the account's part, an analysis is missing.

    PartFailed when it has ended too many processes.
    """
    with transaction.atomic():
        # Locked by itself, without its run: who works on other parts is not kept waiting.
        part = (
            BacktestPart.objects.select_for_update()
            .annotate(now=Now())
            .filter(pk=part_id, finished_at=None)
            .first()
        )
        if part is None or (part.lease_until is not None and part.lease_until > part.now):
            return None
        run = Backtest.objects.get(pk=part.backtest_id)
        if run.status not in UNFINISHED or run.stop_asked:
            return None
        if part.number == ACCOUNT and _unanalysed(run).exists():
            return None
        if part.tries >= MOST_TRIES:
            raise PartFailed(
                f"{part} ended {part.tries} processes that worked on it, one after the other; "
                "look into their logs, and for how much memory they had"
            )
        part.holder = f"{worker_name()[:100]}:{secrets.token_hex(4)}"
        BacktestPart.objects.filter(pk=part.pk).update(
            holder=part.holder, lease_until=Now() + duration(), tries=F("tries") + 1
        )
        part.backtest = run
    return Lease(part)


def worker_name() -> str:
    """This process, by host and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _unanalysed(run: Backtest) -> QuerySet[BacktestPart]:
    return run.parts.filter(finished_at=None).exclude(number=ACCOUNT)
