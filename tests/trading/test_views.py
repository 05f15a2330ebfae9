"""Other bars of a running session: the same market, never traded, changed by no look."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from channels.layers import get_channel_layer

from engine.config import engine_config
from engine.engine import Engine
from engine.events import BarClosed, LevelGone, SignalDetected
from engine.instruments import instrument
from engine.ticks import NS, TickColumns, joined, part
from marketdata.calendars import schedule
from tests.trading.days import DAY, LOSSES, NEXT_DAY, TickFeed, planned, started, ticks, trade
from trading import wire
from trading.bar_views import FORGET_AFTER_S, BarView, ViewError, group
from trading.pipeline.core import Beat, Core, Finish, WarmUp
from trading.pipeline.day_ticks import PIECE, DayTicks
from trading.pipeline.levels import MOST_GONE
from trading.pipeline.views import MOST_VIEWS, Views

CONFIG = engine_config("MES").override(LOSSES)
RTH = schedule(instrument("MES"), "rth")
ACCOUNT = "paper-MES"
HEARD_WITHIN_S = 20
KINDS = [("time", 60), ("time", 900), ("tick", 100), ("volume", 400), ("range", 12), ("delta", 150)]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Listener:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def take(self, events: Any, status: Any) -> None:
        self.events.extend(events)


class Desk:
    """A trading engine with views beside it, and pages that ask for them."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.engine = Engine(CONFIG, RTH)
        self.said = Listener()
        self.core = Core(self.engine, [self.said])
        self.views = Views(CONFIG, RTH, self.engine, ACCOUNT, clock=self.clock, **options)
        self.core.follower = self.views

    def ask(self, channel: str, kind: str, length: int, wants: str = "snapshot") -> None:
        self.views.ask({
            "type": "view.requested", "account": ACCOUNT, "channel": channel, "wants": wants,
            "bars": {"kind": kind, "length": length},
        })  # fmt: skip

    async def page(self, kind: str, length: int) -> "Page":
        page = Page(f"{kind}-{length}")
        await page.join()
        self.ask(page.channel, kind, length)
        return page

    async def look(self) -> None:
        self.clock.now += 0.1
        await self.views.look()


class Page:
    """What reaches a page, put together as the page does."""

    def __init__(self, key: str) -> None:
        self.channel = ""
        self.key = key
        self.mark = 0
        self.messages: list[dict[str, Any]] = []
        self.bars: dict[int, dict[str, Any]] = {}
        self.signals: dict[str, dict[str, Any]] = {}

    async def join(self) -> None:
        """Into the group of its bars; over Redis a subscription takes effect a little later."""
        layer: Any = get_channel_layer()
        self.channel = await layer.new_channel()
        await layer.group_add(group(ACCOUNT, self.key), self.channel)
        for send, to in ((layer.send, self.channel), (layer.group_send, group(ACCOUNT, self.key))):
            # Waited for, never cancelled: a cancelled receive gives its channel up.
            heard = asyncio.ensure_future(layer.receive(self.channel))
            async with asyncio.timeout(HEARD_WITHIN_S):
                while not heard.done():
                    await send(to, {"type": "mark", "mark": 0})
                    await asyncio.wait({heard}, timeout=0.05)

    async def hear(self) -> list[dict[str, Any]]:
        """All that was sent until now: what comes before a mark that is sent now."""
        layer: Any = get_channel_layer()
        self.mark += 1
        await layer.send(self.channel, {"type": "mark", "mark": self.mark})
        new = []
        async with asyncio.timeout(HEARD_WITHIN_S):
            while (event := await layer.receive(self.channel)).get("mark") != self.mark:
                if event["type"] == "mark":
                    continue
                assert event["key"] == self.key
                new.append(json.loads(event["text"]))
        for message in new:
            for bar in message.get("bars", ()):
                self.bars[bar["t"]] = bar
            for signal in message.get("signals", ()):
                self.signals[signal["id"]] = signal
        self.messages += new
        return new


def own_engine(bars: BarView, *days: TickColumns) -> list[Any]:
    engine = Engine(bars.applied(CONFIG), RTH)
    engine.warming = True
    events: list[Any] = []
    for day in days:
        events += engine.push_columns(day)
    return [*events, *engine.finish()]


def wires(events: list[Any]) -> list[dict[str, Any]]:
    found = []
    for event in events:
        if isinstance(event, BarClosed):
            found.append(wire.bar_to_wire(replace(event.bar, warm_up=False), CONFIG.instrument))
    return found


def without_start(bars: Any) -> list[dict[str, Any]]:
    return [{name: bar[name] for name in bar if name != "t"} for bar in bars]


