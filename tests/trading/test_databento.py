"""Trading Databento's live market: the whole pipeline, the real client, the gateway, the store."""

import asyncio
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from engine.config import engine_config
from engine.engine import Engine
from engine.events import BarClosed, DayStarted
from engine.names import LevelEnd
from marketdata.calendars import schedule
from marketdata.errors import FeedError
from marketdata.feeds.live import Lost
from marketdata.store import the_store
from tests.marketdata.databento.gateway import (
    H6,
    LISTED,
    MES,
    NS,
    Z5,
    Clock,
    Tape,
    expected,
    rows,
    traded_from,
)
from tests.marketdata.databento.test_front import EVENING, counted
from tests.servers.databento_gateway import Gateway, Trouble
from tests.trading.days import LOSSES, NEXT_DAY, Run, ticks, trade
from trading.errors import OptionError
from trading.models import AuditEvent, Session
from trading.pipeline.databento import live_market
from trading.pipeline.news import News
from trading.pipeline.options import Options, plan
from trading.pipeline.start import begin, open_account

pytestmark = pytest.mark.django_db(transaction=True)

Step = tuple[Callable[["Watch"], bool], Callable[[], Any]]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gateway(clock, settings, data_dir, monkeypatch):
    with Gateway(LISTED, clock=clock) as gateway:
        traded_from(gateway, settings, monkeypatch, warm_up=0)
        yield gateway


class Watch:
    """Counts what the pipeline did, and takes a step when its time has come."""

    def __init__(self, steps: list[Step], stop: asyncio.Event) -> None:
        self.steps, self.stop = steps, stop
        self.pushed = 0

    def look(self) -> None:
        while self.steps and self.steps[0][0](self):
            self.steps.pop(0)[1]()
        if not self.steps:
            self.stop.set()


def run(
    gateway: Gateway, clock: Clock, *steps: Step, trouble: Trouble | None = None, **words: Any
) -> tuple[Run, list[Any]]:
    """Trade until the last step was taken; also what was pushed, in order."""
    words = {"timeframe": "60", "session": "all"} | words
    asked = plan(Options(feed="databento", symbol="MES", settings=LOSSES, **words))
    account = open_account(asked)
    market = live_market(asked, wall=clock)
    start = begin(asked, account, market)
    gateway.started, gateway.troubles = 0, [trouble] if trouble else []
    pushed: list[Any] = []

    async def go() -> Run:
        stop = asyncio.Event()
        watch = Watch(list(steps), stop)
        engine_saw = Engine.push_columns

        def push(self: Engine, block: Any) -> Any:
            events = engine_saw(self, block)
            pushed.append(block)
            watch.pushed += len(block.ts)
            return events

        async def looking() -> None:
            while True:
                watch.look()
                await asyncio.sleep(0.01)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Engine, "push_columns", push)
            looker = asyncio.create_task(looking())
            try:
                async with asyncio.timeout(60):
                    return await trade(asked, market, start, stop=stop)
            finally:
                looker.cancel()

    return asyncio.run(go()), pushed


def stored(day: int | None = None) -> list[tuple[int, ...]]:
    store = the_store()
    days = store.days("MES")
    return [
        row
        for each in (days if day is None else [days[day]])
        for block in store.read("MES", each).blocks()
        for row in rows(block)
    ]


def columns(pushed: list[Any]) -> list[tuple[int, ...]]:
    return [row for block in pushed for row in zip(*(c.tolist() for c in block), strict=True)]


