"""Does the parts of a run: `analyse` one of stage one, `account` stage two; and ends runs, with
`settle` those that somebody stopped, with `fail` those that cannot be gone on with.

It does not matter which process calls this, how often, or how many at a time: a lease lets one in,
analyses are cached by day, a stored day is not stored again. What a dead process had not kept is
done again by the next one, with the same result.
"""

from collections.abc import Callable
from typing import Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from backtests import runner, storing
from backtests.cache import the_cache
from backtests.days import day_facts, digest_of
from backtests.leases import UNFINISHED, Lease, LeaseLost, held, patiently, take
from backtests.models import Backtest, BacktestPart
from backtests.outcome import DayDone, Outcome
from backtests.plan import Plan
from backtests.splitting import ACCOUNT
from backtests.telling import Pace, Tell, progress
from backtests.versions import code_version
from engine.money import to_decimal
from marketdata.store import the_store
from trading.observing.metrics import BACKTEST_DAYS

DONE: Final = "done"
NOT_OURS: Final = "not ours"
"""It is done already, somebody else works on it, or it must not be done (any more)."""
STOPPED: Final = "stopped"
FAILED: Final = "failed"

log = structlog.get_logger(__name__)


class _Stopped(Exception):
    """The run is over, or to end: somebody stopped it, or another part failed."""


def analyse(part_id: int, tell: Tell) -> str:
    """Analyse the days of a part."""
    return _work(part_id, tell, _analyse)


def account(run_id: int, tell: Tell) -> str:
    """Let the account run through the days."""
    part = BacktestPart.objects.filter(backtest=run_id, number=ACCOUNT).first()
    return NOT_OURS if part is None else _work(part.pk, tell, _account)


@patiently
def settle(run_id: int, tell: Tell) -> bool:
    """End a run that is to stop once nobody works on it; its finished days are kept."""
    with transaction.atomic():
        row = Backtest.objects.select_for_update().get(pk=run_id)
        if row.status not in UNFINISHED or not row.stop_asked or row.parts.filter(held()).exists():
            return False
        storing.finish(row, storing.load(row))
    row.refresh_from_db()
    tell(progress(row))
    return True


@patiently
def fail(run_id: int, error: Exception, tell: Tell) -> None:
    """End a run that cannot be gone on with."""
    with transaction.atomic():
        row = Backtest.objects.select_for_update().get(pk=run_id)
        if row.status not in UNFINISHED:
            return
        storing.fail(row, str(error) or type(error).__name__)
    row.refresh_from_db()
    tell(progress(row))


def _work(part_id: int, tell: Tell, do: Callable[[Lease, Plan, Tell], None]) -> str:
    run_id = BacktestPart.objects.values_list("backtest", flat=True).get(pk=part_id)
    try:
        lease = patiently(take)(part_id)
        if lease is None:
            settle(run_id, tell)
            return NOT_OURS
        with lease:
            _begun(lease.part.backtest)
            do(lease, Plan.from_json(lease.part.backtest.plan), tell)
    except LeaseLost:
        log.warning("backtest_part_taken_over", backtest=run_id, part=part_id)
        return NOT_OURS
    except _Stopped:
        settle(run_id, tell)
        return STOPPED
    except DatabaseError:
        raise  # the lease ends, and somebody does it again
    except Exception as error:
        log.exception("backtest_failed", backtest=run_id, part=part_id)
        fail(run_id, error, tell)
        return FAILED
    return DONE


def _analyse(lease: Lease, plan: Plan, tell: Tell) -> None:
    part, pace = lease.part, Pace()
    kept, store, cache = part.days_kept, the_store(), the_cache()
    for number in range(part.first + part.days_done, part.last):
        kept += runner.analyse_day(plan, plan.days[number], store=store, cache=cache)
        BACKTEST_DAYS.inc()
        if pace.due():
            _got_on(lease, days_done=number + 1 - part.first, days_kept=kept)
            _sum_up(part.backtest_id)
            tell(progress(_going_on(part.backtest_id), plan.days[number]))
    _finish(lease, days_done=part.last - part.first, days_kept=kept)
    _sum_up(part.backtest_id)
    tell(progress(Backtest.objects.get(pk=part.backtest_id), plan.days[part.last - 1]))


def _account(lease: Lease, plan: Plan, tell: Tell) -> None:
    row, pace = lease.part.backtest, Pace()
    days: list[DayDone] = []
    stored = 0
    digest, code = _data_digest(plan), code_version()
    _fresh(lease, row, data_digest=digest, code=code)
    for day in runner.account_days(plan, store=the_store(), cache=the_cache()):
        days.append(day)
        if pace.due() or len(days) - stored == settings.BACKTEST_PART_DAYS:
            _store(lease, row, days, stored)
            stored = len(days)
            tell(progress(_going_on(row.pk), day.day))
    _store(lease, row, days, stored)
    _going_on(row.pk)
    _end(lease, row, Outcome(plan=plan, days=tuple(days), data_digest=digest, code=code))
    tell(progress(row, plan.days[-1]))


def _data_digest(plan: Plan) -> str:
    store = the_store()
    return digest_of((day, day_facts(store, plan.symbol, day).digest) for day in plan.days)


@patiently
def _begun(row: Backtest) -> None:
    Backtest.objects.filter(pk=row.pk, status=Backtest.Status.WAITING).update(
        status=Backtest.Status.RUNNING, started_at=timezone.now()
    )


@patiently
def _got_on(lease: Lease, **values: int) -> None:
    lease.got_on(**values)


@patiently
def _finish(lease: Lease, **values: int) -> None:
    lease.finish(**values)


def _going_on(run_id: int) -> Backtest:
    """The run as it stands; _Stopped when it is not to go on."""
    row = Backtest.objects.get(pk=run_id)
    if row.stop_asked or row.status not in UNFINISHED:
        raise _Stopped
    return row


@patiently
def _sum_up(run_id: int) -> None:
    """Put what stage one has done into the row, for whoever looks at it."""
    parts = BacktestPart.objects.filter(backtest=run_id).exclude(number=ACCOUNT)
    counts = parts.aggregate(days_analysed=Sum("days_done"), days_kept=Sum("days_kept"))
    Backtest.objects.filter(pk=run_id).update(**counts)


@patiently
def _fresh(lease: Lease, row: Backtest, **names: str) -> None:
    """Name what the account runs on. Days that a dead process stored stay until they are replaced,
    unless they are of other code or other ticks."""
    with lease.guarded():
        row.refresh_from_db()
        if any(getattr(row, name) not in ("", value) for name, value in names.items()):
            row.trades.all().delete()
            row.days.all().delete()
        Backtest.objects.filter(pk=row.pk).update(**names)
    _sum_up(row.pk)


@patiently
def _store(lease: Lease, row: Backtest, days: list[DayDone], first: int) -> None:
    """Keep these days, from the one of this number on, and what the account has come to. Several at
    once: a transaction takes longer than a day of the account."""
    with lease.guarded():
        storing.store_days(row, days[first:])
        Backtest.objects.filter(pk=row.pk).update(
            days_done=len(days),
            ticks=sum(day.ticks for day in days),
            trades_closed=sum(len(day.trades) for day in days),
            net=to_decimal(days[-1].closing - days[0].opening),
        )


@patiently
def _end(lease: Lease, row: Backtest, outcome: Outcome) -> None:
    with lease.guarded():
        row.refresh_from_db()
        held_by = row.parts.exclude(holder="").values_list("holder", flat=True)
        row.workers = len({name.rpartition(":")[0] for name in held_by})
        storing.finish(row, outcome)
        lease.finish(days_done=len(outcome.days))