# What a page may ask for


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (None, "bars is an object"),
        ({"kind": "renko", "length": 5}, "'renko'"),
        ({"kind": ["time"], "length": 5}, "are not known"),
        ({"kind": "time"}, "length None"),
        ({"kind": "time", "length": 4}, "from 5 to 86400"),
        ({"kind": "time", "length": 86_401}, "from 5 to 86400"),
        ({"kind": "time", "length": 60.0}, "60.0"),
        ({"kind": "tick", "length": True}, "True"),
        ({"kind": "tick", "length": 9}, "trades from 10"),
        ({"kind": "range", "length": "x" * 500}, "..."),
    ],
)
def test_bars_that_cannot_be_shown_are_named(words: Any, problem: str) -> None:
    with pytest.raises(ViewError) as caught:
        BarView.of(words)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 200


def test_every_kind_that_the_engine_knows_can_be_shown() -> None:
    for kind, length in KINDS:
        bars = BarView.of({"kind": kind, "length": length})
        assert BarView.traded(bars.applied(CONFIG).bars) == bars
        assert bars.key == f"{kind}-{length}"


# The day's ticks


def test_the_days_ticks_come_back_as_they_were_kept_in_any_split() -> None:
    day = joined([ticks(), ticks(NEXT_DAY), ticks()])
    assert len(day.ts) > PIECE
    random = np.random.default_rng(1)
    kept = DayTicks()
    at = 0
    while at < len(day.ts):
        count = int(random.integers(1, 9000))
        kept.add(part(day, slice(at, at + count)), 0)
        at += count
    assert len(kept) == len(day.ts)
    read, at = [], 0
    while at < len(kept):
        read.append(kept.after(at, int(random.integers(1, 20_000))))
        at += len(read[-1].ts)
    for column, expected in zip(joined(read), day, strict=True):
        assert column.tolist() == expected.tolist()


def test_a_day_with_more_ticks_than_are_kept_says_so() -> None:
    kept = DayTicks(most=1000)
    kept.add(part(ticks(), slice(0, 999)), 0)
    assert kept.complete
    kept.add(part(ticks(), slice(999, 1001)), 0)
    assert (kept.complete, len(kept)) == (False, 999)


# The same market