def as_pushed(ticks: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    return [(ts, price, size, side) for ts, _, price, size, side, _ in ticks]


def told(run_: Run) -> list[dict[str, Any]]:
    return [notice for frame in run_.frames for notice in frame["notices"]]


def after(count: int) -> Callable[[Watch], bool]:
    return lambda watch: watch.pushed >= count


def at_once(watch: Watch) -> bool:
    return True


def test_what_is_pushed_and_journalled_is_what_the_gateway_sent(gateway, clock):
    tape = Tape(clock)

    def publish(count):
        return lambda: gateway.publish(tape.next(count))

    ran, pushed = run(
        gateway,
        clock,
        (lambda watch: gateway.started == 1, publish(200)),
        (after(200), publish(100)),
        (after(300), lambda: None),
        trouble=Trouble(after=150, what="cut"),
    )
    sent = expected(gateway.everything)
    assert ran.outcome.status == "stopped"
    assert ran.outcome.error == ""
    assert stored() == sent
    assert columns(pushed) == as_pushed(sent)
    session = Session.objects.get()
    assert (session.contract, session.source, session.ticks) == ("MESZ5", "databento live", 300)
    assert session.feed["kind"] == "store"
    assert not session.synthetic
    kinds = list(AuditEvent.objects.filter(actor="feed").values_list("kind", flat=True))
    assert sorted(kinds) == ["feed_connected", "feed_lost", "feed_restored"]
    restored = AuditEvent.objects.get(kind="feed_restored").payload
    assert 50 <= restored["ticks"] <= 150
    texts = [notice["text"] for notice in told(ran) if notice["kind"].startswith("feed_")]
    assert texts[0] == "Connected to Databento: MESZ5"
    assert texts[1] == "Databento is lost: the gateway closed it"
    assert texts[2] == restored["text"]


def test_a_feed_that_is_lost_is_said_to_be():
    facts = SimpleNamespace(feed="live")
    News(cast(Any, facts), cast(Any, None), cast(Any, None)).tell(Lost())
    assert facts.feed == "lost"


def test_a_restart_takes_up_the_journal_and_fills_in_the_gap(gateway, clock):
    tape = Tape(clock)
    first = tape.next(120)
    run(
        gateway,
        clock,
        (lambda watch: gateway.started == 1, lambda: gateway.publish(first)),
        (after(120), lambda: None),
    )
    missed, late = tape.next(40), None

    def publish():
        nonlocal late
        late = tape.next(30)
        gateway.publish(late)

    gateway.publish(missed)
    _, pushed = run(gateway, clock, (after(160), publish), (after(190), lambda: None))
    sent = expected(gateway.everything)
    assert stored() == sent
    assert columns(pushed) == as_pushed(sent), "the journal, the gap, and what came live"
    assert Session.objects.get().starts == 2


def test_what_is_filled_in_is_not_traded_on(gateway, clock):
    """Bars that close within a replay are warm-up; bars that close live are not."""
    tape = Tape(clock)

    def minutes():
        for minute in range(4):
            gateway.publish(tape.next(20, ts=clock() - (4 - minute) * 60 * NS))

    def away():
        gateway.down()
        gateway.hang_up()

    ran, _ = run(
        gateway,
        clock,
        (lambda watch: gateway.started == 1, lambda: gateway.publish(tape.next(5))),
        (after(5), away),
        (at_once, lambda: clock.move(300 * NS)),
        (at_once, minutes),
        (at_once, gateway.up),
        (after(85), lambda: clock.move(120 * NS)),
        (at_once, lambda: gateway.publish(tape.next(5))),
        (after(90), lambda: None),
    )
    bars = [event.bar for event in ran.events if isinstance(event, BarClosed)]
    assert [bar.warm_up for bar in bars[:4]] == [True] * 4
    assert not bars[-1].warm_up


def test_a_roll_begins_the_day_with_the_other_contract(gateway, clock, data_dir):
    clock.offset += EVENING - clock()
    path = data_dir / "front" / "MES.json"
    path.parent.mkdir()
    counted(path, date(2025, 11, 19), {"MESZ5": 10, "MESH6": 9_999})
    tape = Tape(clock)

    def tomorrow():
        clock.move(4_300 * NS)
        gateway.publish(np.concatenate([tape.next(30), tape.next(30, H6.number)]))

    ran, pushed = run(
        gateway,
        clock,
        (lambda watch: gateway.started == 1, lambda: gateway.publish(tape.next(50))),
        (after(50), tomorrow),
        (after(80), lambda: None),
    )
    everything = gateway.everything
    old, new = expected(everything[:50], Z5.number), expected(everything, H6.number)
    assert columns(pushed) == as_pushed(old + new)
    assert (stored(0), stored(1)) == (old, new)
    contracts = [the_store().read("MES", day).info.contract for day in the_store().days("MES")]
    assert contracts == ["MESZ5", "MESH6"]
    assert list(Session.objects.order_by("day").values_list("contract", flat=True)) == contracts
    (rolled,) = [notice for notice in told(ran) if notice["kind"] == "feed_roll"]
    assert rolled["text"].startswith("Rolled from MESZ5 to MESH6 for 2025-11-20: volume of")
    second = [event for event in ran.events if isinstance(event, DayStarted)][1]
    assert (second.carry.levels, second.carry.unfinished) == ((), ())


def test_words_that_a_live_market_has_no_use_for():
    for words, says in (
        ({"speed": "10"}, "--speed 10: a live market goes at its own"),
        ({"speed": "max"}, "--speed max"),
        ({"side": "tick-rule"}, "--side is for recorded files"),
        ({"contract": "ESZ5"}, "--contract: contract ESZ5 is of ES"),
    ):
        with pytest.raises(OptionError, match=says):
            plan(Options(feed="databento", symbol="MES", **words))


def test_without_a_key_nothing_is_begun(clock, settings, data_dir):
    settings.DATABENTO_API_KEY = ""
    with pytest.raises(FeedError, match="set DATABENTO_API_KEY"):
        live_market(plan(Options(feed="databento", symbol="MES")), wall=clock)
    assert not Session.objects.exists()


def test_a_roll_ends_every_level_of_the_old_contract():
    engine = Engine(engine_config("MES"), schedule(MES, "rth"))
    engine.push_columns(ticks())
    said = [*engine.beat(schedule(MES, "rth").at(int(ticks().ts[-1])).end)]
    levels = engine.levels
    assert levels
    assert engine.carry().unfinished
    gone = engine.roll()
    assert [(one.level_id, one.reason) for one in gone] == [
        (level.id, LevelEnd.ROLLED) for level in levels
    ]
    unbeaten = Engine(engine_config("MES"), schedule(MES, "rth"))
    unbeaten.push_columns(ticks())
    assert [*unbeaten.roll()] == [*said, *gone], "what is due by the day's end comes first"
    assert (engine.levels, engine.carry().levels, engine.carry().unfinished) == ((), (), ())
    assert list(engine.push_columns(ticks(NEXT_DAY))), "it goes on"
