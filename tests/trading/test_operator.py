"""Commands of people: taken once, executed once, answered."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone

from engine import commands
from engine.events import CommandDone
from tests.trading.days import TickFeed, planned, session_row, started, ticks, trade
from trading.commands import GROUP, request_command
from trading.models import Account, AuditEvent, Command, Session, Trade
from trading.pipeline.operator import Operator, claim, engine_command
from trading.pipeline.stream import part

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account():
    return session_row().account


def test_a_command_is_taken_once(account):
    row = Command.objects.create(account=account, kind="halt")
    assert claim(account.pk) == [row]
    assert claim(account.pk) == []
    row.refresh_from_db()
    assert row.status == "executing"


def test_commands_are_taken_in_the_order_in_which_they_were_given(account):
    given = [Command.objects.create(account=account, kind=kind) for kind in ("halt", "resume")]
    assert claim(account.pk) == given


def test_another_accounts_command_is_left_alone(account):
    other = Account.objects.create(name="other", balance=1, peak=1)
    Command.objects.create(account=other, kind="halt")
    assert claim(account.pk) == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [("halt", "executing"), ("kill", "executing"), ("resume", "expired"), ("flatten", "expired")],
)
def test_only_what_makes_it_safer_is_executed_late(account, kind, status):
    row = Command.objects.create(account=account, kind=kind)
    Command.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    taken = claim(account.pk)
    row.refresh_from_db()
    assert row.status == status
    assert bool(taken) == (status == "executing")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("halt", commands.HaltTrading), ("resume", commands.ResumeTrading),
        ("flatten", commands.Flatten), ("kill", commands.Kill),
    ],
)  # fmt: skip
def test_a_row_becomes_the_engines_command(account, kind, expected):
    row = Command.objects.create(account=account, kind=kind, reason="lunch")
    command = engine_command(row, 7)
    assert type(command) is expected
    assert (command.id, command.ts) == (str(row.pk), 7)
    assert getattr(command, "reason", "lunch") == "lunch"


def test_a_running_pipeline_executes_a_kill_and_answers():
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    asked = request_command(start.session.account, "kill", reason="told so")
    repeated = request_command(start.session.account, "kill")

    answered = threading.Event()

    class Listener:
        left = 2

        def take(self, events, status):
            self.left -= sum(isinstance(event, CommandDone) for event in events)
            if not self.left:
                answered.set()

    def blocks():
        """The market holds its breath until the commands were executed."""
        yield part(ticks(), 0, 5_000)
        assert answered.wait(10)
        yield part(ticks(), 5_000, len(ticks().ts))

    run = asyncio.run(trade(plan, replace(market, blocks=blocks()), start, Listener()))
    asked.refresh_from_db()
    repeated.refresh_from_db()
    assert (asked.status, repeated.status) == ("done", "done")
    assert asked.result == "killed: nothing to flatten"
    assert asked.session == Session.objects.get()
    assert "kill" in run.outcome.engine.halts
    assert not Trade.objects.filter(status="closed").exists()
    account = Account.objects.get()
    assert account.halts == ["kill"]
    assert AuditEvent.objects.filter(kind="command_done").count() == 2


def test_a_kill_outlasts_a_restart_until_a_person_resumes():
    plan = planned(TickFeed([ticks()]))
    account = started(plan)[1].session.account
    Account.objects.filter(pk=account.pk).update(halts=["kill", "stale_feed"])
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    assert [str(halt) for halt in start.carry.halts] == ["kill"]
    asyncio.run(trade(plan, market, start))
    assert not Trade.objects.exists()
    assert Account.objects.get().halts == ["kill"]


def test_a_nudge_is_heard_and_the_commands_are_looked_for(account):
    taken = []

    async def go():
        async def put(command):
            taken.append(command)

        operator = Operator(account.pk, put, lambda: 7)
        listening = asyncio.create_task(operator.listen())
        layer = get_channel_layer()
        async with asyncio.timeout(10):
            while not operator._nudge.is_set():
                await layer.group_send(GROUP, {"type": "command.requested"})
                await asyncio.sleep(0.01)
        listening.cancel()
        await operator.look()

    Command.objects.create(account=account, kind="halt")
    asyncio.run(go())
    assert len(taken) == 1


def test_a_database_that_is_away_does_not_end_the_operator(account, monkeypatch):
    calls = []

    def claim_(account_id, tell):
        calls.append(account_id)
        raise ConnectionError("away")

    monkeypatch.setattr("trading.pipeline.operator.claim", claim_)

    async def go():
        async def put(command):
            raise AssertionError

        operator = Operator(account.pk, put, lambda: 7)

        async def nudged():
            if len(calls) == 3:
                raise asyncio.CancelledError

        monkeypatch.setattr(operator, "_nudged", nudged)
        with pytest.raises(asyncio.CancelledError):
            await operator.run()
        return operator.failures

    assert asyncio.run(go()) == 3
