"""The parts of runs as Celery tasks.

A run is a chord: its header are the parts of stage one, its body the account. That is the fast way,
and no more than that: a chord that loses a message, to a Redis that came back empty or to a worker
that was killed, would never call its body. So what is to be done is asked of the database
(`backtests.leases`), each worker process looks there every few seconds (`control.recover`), and
what nobody works on is sent again. A task that comes twice finds its part done or held, and ends.
"""

import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog
from billiard.process import current_process
from celery import Signature, Task, chord, shared_task
from celery.signals import worker_process_init
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from kombu.exceptions import KombuError

from backtests import working
from backtests.leases import duration
from backtests.models import Backtest, BacktestPart
from backtests.splitting import ACCOUNT
from backtests.telling import over_channels

RETRY: Final = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
"""Of sending. A broker that is away longer gets it from `control.recover`."""

log = structlog.get_logger(__name__)


@shared_task(bind=True, name="backtests.analyse", acks_late=True, reject_on_worker_lost=True)
def analyse(self: Task[Any, Any], part_id: int) -> str:
    """Stage one of some days."""
    result = working.analyse(part_id, over_channels)
    if result == working.DONE:
        _account_next(part_id, in_chord=bool(self.request.chord))
    return result


@shared_task(name="backtests.account", acks_late=True, reject_on_worker_lost=True)
def account(run_id: int) -> str:
    """Stage two of a run."""
    return working.account(run_id, over_channels)


def send_run(run_id: int) -> None:
    """Send all parts of a run that has just been asked for. What is refused is sent later."""
    parts = list(BacktestPart.objects.filter(backtest=run_id))
    for part in parts:
        part.task_id = str(uuid.uuid4())
    BacktestPart.objects.bulk_update(parts, ["task_id"])
    header = [_signature(part) for part in parts if part.number != ACCOUNT]
    body = next(_signature(part) for part in parts if part.number == ACCOUNT)
    BacktestPart.objects.filter(backtest=run_id).exclude(number=ACCOUNT).update(
        sent_at=Now(), sends=1
    )
    _sent("run", lambda: chord(header)(body, retry_policy=RETRY), backtest=run_id)


def send_part(part: BacktestPart) -> None:
    """Send a part that nobody works on, unless somebody else has just done so."""
    task_id = str(uuid.uuid4())
    changed = BacktestPart.objects.filter(pk=part.pk, sends=part.sends).update(
        sent_at=Now(), sends=F("sends") + 1, task_id=task_id
    )
    if changed:
        part.task_id = task_id
        log.info("backtest_part_sent_again", backtest=part.backtest_id, part=part.number)
        _sent("part", lambda: _signature(part).apply_async(retry_policy=RETRY), number=part.number)


def revoke(parts: Iterable[BacktestPart]) -> None:
    """Tell workers to drop tasks that have not begun."""
    ids = [part.task_id for part in parts if part.task_id]
    if ids:
        _sent("revoke", lambda: analyse.app.control.revoke(ids))


def _account_next(part_id: int, *, in_chord: bool) -> None:
    """Send the account's part when this was the last analysis, unless a chord does that."""
    run = Backtest.objects.get(parts=part_id)
    parts = BacktestPart.objects.filter(backtest=run)
    if parts.filter(finished_at=None).exclude(number=ACCOUNT).exists():
        return
    whole = in_chord and not parts.filter(sends__gt=1).exists()
    chosen = parts.filter(number=ACCOUNT, sends=0)
    if whole:
        chosen.update(sent_at=Now(), sends=1)
    else:
        for part in chosen:
            send_part(part)


def _signature(part: BacktestPart) -> Signature[Any]:
    """The task that does a part."""
    if part.number == ACCOUNT:
        return account.si(part.backtest_id).set(task_id=part.task_id)
    return analyse.si(part.pk).set(task_id=part.task_id)


def _sent(what: str, send: Callable[[], object], **about: object) -> None:
    try:
        send()
    except (KombuError, OSError) as error:
        log.warning("broker_away", what=what, error=str(error), **about)


@worker_process_init.connect
def look_after_runs(**_: Any) -> None:
    """Each process of a worker sees to it that no run is left lying.

    Only processes of a pool: the worker's own process must have no connection to the database when
    it forks, and one that runs tasks itself is a test's.
    """
    if current_process().name != "MainProcess":
        threading.Thread(target=_look, name="backtest-recovery", daemon=True).start()


def _look() -> None:
    from backtests.control import recover

    pause = threading.Event()
    while True:
        try:
            recover()
        except DatabaseError as error:
            log.warning("runs_not_looked_after", error=str(error))
        except Exception:  # the next time may be better
            log.exception("runs_not_looked_after")
        finally:
            connection.close()
        pause.wait(duration().total_seconds() / 4)
