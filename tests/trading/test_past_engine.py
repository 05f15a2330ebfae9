"""With real money: what is to be closed is closed, also when no engine can do it."""

import asyncio
import os
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async

from engine.errors import EngineError
from tests.trading.live_run import LiveRun
from trading.brokers.closing import close_everything
from trading.commands import request_command
from trading.models import Account, AuditEvent, Command, Trade
from trading.steering.direct import kept

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def live(monkeypatch, data_dir):
    return LiveRun(monkeypatch)


@pytest.fixture
def disk(monkeypatch):
    """`disk.add("full")`: it takes nothing any more."""
    state = set()

    def write(file: int, data: bytes, write: Any = os.write) -> int:
        if state:
            raise OSError(28, "No space left on device")
        return write(file, data)

    monkeypatch.setattr("marketdata.store.durable.os.write", write)
    return state


async def asked(live, kind):
    account = live.pipeline.writer.recorder.session.account
    return await database_sync_to_async(request_command)(account, kind, reason="told so")


async def answered(live, row):
    def over():
        told = [one for one in live.messages if one["type"] == "command" and one["id"] == row.pk]
        return told and told[-1]["status"] in ("done", "refused")

    await live.until(over)


async def goes_on_flat_and_halted(live):
    """The next start finds its position closed, and stays halted."""
    await live.until(lambda: live.status.position is None and "kill" in live.status.halts)
    await live.until(lambda: live.facts["reconciled"] is not None)


@pytest.mark.parametrize("kind", ["kill", "flatten"])
def test_what_the_journal_cannot_keep_is_closed_at_the_broker(live, disk, kind):
    async def script(live):
        await live.opened()
        disk.add("full")
        await asked(live, kind)
        await live.until(lambda: live.broker.flattened)

    outcome = live.go(script)
    assert (outcome.status, live.held) == ("failed", {})
    assert "No space left on device" in outcome.error
    row = Command.objects.get()
    assert row.status == Command.Status.DONE
    assert "flat at the broker, verified" in row.result
    assert Account.objects.get().halts == ["kill"]
    assert AuditEvent.objects.get(kind="closed_directly").payload["reason"] == "told so"

    disk.clear()
    live.go(goes_on_flat_and_halted)
    trade = Trade.objects.get()
    assert (trade.status, trade.exit_reason) == ("closed", "external")
    assert Account.objects.get().halts == ["kill"]
    assert live.held == {}


def test_the_kill_switch_works_with_a_full_disk(live, disk):
    async def script(live):
        await live.opened()
        disk.add("full")
        live.switch.pull()
        await live.until(lambda: live.broker.flattened)

    outcome = live.go(script)
    assert (outcome.status, live.held) == ("failed", {})
    assert Account.objects.get().halts == ["kill"]


@pytest.mark.parametrize("kind", ["kill", "flatten"])
def test_after_a_failed_session_kill_and_flatten_close_what_stayed(live, disk, kind):
    async def script(live):
        await live.opened()
        disk.add("full")
        live.more()
        await live.until(lambda: live.pipeline.facts.status == "failed")
        assert live.held
        await answered(live, await asked(live, kind))

    live.go(script, serves=True)
    assert live.held == {}
    row = Command.objects.get()
    assert row.status == Command.Status.DONE
    assert "flat at the broker, verified" in row.result
    assert Account.objects.get().halts == ["kill"]


def test_between_sessions_the_kill_switch_closes_what_stayed(live, disk):
    async def script(live):
        await live.opened()
        disk.add("full")
        live.more()
        await live.until(lambda: live.pipeline.facts.status == "failed")
        live.switch.pull()
        await live.until(lambda: live.broker.flattened)

    live.go(script, serves=True)
    assert live.held == {}
    assert Account.objects.get().halts == ["kill"]


def test_a_broker_that_cannot_be_told_is_said(live, disk, monkeypatch):
    at_once = partial(close_everything, line_s=0.01)
    monkeypatch.setattr("trading.brokers.real.close_everything", at_once)

    async def script(live):
        await live.opened()
        disk.add("full")
        live.more()
        await live.until(lambda: live.pipeline.facts.status == "failed")
        live.broker.up = False
        await answered(live, await asked(live, "kill"))

    live.go(script, serves=True)
    row = Command.objects.get()
    assert row.status == Command.Status.REFUSED
    assert "close it there" in row.result
    assert live.held


def test_a_run_that_failed_goes_on_with_its_position(live, monkeypatch):
    async def script(live):
        await live.opened()

        def fails(item):
            raise EngineError("a tick that cannot be")

        monkeypatch.setattr(live.pipeline.core, "act", fails)
        live.more()
        await live.until(lambda: live.pipeline.facts.status == "failed")

    outcome = live.go(script)
    assert outcome.engine.position is not None
    trade = outcome.engine.position.trade_id

    async def again(live):
        await live.until(lambda: live.pipeline is not None)
        await live.until(lambda: live.status.position is not None)
        assert live.status.position.trade_id == trade

    outcome = live.go(again)
    assert outcome.status == "stopped"
    assert AuditEvent.objects.filter(kind="restarted").count() == 1
    assert live.held


@pytest.mark.parametrize("flat", [True, False])
def test_a_kill_that_came_while_nothing_ran_is_the_first_thing_that_a_run_hears(live, flat):
    """`flat`: the broker closed everything then, as for `kill --direct`."""
    live.go(LiveRun.opened)
    assert live.held
    kept(Account.objects.get(), "ana", "told so", "flat at the broker, verified")
    if flat:
        asyncio.run(live.broker.flatten_all())
    live.go(goes_on_flat_and_halted)
    assert live.held == {}
    assert Account.objects.get().halts == ["kill"]
