"""The kill switch by signal: whenever it comes, it counts."""

import asyncio
import os
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.trading.days import TickFeed, planned, session_row, started, ticks, trade
from trading.brokers.paper import PaperBroker
from trading.models import Account, AuditEvent
from trading.pipeline import run as running
from trading.pipeline import signals
from trading.pipeline.beside import After
from trading.pipeline.idle import Idle, hold_killed
from trading.pipeline.signals import KillSwitch
from trading.pipeline.stream import part


@pytest.fixture
def restored():
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_before_anything_runs_it_is_kept(restored):
    switch = KillSwitch()
    switch.arm()
    os.kill(os.getpid(), signal.SIGUSR1)
    assert switch.pulled
    taken = []
    switch.aim(lambda: taken.append(1) or True)
    assert taken == [1]
    assert not switch.pulled


def test_who_does_not_take_it_leaves_it_to_the_next():
    switch = KillSwitch()
    switch.aim(lambda: False)
    switch.pull()
    assert switch.pulled
    switch.aim(None)
    switch.aim(lambda: True)
    assert not switch.pulled
    switch.pull()
    assert not switch.pulled


async def test_the_loop_hears_it(restored):
    switch = KillSwitch()
    heard = asyncio.Event()
    switch.aim(lambda: heard.set() or True)
    switch.arm_in_loop()
    os.kill(os.getpid(), signal.SIGUSR1)
    async with asyncio.timeout(10):
        await heard.wait()


@pytest.mark.django_db(transaction=True)
def test_a_running_pipeline_is_killed_and_says_who_asked():
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    pulled = []

    class Puller:
        """Pulls the switch at the first thing that the engine says."""

        pipeline = None

        def take(self, events, status):
            if not pulled:
                pulled.append(self.pipeline.kill(signals.ACTOR, signals.REASON))

    puller = Puller()

    def blocks():
        yield part(ticks(), 0, 5_000)
        yield part(ticks(), 5_000, len(ticks().ts))

    def with_pipeline(pipeline):
        puller.pipeline = pipeline

    run = asyncio.run(
        trade(plan, replace(market, blocks=blocks()), start, puller, made=with_pipeline)
    )
    assert pulled == [True]
    assert "kill" in run.outcome.engine.halts
    assert "kill" in Account.objects.get().halts
    noted = AuditEvent.objects.get(kind="kill_switch")
    assert (noted.actor, noted.payload["reason"]) == ("signal", "SIGUSR1")
    assert not run.pipeline.kill("signal", "SIGUSR1")


@pytest.fixture
def terminated():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.django_db(transaction=True)
def test_a_process_that_ends_before_it_trades_leaves_the_halt_with_the_account(
    restored, terminated, monkeypatch
):
    session_row()

    def killed_and_stopped(plan):
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it goes on")

    monkeypatch.setattr(running, "prepare", killed_and_stopped)
    with pytest.raises(SystemExit, match="143"):
        running.run(planned(TickFeed([ticks()])), serve=None, tell=print)
    assert Account.objects.get().halts == ["kill"]


@pytest.mark.django_db(transaction=True)
def test_between_two_sessions_on_paper_it_halts_the_account():
    """With real money see test_past_engine."""
    session = session_row()
    pipeline = SimpleNamespace(
        broker=PaperBroker(), facts=SimpleNamespace(account_now=None),
        answers=SimpleNamespace(tell=print), publisher=None,
    )  # fmt: skip

    async def pulled():
        outcome = SimpleNamespace(session=session, engine=SimpleNamespace(ts=1))
        idle = Idle(After(pipeline, outcome), None)
        stop = asyncio.Event()
        stop.set()
        assert idle.kill()
        await idle.wait(stop)

    asyncio.run(pulled())
    assert Account.objects.get().halts == ["kill"]
    assert pipeline.facts.account_now == {"halts": ["kill"]}


@pytest.mark.django_db
def test_between_two_sessions_it_holds_for_the_next():
    session = session_row()
    assert hold_killed(session.account, session, "signal", "SIGUSR1") == ["kill"]
    assert Account.objects.get().halts == ["kill"]
    assert AuditEvent.objects.get(kind="kill_switch").actor == "signal"