@pytest.mark.parametrize(("kind", "length"), KINDS)
async def test_a_view_has_the_bars_and_signals_of_an_engine_of_its_own(
    kind: str, length: int
) -> None:
    """Asked for in the middle of the day, while ticks come in blocks of any size."""
    desk = Desk()
    random = np.random.default_rng(length)
    day, at, page = ticks(), 0, None
    while at < len(day.ts):
        count = int(random.integers(1, 300))
        desk.core.act(part(day, slice(at, at + count)))
        at += count
        if page is None and at > len(day.ts) // 2:
            page = await desk.page(kind, length)
        await desk.look()
        if page is not None:
            await page.hear()
    desk.core.act(Finish())
    await desk.look()
    assert page is not None
    await page.hear()
    expected = own_engine(BarView(kind, length), day)
    bars = wires(expected)
    starts = sorted(page.bars)
    shown = [page.bars[t] for t in starts]
    assert len(shown) >= min(20, len(bars))
    assert without_start(shown) == without_start(bars[-len(shown) :])
    found = [event.signal for event in expected if isinstance(event, SignalDetected)]
    since = shown[0]["e"]
    signals = {signal.id for signal in found if signal.ts // wire.MS >= since}
    assert signals == {one["id"] for one in page.signals.values() if one["t"] >= since}
    assert {one["bar"] for one in page.signals.values() if one["t"] >= since} <= set(starts)
    kinds = [message["type"] for message in page.messages]
    assert kinds[0] == "view"
    assert kinds.count("view_snapshot") == 1


async def test_levels_of_a_view_and_those_that_ended_are_its_own_engines() -> None:
    """Told whole to a page that joins in the middle, and then whenever they changed."""
    desk = Desk()
    day = ticks()
    half = len(day.ts) // 2
    desk.core.act(part(day, slice(0, half)))
    page = await desk.page("time", 60)
    await desk.look()
    (joined_with,) = [m for m in await page.hear() if m["type"] == "view_snapshot"]
    assert joined_with["levels"] != []
    assert joined_with["gone"] != []
    for start in range(half, len(day.ts), 300):
        desk.core.act(part(day, slice(start, start + 300)))
        await desk.look()
        await page.hear()
    desk.core.act(Finish())
    await desk.look()
    await page.hear()
    told = [m for m in page.messages if m["type"] == "view_frame" and m["levels"] is not None]
    assert all((m["levels"] is None) == (m["gone"] is None) for m in page.messages if "gone" in m)
    engine = Engine(BarView("time", 60).applied(CONFIG), RTH)
    engine.warming = True
    events = [*engine.push_columns(day), *engine.finish()]
    assert told[-1]["levels"] == [wire.level_to_wire(level) for level in engine.levels]
    ended = [event for event in events if isinstance(event, LevelGone)][-MOST_GONE:]
    assert [(level["id"], level["e"], level["why"]) for level in told[-1]["gone"]] == [
        (one.level_id, wire.millis(one.ts), str(one.reason)) for one in ended
    ]


async def test_beats_and_late_ticks_make_the_same_bars_as_the_trading_engines() -> None:
    """A beat closes a bar before a tick that was meant for it comes: it goes into the next one,
    in the view too."""
    desk = Desk()
    page = await desk.page("time", CONFIG.bars.seconds)
    day = ticks()
    begin = int(np.searchsorted(day.ts, RTH.day(DAY).open))  # type: ignore[union-attr]
    random = np.random.default_rng(7)
    at, late = begin, 0
    while at < begin + 6000:
        count = int(random.integers(1, 40))
        block = part(day, slice(at, at + count))
        desk.core.act(block)
        at += count
        last = int(block.ts[-1])
        ahead = last + int(random.integers(0, 3 * NS))
        desk.core.act(Beat(ahead))
        late += int(ahead > int(day.ts[at]))
        if random.random() < 0.05:
            await desk.look()
            await page.hear()
    await desk.look()
    await page.hear()
    assert late > 50, "beats are to overtake ticks"
    bars = [event.bar for event in desk.said.events if isinstance(event, BarClosed)]
    assert len(bars) > 5
    shown = [page.bars[t] for t in sorted(page.bars)]
    assert shown == [wire.bar_to_wire(bar, CONFIG.instrument) for bar in bars]


async def test_bars_that_start_in_the_same_millisecond_keep_apart() -> None:
    day = ticks()
    crowd = day._replace(ts=np.full_like(day.ts, day.ts[0]))
    desk = Desk()
    page = await desk.page("tick", 10)
    desk.core.act(part(crowd, slice(0, 200)))
    await desk.look()
    [*_, snapshot] = await page.hear()
    assert [bar["t"] for bar in snapshot["bars"]] == list(
        range(snapshot["bars"][0]["t"], snapshot["bars"][0]["t"] + len(snapshot["bars"]))
    )
    assert len(snapshot["bars"]) >= 18
    forming = snapshot["forming"]
    assert forming is None or forming["t"] > snapshot["last_bar"]


async def test_what_closed_while_the_session_warmed_up_is_marked() -> None:
    desk = Desk()
    half = len(ticks().ts) // 2
    desk.core.act(WarmUp(True))
    desk.core.act(part(ticks(), slice(0, half)))
    desk.core.act(WarmUp(False))
    desk.core.act(part(ticks(), slice(half, None)))
    page = await desk.page("time", CONFIG.bars.seconds)
    await desk.look()
    await page.hear()
    bars = [event.bar for event in desk.said.events if isinstance(event, BarClosed)]
    assert {bar.warm_up for bar in bars} == {True, False}
    assert [page.bars[t]["warm"] for t in sorted(page.bars)] == [bar.warm_up for bar in bars]


async def test_a_new_trading_day_begins_with_a_new_view_and_a_snapshot_of_its_own() -> None:
    desk = Desk()
    page = await desk.page("time", 600)
    both = joined([ticks(), ticks(NEXT_DAY)])
    desk.core.act(part(both, slice(0, 20_000)))
    await desk.look()
    await page.hear()
    desk.core.act(part(both, slice(20_000, None)))  # the roll is somewhere in the block
    await desk.look()
    new = await page.hear()
    snapshot = next(message for message in new if message["type"] == "view_snapshot")
    assert snapshot["day"] == NEXT_DAY.isoformat()
    began = RTH.day(NEXT_DAY)
    assert began is not None
    assert all(bar["t"] >= began.start // wire.MS for bar in snapshot["bars"])
    assert snapshot["bars"][0]["i"] == 0


# What is decided


def test_what_the_engine_decides_is_the_same_with_and_without_views() -> None:
    def decided(watched: bool) -> list[Any]:
        desk = Desk()
        if not watched:
            desk.core.follower = None

        async def run() -> None:
            for number, (kind, length) in enumerate(KINDS if watched else ()):
                desk.ask(f"page{number}", kind, length)
            for at in range(0, len(ticks().ts), 700):
                desk.core.act(part(ticks(), slice(at, at + 700)))
                if watched:
                    await desk.look()
            desk.core.act(Finish())

        asyncio.run(run())
        return desk.said.events

    with_views, without = decided(True), decided(False)
    assert any(type(event).__name__ == "TradeClosed" for event in without)
    assert with_views == without


def test_a_follower_that_fails_is_left_behind_and_trading_goes_on() -> None:
    class Broken:
        calls = 0

        def follow(self, item: Any, events: Any) -> None:
            self.calls += 1
            raise RuntimeError("no memory")

    desk, broken = Desk(), Broken()
    desk.core.follower = broken
    for at in range(0, 3000, 1000):
        desk.core.act(part(ticks(), slice(at, at + 1000)))
    assert broken.calls == 1
    assert desk.engine.status().ticks == 3000


# Who may look, and for how long


async def test_nobody_is_shown_anothers_account() -> None:
    desk = Desk()
    desk.views.ask({"account": "paper-ES", "channel": "x", "wants": "snapshot",
                    "bars": {"kind": "time", "length": 60}})  # fmt: skip
    await desk.look()
    assert desk.views.alive == {}


async def test_a_view_that_nobody_looks_at_is_dropped_after_a_minute() -> None:
    desk = Desk()
    desk.core.act(part(ticks(), slice(0, 3000)))
    page = await desk.page("time", 60)
    for _ in range(3):
        desk.clock.now += FORGET_AFTER_S - 1
        desk.ask(page.channel, "time", 60, "keep")
        await desk.look()
        assert list(desk.views.alive) == ["time-60"]
    kinds = [message["type"] for message in await page.hear()]
    assert kinds.count("view_snapshot") == 1, "who goes on looking needs no other"
    desk.clock.now += FORGET_AFTER_S + 1
    await desk.look()
    assert desk.views.alive == {}


async def test_who_looks_on_while_the_pipeline_begins_anew_gets_a_snapshot() -> None:
    desk = Desk()
    desk.core.act(part(ticks(), slice(0, 3000)))
    page = await desk.page("time", 60)
    desk.views._requests.get_nowait()  # an earlier pipeline had the first request
    desk.ask(page.channel, "time", 60, "keep")
    await desk.look()
    assert [message["type"] for message in await page.hear()][-1] == "view_snapshot"


async def test_too_many_views_are_refused_while_all_are_looked_at() -> None:
    desk = Desk()
    desk.core.act(part(ticks(), slice(0, 3000)))
    pages = [await desk.page("time", 60 * number) for number in range(1, MOST_VIEWS + 2)]
    await desk.look()
    assert len(desk.views.alive) == MOST_VIEWS
    [refused] = await pages[-1].hear()
    assert (refused["type"], refused["about"]) == ("error", "view")
    assert str(MOST_VIEWS) in refused["message"]
    desk.ask(pages[0].channel, "time", 60, "leave")
    desk.ask(pages[-1].channel, "time", 60 * (MOST_VIEWS + 1))
    await desk.look()
    assert "time-60" not in desk.views.alive, "the place of one that was left is free at once"
    assert (await pages[-1].hear())[-1]["type"] == "view_snapshot"


async def test_a_day_that_is_too_long_says_why_it_cannot_be_shown() -> None:
    desk = Desk(ticks=DayTicks(most=2000))
    desk.core.act(part(ticks(), slice(0, 3000)))
    page = await desk.page("time", 60)
    await desk.look()
    [refused] = await page.hear()
    assert "2,000 trades" in refused["message"]


async def test_frames_are_at_most_ten_a_second_and_at_least_one() -> None:
    desk = Desk()
    page = await desk.page("time", 60)
    desk.core.act(part(ticks(), slice(0, 3000)))
    await desk.look()
    await page.hear()
    for at in range(3000, 6000, 100):
        desk.core.act(part(ticks(), slice(at, at + 100)))
    await desk.look()
    assert [message["type"] for message in await page.hear()] == ["view_frame"]
    for _ in range(25):
        await desk.look()
    frames = await page.hear()
    assert len(frames) == 2
    assert [frame["seq"] for frame in frames] == list(
        range(page.messages[-1]["seq"] - 1, page.messages[-1]["seq"] + 1)
    )


# The whole pipeline


@pytest.mark.django_db(transaction=True)
def test_a_page_sees_other_bars_of_a_pipeline_that_runs() -> None:
    plan = planned(TickFeed([ticks()]))
    market, start = started(plan)
    page = Page("tick-200")

    async def run() -> None:
        layer: Any = get_channel_layer()
        await page.join()
        stop = asyncio.Event()
        pipeline = await trade(plan, market, start, stop=stop)
        views = pipeline.pipeline.views
        listening = asyncio.create_task(views.run())
        request = {"type": "view.requested", "account": ACCOUNT, "channel": page.channel,
                   "wants": "snapshot", "bars": {"kind": "tick", "length": 200}}  # fmt: skip
        async with asyncio.timeout(20):
            while not any(message["type"] == "view_snapshot" for message in page.messages):
                await layer.group_send("views", request)
                await asyncio.sleep(0.05)  # the task's turn
                await page.hear()
        listening.cancel()

    asyncio.run(run())
    bars = wires(own_engine(BarView("tick", 200), ticks()))
    assert without_start(page.bars[t] for t in sorted(page.bars)) == without_start(bars)
