"""Asks for runs, stops them, and sees to it that none is left lying.

With REDIS_URL, Celery workers do them (`backtests.tasks`); without, processes of this machine that
the page's own process starts (`backtests.embedded`). Whoever does them, it is the same code
(`backtests.working`) on the same rows.

`recover` is called by every process of a worker, at its start and every few seconds; and, where
nothing is configured, when a server of pages begins to serve (`tradebot.asgi`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from backtests import embedded, storing, tasks, working
from backtests.leases import UNFINISHED, PartFailed, duration, free, held, take
from backtests.models import Backtest, BacktestPart
from backtests.plan import Plan
from backtests.splitting import ACCOUNT, make_parts
from backtests.telling import Pace, over_channels
from marketdata.models import moment
from trading.models import AuditEvent

WORKERS: Final = 2
"""For whom a run is split when nobody says."""
LONGEST_WAIT: Final = timedelta(minutes=15)

ENDED: Final = "the process that ran it ended; run it again, what it has analysed is kept"


def on_workers() -> bool:
    """Whether Celery workers do the work."""
    return bool(settings.REDIS_URL)


def ask(
    plan: Plan,
    *,
    asked_from: str,
    asked_by: User | None = None,
    note: str = "",
    workers: int = 0,
) -> Backtest:
    """Ask for a run; it begins at once, or when there is a worker for it. `workers`: processes
    where nothing is configured, one if 0; with Celery it says how to split the run only."""
    with transaction.atomic():
        row = storing.create(
            plan, asked_from=asked_from, asked_by=asked_by, note=note, workers=workers or 1
        )
        make_parts(row, len(plan.days), workers or WORKERS)
        _audit(row, "backtest_asked", asked_by, note=note, days=len(plan.days))
    transaction.on_commit(partial(_start, row))
    return row


def stop(row: Backtest, *, asked_by: User | None = None) -> bool:
    """Ask a run to stop; its finished days are kept. False when it was over or was asked before."""
    unfinished = Backtest.objects.filter(pk=row.pk, status__in=UNFINISHED, stop_asked=False)
    with transaction.atomic():
        asked = bool(unfinished.update(stop_asked=True))
        if asked:
            _audit(row, "backtest_stopped", asked_by)
    if asked:
        if on_workers():
            tasks.revoke(free(row.parts.all()))
        working.settle(row.pk, over_channels)
    row.refresh_from_db()
    return asked


def recover() -> None:
    """Send again what nobody works on, end what is to stop, mark what nobody can go on with."""
    left = False
    for row in Backtest.objects.filter(status__in=UNFINISHED, parts__isnull=False).distinct():
        if row.parts.filter(alone=True).exists():
            if not row.parts.filter(held()).exists():
                working.fail(row.pk, PartFailed(ENDED), over_channels)
        elif row.stop_asked:
            working.settle(row.pk, over_channels)
        elif on_workers():
            for part in _due(row):
                tasks.send_part(part)
        else:
            left = True
    if left:
        embedded.begin()


@contextmanager
def alone(row: Backtest) -> Iterator[Callable[[], bool]]:
    """While this process does the whole run itself: should it die, the run is marked. Gives what
    says whether somebody has asked the run to stop."""
    days = row.days_asked
    part = BacktestPart.objects.create(backtest=row, number=ACCOUNT, first=0, last=days, alone=True)
    lease = take(part.pk)
    if lease is None:
        raise PartFailed(f"{row} is over, or was asked to stop, before it began")
    pace = Pace()

    def asked_to_stop() -> bool:
        return pace.due() and Backtest.objects.filter(pk=row.pk, stop_asked=True).exists()

    with lease:
        yield asked_to_stop
        lease.finish(days_done=days)


def _start(row: Backtest) -> None:
    if on_workers():
        tasks.send_run(row.pk)
    else:
        embedded.begin()


def _due(row: Backtest) -> list[BacktestPart]:
    """Parts that are to be sent again: what a dead process held, at once; what waits, when nobody
    works on anything and so nothing keeps it waiting, soon; else after a while, and then less and
    less often. A part that is sent in vain costs a worker a look into the database."""
    lease = duration()
    idle = not BacktestPart.objects.filter(held()).exists()
    parts = list(free(row.parts.annotate(now=Now())))
    if any(part.number != ACCOUNT for part in parts) or row.parts.filter(held()).exists():
        parts = [part for part in parts if part.number != ACCOUNT]
    return [part for part in parts if _waited_enough(part, idle, lease)]


def _waited_enough(part: Any, idle: bool, lease: timedelta) -> bool:
    since = part.sent_at or part.backtest.created_at
    if part.lease_until is not None and part.lease_until > since:
        return True
    wait = lease / 4 if idle else min(3 * lease * 2 ** max(0, part.sends - 1), LONGEST_WAIT)
    return bool(part.now - since > wait)


def _audit(row: Backtest, kind: str, user: User | None, **more: Any) -> None:
    now = time.time_ns()
    AuditEvent.objects.create(
        ts_ns=now,
        ts=moment(now),
        recorded_at=timezone.now(),
        kind=kind,
        actor=user.get_username() if user else row.asked_from,
        payload={
            "backtest": row.pk,
            "symbol": row.symbol,
            "first": f"{row.first}",
            "last": f"{row.last}",
            "configuration": row.config_name,
            "digest": row.config_digest,
            **more,
        },
    )
