"""What a trading process says of itself, from its start to its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.money import to_decimal
from tests.trading.days import DAY, NEXT_DAY, TickFeed, planned, started, ticks, trade
from trading import clock
from trading.heartbeat.beating import Heart, Whose, beating
from trading.heartbeat.figures import line, machine, process, process_start, version
from trading.heartbeat.reading import from_files
from trading.heartbeat.targets import File
from trading.models import Heartbeat, Signal, Trade
from trading.watchdog.systemd import Notifier
from trading.wire import Json

LISTED = {
    "timestamp", "last_tick_time", "tick_count", "bar_count", "signal_count", "feed_connected",
    "reconnect_count", "daily_pnl", "trade_count", "open_positions", "is_halted", "tier_name",
    "balance", "mode", "symbol",
}  # fmt: skip
WHOSE = Whose(account="paper-MES", mode="paper", symbol="MES")


class Kept:
    """A target that keeps all beats."""

    name, kept = "kept", 10_000

    def __init__(self) -> None:
        self.documents: list[Json] = []

    def write(self, documents: Sequence[Json]) -> None:
        self.documents += documents


def alone(target: Any) -> Heart:
    return Heart(WHOSE, [target], systemd=Notifier({}))


def test_a_heart_without_a_session_has_all_names() -> None:
    document = alone(Kept()).document()
    assert document.keys() >= LISTED
    assert (document["state"], document["ended"], document["balance"]) == ("starting", False, None)
    assert document["version"] == version() != ""


@pytest.mark.django_db(transaction=True)
def test_a_day_is_told_as_the_rows_have_it() -> None:
    plan = planned(TickFeed([ticks(DAY), ticks(NEXT_DAY)]))
    market, start = started(plan)
    target, hearts = Kept(), []

    def made(pipeline: Any) -> None:
        heart = alone(target)
        heart.follow(plan, start, pipeline)
        hearts.append(heart)

    run = asyncio.run(trade(plan, market, start, made=made))
    (heart,) = hearts
    heart.rest(run.outcome)
    asyncio.run(heart.end())
    first, resting, last = target.documents
    assert first.keys() == last.keys() >= LISTED
    assert (first["state"], resting["state"], last["state"]) == ("running", "idle", "ended")
    assert (first["ended"], last["ended"], last["error"]) == (False, True, "")
    status = run.outcome.engine
    assert last["tick_count"] == status.ticks == len(ticks(DAY).ts) + len(ticks(NEXT_DAY).ts)
    assert last["session"] == NEXT_DAY.isoformat()
    today = Trade.objects.filter(day=NEXT_DAY, status="closed")
    assert last["trade_count"] == today.count() > 0
    assert last["signal_count"] >= Signal.objects.filter(session__day=NEXT_DAY).count() > 0
    assert Decimal(last["daily_pnl"]) == sum((row.net for row in today), Decimal(0))
    assert Decimal(last["balance"]) == to_decimal(status.balance)
    assert last["bar_count"] == status.bars
    assert last["tier_name"] == status.tier
    assert last["feed_state"] == "ended"
    assert not last["feed_connected"]


@pytest.mark.django_db(transaction=True)
def test_what_was_traded_before_a_restart_on_the_day_is_counted() -> None:
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    asyncio.run(trade(plan, market, start))
    count = Trade.objects.filter(status="closed").count()
    start = replace(start, session=type(start.session).objects.get())
    pipeline: Any = SimpleNamespace(core=SimpleNamespace(outputs=[]))
    from trading.heartbeat.figures import Trading

    assert Trading(plan, start, pipeline).tally.trades == count > 0
    again: Any = replace(start, replay=SimpleNamespace())
    assert Trading(plan, again, pipeline).tally.trades == 0  # its journal says them again


@pytest.mark.django_db(transaction=True)
def test_the_last_beat_says_how_it_ended(data_dir: Path) -> None:
    plan = planned(TickFeed([ticks()]))

    async def fail() -> None:
        async with beating(plan):
            raise RuntimeError("the roof came down")

    with pytest.raises(RuntimeError):
        asyncio.run(fail())
    (beat,) = from_files(data_dir).values()
    assert beat.ended
    assert "the roof came down" in beat.document["error"]
    rows = Heartbeat.objects.order_by("ts")
    assert [row.document["state"] for row in rows] == ["starting", "ended"]


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.django_db(transaction=True)
def test_a_process_says_that_the_one_before_it_was_killed(data_dir: Path, ended: bool) -> None:
    plan = planned(TickFeed([ticks()]))
    before = alone(Kept()).document() | {"ended": ended}
    File(data_dir).write([before])

    async def live() -> Json:
        async with beating(plan) as heart:
            return heart.document()

    expected = None if ended else before["timestamp"]
    assert asyncio.run(live())["went_down"] == expected


def test_stopping_a_process_that_rests_is_no_failure() -> None:
    heart = alone(Kept())
    outcome: Any = SimpleNamespace(error="the feed failed")
    heart.state = "running"
    heart.over(outcome)
    assert heart.error == "the feed failed"
    heart.rest(outcome)
    assert heart.document()["error"] == "the feed failed"
    heart.over(outcome)
    assert heart.error == ""


def test_a_beat_that_cannot_be_made_is_counted_and_the_next_one_comes() -> None:
    target = Kept()
    heart = alone(target)
    heart._trading = SimpleNamespace(figures=lambda: 1 / 0)  # type: ignore[assignment]
    heart.beat()
    heart._trading = None
    heart.beat()
    asyncio.run(heart.end())
    assert heart.failures == 1
    assert [document["beat"] for document in target.documents] == [1, 2]


def test_a_process_is_known_by_its_start() -> None:
    mine = process()
    assert process_start(mine["pid"]) == mine["process_start"] != ""
    assert process_start(2**22 + 1) == ""
    assert machine() == machine() != ""


def test_ages_are_of_the_trading_days_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that went three real seconds ago was away for a minute and a half of a quick day."""
    monkeypatch.setattr(clock, "_clock", SimpleNamespace(speed=30.0))
    monkeypatch.setattr("trading.heartbeat.figures.time", SimpleNamespace(time=lambda: 1_003.0))
    assert line({"up": False, "since": 1_000_000}) == {
        "up": False, "since": 1_000_000, "for_s": 90.0,
    }  # fmt: skip
    assert line(None) is None
