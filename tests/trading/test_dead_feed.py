"""With real money: the feed dies with a position open."""

from dataclasses import replace

import pytest

from tests.trading.live_run import LiveRun
from trading.models import Account, AuditEvent, Trade
from trading.pipeline.watch import LATE_NS, Policy, Watch

pytestmark = pytest.mark.django_db(transaction=True)


class Clocks:
    """What the watch looks at; a test lets the time pass."""

    def __init__(self, live, policy):
        self.live, self.policy = live, policy
        self.steady, self.market = 100.0, None
        live.made = self.watch

    def watch(self, pipeline):
        watched = replace(pipeline.watch._watched, market_time=lambda: self.market)
        pipeline.watch = Watch(watched, self.policy, clock=lambda: self.steady)


@pytest.fixture
def live(monkeypatch, data_dir):
    monkeypatch.setattr("trading.pipeline.watch.LOOK_S", 0.01)
    return LiveRun(monkeypatch)


async def flat(live):
    await live.until(lambda: live.status.position is None)
    await live.until(lambda: not live.pipeline.broker.flattening.active)


def exits(live):
    return [order.id[-2:] for order in live.broker.placed if getattr(order, "role", "") == "exit"]


def test_a_feed_that_is_lost_closes_the_position_if_that_was_asked_for(live):
    clocks = Clocks(live, Policy(feed="flatten", feed_s=30))

    async def script(live):
        await live.opened()
        clocks.market = live.status.ts
        await live.until(lambda: live.pipeline.watch._heard[0] == live.status.ts)
        clocks.steady += 31
        await flat(live)

    live.go(script)
    assert (live.held, exits(live)) == ({}, ["-X"])
    assert Trade.objects.get().status == "closed"
    assert Account.objects.get().halts == ["operator"]
    assert AuditEvent.objects.filter(kind="market_lost", actor="watch").count() == 1
    assert AuditEvent.objects.filter(kind="flatten_verified").exists()


def test_with_a_dead_feed_this_machines_clock_flattens_at_the_flatten_time(live):
    clocks = Clocks(live, Policy(feed="none"))

    async def script(live):
        await live.opened()
        clocks.market = live.status.day.flatten_at + LATE_NS
        await flat(live)

    live.go(script)
    assert (live.held, exits(live)) == ({}, ["-X"])
    assert Account.objects.get().halts == []
    assert AuditEvent.objects.filter(kind="flatten_time", actor="watch").count() == 1
    assert AuditEvent.objects.filter(kind="flatten_verified").exists()
