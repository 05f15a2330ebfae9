"""Backtests on two real workers give what one process gives, whatever is killed meanwhile."""

from collections import Counter
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django_celery_results.models import TaskResult

from backtests import control, storing
from backtests.models import Backtest, BacktestPart
from backtests.runner import run
from marketdata.store import TickStore
from tests.backtests.plans import stored_plan
from tests.backtests.workers import (
    OwnRedis,
    Worker,
    asked_at,
    environment,
    locked,
    unreadable,
    until,
    waiting_for_locks,
)
from trading.models import AuditEvent
from trading.wire import row_money

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
DAYS, TICKS = 12, 20_000
LOCK_RUN = "select id from backtests_backtest where id = %s for no key update"
STORE_DAY = (
    "insert into backtests_backtestday (backtest_id, day, contract, ticks, dropped, bars, signals, "
    "approved, opening, closing, peak, net, trades_closed, tier, synthetic, inferred, halts, "
    "lifted, tiers) "
    "values (%s, %s, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', false, false, '[]', '[]', '[]')"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory, django_db_setup, django_db_blocker):
    """Days, what one process makes of them, a Redis, and two workers."""
    folder = tmp_path_factory.mktemp("workers")
    plan = stored_plan(folder, days=DAYS, ticks=TICKS)
    server = OwnRedis(folder)
    with django_db_blocker.unblock():
        around = environment(server.url, folder)
    workers = [Worker(folder, name, around) for name in ("one", "two")]
    try:
        expected = run(plan, store=TickStore(folder / "ticks"))
        until(lambda: all(worker.ready for worker in workers), "both workers are ready")
        yield SimpleNamespace(
            folder=folder, plan=plan, server=server, workers=workers, expected=expected
        )
    finally:
        for worker in workers:
            worker.kill()
        server.kill()


@pytest.fixture
def desk(world, settings):
    """What a page's process has: the same database, days and Redis as the workers."""
    settings.DATA_DIR = world.folder
    settings.REDIS_URL = world.server.url
    settings.BACKTEST_PART_DAYS, settings.BACKTEST_LEASE_S = 2, 3
    for file in (world.folder / "backtests").glob("**/*"):
        if file.is_file():
            file.unlink()  # every run analyses anew
    with asked_at(world.server.url):
        yield world


def asked(desk):
    return control.ask(desk.plan, asked_from=Backtest.Asked.PAGE)


def over(row):
    row.refresh_from_db()
    assert row.status != Backtest.Status.FAILED, row.error
    return row.status not in ("waiting", "running")


def parts(row):
    return BacktestPart.objects.filter(backtest=row)


def at_seventh_day(row):
    """Days are stored two by two at most."""
    row.refresh_from_db()
    return row.days_done in (5, 6) and waiting_for_locks()


def as_expected(row, desk):
    """The run is what one process makes of it, each day once."""
    until(lambda: over(row), "the run is over")
    assert storing.load(row) == desk.expected
    assert Counter(row.days.values_list("day", flat=True)) == Counter(desk.plan.days)
    assert (row.status, row.days_done, row.days_analysed) == ("done", DAYS, DAYS)
    return True


def test_two_workers_give_what_one_process_gives(desk):
    layer = RedisPubSubChannelLayer(
        hosts=[desk.server.url], prefix=f"{settings.REDIS_PREFIX}:layer"
    )
    heard = []

    async def listen():
        channel = await layer.new_channel()
        await layer.group_add("backtests", channel)
        from asgiref.sync import sync_to_async

        row = await sync_to_async(asked)(desk)
        while not heard or heard[-1]["status"] != "done":
            heard.append(await layer.receive(channel))
        return row

    row = async_to_sync(listen)()
    assert as_expected(row, desk)
    results = TaskResult.objects.filter(status="SUCCESS").values_list("task_name", "result")
    assert Counter(results)["backtests.account", '"done"'] == 1
    assert Counter(results)["backtests.analyse", '"done"'] == DAYS / 2
    assert {message["type"] for message in heard} == {"backtest.progress"}
    assert {message["id"] for message in heard} == {row.pk}
    last = heard[-1]
    assert (last["done"], last["days"], last["analysed"]) == (DAYS, DAYS, DAYS)
    assert (last["ticks"], last["net"]) == (row.ticks, row_money(row.net))
    assert last["day"] == f"{desk.plan.days[-1]}"
    event = AuditEvent.objects.get(kind="backtest_asked")
    assert (event.actor, event.payload["backtest"]) == ("page", row.pk)


def test_a_worker_that_is_killed_in_the_middle_of_a_day_loses_nothing(desk):
    hanging = TickStore(desk.folder / "ticks").path(desk.plan.symbol, desk.plan.days[5])
    with unreadable(hanging):
        row = asked(desk)
        left = parts(row).filter(finished_at=None).exclude(number=0)
        until(lambda: left.count() == 1 and left.get().holder, "one part hangs")
        (worker,) = [one for one in desk.workers if one.has(left.get().holder)]
        worker.kill()
    try:
        assert as_expected(row, desk)
    finally:
        worker.start()


def test_a_worker_that_is_killed_while_the_account_runs_loses_nothing(desk):
    row = asked(desk)
    with locked(STORE_DAY, row.pk, desk.plan.days[6]):
        until(lambda: at_seventh_day(row), "the account comes to the seventh day")
        (worker,) = [one for one in desk.workers if one.has(parts(row).get(number=0).holder)]
        worker.kill()
    try:
        assert as_expected(row, desk)
    finally:
        worker.start()


def test_a_redis_that_comes_back_empty_loses_nothing(desk, monkeypatch):
    starts = []
    monkeypatch.setattr(control, "_start", starts.append)
    row = asked(desk)
    with locked(LOCK_RUN, row.pk):
        monkeypatch.undo()
        control._start(row)
        until(lambda: waiting_for_locks() == 2, "both workers are at a part")
        desk.server.kill()
        desk.server.start()
    assert as_expected(row, desk)
    assert parts(row).filter(sends__gt=1).exists()


def test_a_database_that_drops_its_connections_loses_nothing(desk):
    from django.db import connection

    row = asked(desk)
    with locked(STORE_DAY, row.pk, desk.plan.days[6]):
        until(lambda: at_seventh_day(row), "the account comes to the seventh day")
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where "
                "datname = current_database() and wait_event_type = 'Lock'"
            )
    assert as_expected(row, desk)


def test_a_run_that_is_stopped_keeps_its_finished_days(desk):
    row = asked(desk)
    with locked(STORE_DAY, row.pk, desk.plan.days[6]):
        until(lambda: at_seventh_day(row), "the account comes to the seventh day")
        assert control.stop(row)
        assert not over(row)
    until(lambda: over(row), "the run is over")
    assert row.status == Backtest.Status.STOPPED
    found = storing.load(row)
    assert row.days_done in (7, 8)
    assert found.days == desk.expected.days[: row.days_done]
    assert found.stopped
    assert row.ticks == found.ticks
    assert AuditEvent.objects.filter(kind="backtest_stopped").count() == 1
    assert not control.stop(row)
