"""Frames: at most ten a second, at least one, each thing said once."""

import asyncio
import json
from decimal import Decimal

import pytest

from engine import events as said_
from engine.config import engine_config
from engine.engine import Engine
from engine.instruments import instrument
from engine.names import Halt
from marketdata.calendars import schedule
from tests.trading.days import ticks
from trading.pipeline.core import Core, WarmUp
from trading.pipeline.frames import MOST, MOST_BARS, Facts, notice_of
from trading.pipeline.levels import MOST_GONE
from trading.pipeline.prints import MOST_PRINTS
from trading.pipeline.publisher import Publisher
from trading.pipeline.stream import part
from trading.wire import units_text


class Clock:
    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def publisher(clock):
    engine = Engine(engine_config("MES"), schedule(instrument("MES"), "rth"))
    core = Core(engine, clock=lambda: int(clock.now * 1e9))
    facts = Facts(
        spec=instrument("MES"), account="paper-MES", mode="paper", source="memory", synthetic=True,
        inferred=False, speed="1", stale_s=30, feed="live",
    )  # fmt: skip
    made = Publisher(core, facts, clock=clock, now_ms=lambda: int(clock.now * 1000))
    core.outputs = [made]
    return made


def push(publisher, start, stop):
    publisher.core.act(part(ticks(), start, stop))


def test_at_most_ten_frames_a_second_whatever_the_ticks(publisher, clock):
    frames = 0
    for step in range(1000):  # ten seconds, a hundred looks a second
        push(publisher, step * 20, step * 20 + 20)
        frames += publisher.frame() is not None
        clock.now += 0.01
    assert 90 <= frames <= 101


def test_at_least_one_frame_a_second_when_nothing_happens(publisher, clock):
    frames = 0
    for _ in range(1000):
        frames += publisher.frame() is not None
        clock.now += 0.01
    assert 10 <= frames <= 11


def test_a_frame_that_is_too_early_waits_with_its_news(publisher, clock):
    push(publisher, 0, 100)
    assert publisher.frame() is not None
    push(publisher, 100, 15_000)
    clock.now += 0.05
    assert publisher.frame() is None
    clock.now += 0.06
    assert publisher.frame()["bars"]


def test_a_frame_has_everything_the_contract_names(publisher, clock):
    push(publisher, 0, 15_000)
    frame = publisher.frame()
    json.dumps(frame, allow_nan=False)
    assert set(frame) == {
        "type", "seq", "now", "account_name", "bars", "last_bar", "forming", "signals", "trades",
        "position", "waiting", "orders", "account", "feed", "regime", "session", "output",
        "broker", "notices",
    }  # fmt: skip
    assert set(frame["feed"]) == {
        "source", "synthetic", "inferred", "state", "last_tick", "age_ms", "ticks", "tps",
        "dropped", "speed", "latency_us",
    }  # fmt: skip
    assert set(frame["account"]) == {
        "balance", "peak", "day_pnl", "open_pnl", "target", "limit", "tier", "symbol", "halts",
        "streak",
    }  # fmt: skip
    assert frame["forming"]["t"] > frame["last_bar"] == frame["bars"][-1]["t"]
    assert frame["account"]["balance"] == units_text(publisher.core.engine.status().balance)
    assert frame["session"]["day"] == "2024-06-12"
    assert set(frame["regime"]) == {"name", "conf", "scores", "reason", "inputs"}


def test_what_happened_is_said_once(publisher, clock):
    push(publisher, 0, 15_000)
    first = publisher.frame()
    clock.now += 1
    second = publisher.frame()
    assert first["bars"]
    assert first["signals"]
    assert second["bars"] == second["signals"] == second["notices"] == []
    assert second["last_bar"] == first["last_bar"]
    assert second["seq"] == first["seq"] + 1


def test_a_frame_is_bounded(publisher):
    for _ in range(3):
        for event in _closed_bars(MOST):
            publisher.take([event], None)
    frame = publisher.frame()
    assert len(frame["bars"]) == MOST_BARS


def _closed_bars(count):
    engine = Engine(engine_config("MES"), schedule(instrument("MES"), "rth"))
    events = [e for e in engine.push_columns(ticks()) if isinstance(e, said_.BarClosed)]
    return (events * (count // len(events) + 1))[:count]


def test_the_age_of_the_last_tick_grows_and_then_the_feed_is_stale(publisher, clock):
    push(publisher, 0, 10)
    assert publisher.frame()["feed"]["state"] == "live"
    clock.now += 12
    feed = publisher.frame()["feed"]
    assert (feed["age_ms"], feed["state"]) == (12_000, "live")
    clock.now += 20
    assert publisher.frame()["feed"]["state"] == "stale"
    publisher.facts.feed = "ended"
    clock.now += 1
    assert publisher.frame()["feed"]["state"] == "ended"


def test_before_the_first_tick_nothing_is_known(publisher):
    publisher.facts.feed = "waiting"
    frame = publisher.frame()
    assert frame["feed"]["age_ms"] is None
    assert frame["feed"]["last_tick"] is None
    assert frame["forming"] is frame["position"] is frame["regime"] is frame["last_bar"] is None


def test_ticks_a_second_leaves_out_the_warm_up(publisher, clock):
    publisher.facts.feed = "warming"
    publisher.core.act(WarmUp(True))
    push(publisher, 0, 15_000)
    publisher.frame()
    publisher.core.act(WarmUp(False))
    publisher.facts.feed = "live"
    for step in range(20):
        clock.now += 0.1
        push(publisher, 15_000 + step * 5, 15_005 + step * 5)
        frame = publisher.frame()
    assert frame["feed"]["tps"] == pytest.approx(50, rel=0.1)


def test_database_trouble_is_said_and_its_end(publisher, clock):
    publisher.facts.writer.failing = True
    frame = publisher.frame()
    assert frame["output"]["failing"]
    assert frame["notices"][0]["level"] == "error"
    clock.now += 1
    assert publisher.frame()["notices"] == []
    publisher.facts.writer.failing = False
    clock.now += 1
    assert "answers again" in publisher.frame()["notices"][0]["text"]


def test_a_dead_channel_layer_is_counted_and_tried_again(publisher, clock):
    sent, naps = [], []

    async def send(frame):
        if len(sent) < 2:
            sent.append(None)
            raise ConnectionError("redis is away")
        sent.append(frame)

    async def sleep(seconds):
        naps.append(seconds)
        clock.now += seconds
        if len(naps) > 8:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(publisher.run(send, sleep=sleep))
    assert publisher.failures == 2
    assert publisher.sent >= 1
    assert naps[0] == 1.0, "it waits longer after a failure"


@pytest.mark.parametrize(
    ("event", "level", "words"),
    [
        (said_.Halted(ts=1, halt=Halt.KILL, reason="told so"), "warning", "kill): told so"),
        (said_.Resumed(ts=1, halt=Halt.REJECTS, reason="resumed"), "info", "No longer halted"),
        (said_.TierChanged(ts=1, before="a", after="b", balance=350_000_000_000), "info", "3500"),
        (said_.CommandDone(ts=1, command_id="1", kind="Kill", ok=False, result="no"), "error",
         "Kill switch: no"),
        (said_.InputIgnored(ts=1, what="fill", reason="seen before"), "warning", "seen before"),
        (said_.SessionChanged(ts=1, phase="entries_closed"), "info", "entries closed"),
        (said_.OrderUpdate(ts=1, id="o", status="rejected", reason="margin"), "error", "margin"),
        (said_.OrderAmend(ts=1, id="t-S", trade_id="t", price=20_001, size=1, reason="break_even"),
         "info", "Stop to 5000.25: break-even"),
        (said_.OrderAmend(ts=1, id="t-S", trade_id="t", price=20_002, size=1,
                          reason="trailing_stop"), "info", "Stop to 5000.50: trailing"),
    ],
)  # fmt: skip
def test_notices(event, level, words):
    notice = notice_of(event, instrument("MES"))
    assert notice["level"] == level
    assert words in notice["text"]


def test_an_ordinary_order_is_no_notice():
    filled = said_.OrderUpdate(ts=1, id="o", status="filled")
    more = said_.OrderAmend(ts=1, id="t-T", trade_id="t", price=9, size=2, reason="entry_fill")
    assert notice_of(filled, instrument("MES")) is notice_of(more, instrument("MES")) is None


def test_latency_is_of_the_last_pushes(publisher):
    assert publisher.core.latency_us() is None
    publisher.core.latencies.extend(range(1000, 101_000, 1000))
    assert publisher.core.latency_us() == {"p50": 50.0, "p99": 99.0}
    assert Decimal(str(publisher.core.latency_us()["p50"])) == 50


def sent(publisher):
    """Messages of one turn, by type."""
    out = []

    async def send(message):
        out.append(json.loads(json.dumps(message, allow_nan=False)))

    asyncio.run(publisher.publish(send))
    return {message["type"]: message for message in out}


def test_the_tape_is_said_once_beside_a_frame(publisher, clock):
    push(publisher, 0, 15_000)
    tape = sent(publisher)["tape"]
    assert tape["account_name"] == "paper-MES"
    assert set(tape["large"][0]) == {"t", "price", "size", "side", "threshold"}
    assert set(tape["sweeps"][0]) == {
        "t", "e", "side", "first", "last", "prices", "v", "n",
    }  # fmt: skip
    clock.now += 1
    push(publisher, 15_000, 15_001)
    assert "tape" not in sent(publisher)


def test_the_tape_beside_a_frame_is_bounded(publisher):
    large = said_.LargeTrade(ts=1, price=4800, size=9, side=0, threshold=9)
    publisher.take([large] * (2 * MOST), None)
    assert len(sent(publisher)["tape"]["large"]) == MOST


def test_living_levels_are_said_when_they_change_and_every_five_seconds(publisher, clock):
    assert sent(publisher)["levels"]["levels"] == []
    push(publisher, 0, 15_000)
    clock.now += 1
    said = sent(publisher)["levels"]["levels"]
    assert [level["id"] for level in said] == [
        level.id for level in publisher.core.engine.levels
    ] != []  # fmt: skip
    assert set(said[0]) == {"id", "kind", "dir", "low", "high", "t", "touched"}
    for _ in range(4):
        clock.now += 1
        assert "levels" not in sent(publisher)
    clock.now += 1
    assert sent(publisher)["levels"]["levels"] == said


def test_levels_that_ended_are_said_beside_those_that_live(publisher):
    push(publisher, 0, 30_000)
    message = sent(publisher)["levels"]
    gone = message["gone"]
    assert 0 < len(gone) <= MOST_GONE
    assert {level["why"] for level in gone} <= {
        "traded", "traded_through", "revisited", "displaced",
    }  # fmt: skip
    assert all(level["t"] <= level["e"] for level in gone)
    assert not {level["id"] for level in gone} & {level["id"] for level in message["levels"]}


def test_trades_come_beside_frames_as_the_engine_took_them(publisher, clock):
    push(publisher, 0, 15_000)
    prints = sent(publisher)["prints"]
    assert prints["account_name"] == "paper-MES"
    assert prints["left_out"] == 15_000 - MOST_PRINTS
    last = prints["prints"][-1]
    day = ticks()
    assert last == [
        int(day.ts[14_999]) // 1_000_000, *(int(column[14_999]) for column in day[1:])
    ]  # fmt: skip
    clock.now += 1
    assert "prints" not in sent(publisher)
    push(publisher, 15_000, 15_002)
    clock.now += 1
    assert len(sent(publisher)["prints"]["prints"]) == 2


def test_a_page_that_joins_is_told_what_all_others_have_heard(publisher, clock):
    """And what they have not heard yet comes to all of them later: nothing twice."""
    push(publisher, 0, 15_000)
    tape = sent(publisher)["tape"]
    clock.now += 1
    push(publisher, 15_000, 15_010)
    heard = sent(publisher)["prints"]["prints"]
    push(publisher, 15_010, 15_020)  # told to nobody yet
    recent = publisher.recent.message()
    assert len(recent["prints"]) == MOST_PRINTS
    assert recent["prints"][-10:] == heard
    assert (recent["large"], recent["sweeps"]) == (tape["large"], tape["sweeps"])


def test_an_open_positions_stop_is_told_with_its_way(clock):
    config = engine_config("MES").override({
        "risk.break_even_after_ticks": "4", "risk.trail_ticks": "6",
    })  # fmt: skip
    core = Core(Engine(config, schedule(instrument("MES"), "rth")))
    facts = Facts(
        spec=instrument("MES"), account="paper-MES", mode="paper", source="memory", synthetic=True,
        inferred=False, speed="1", stale_s=30, feed="live",
    )  # fmt: skip
    made = Publisher(core, facts, clock=clock)
    core.outputs = [made]
    longest = 0
    for start in range(0, 30_000, 20):
        push(made, start, start + 20)
        clock.now += 0.2
        position = made.frame()["position"]
        if position:
            moves = position["moves"]
            assert moves[-1][1] == position["stop"]
            assert moves == sorted(moves)
            assert moves[0][0] >= position["et"]
            longest = max(longest, len(moves))
    assert longest > 1


def test_a_frame_tells_the_days_times_and_where_it_stands(publisher, clock):
    push(publisher, 0, 15_000)
    session = publisher.frame()["session"]
    times = session["times"]
    in_order = [times[name] for name in (
        "open", "entries_from", "entries_to", "flatten", "close", "end",
    )]  # fmt: skip
    assert in_order == sorted(in_order)
    assert times["open"] < session["ts"] < times["end"]


def test_a_position_is_told_with_its_orders_and_excursions(publisher, clock):
    seen = []
    for start in range(0, 30_000, 20):
        push(publisher, start, start + 20)
        clock.now += 0.2
        frame = publisher.frame()
        if frame["position"]:
            seen.append(frame)
    assert seen
    for frame in seen:
        position = frame["position"]
        assert {order["role"] for order in frame["orders"]} >= {"stop", "target"}
        assert position["mae"] >= 0 <= position["mfe"]
    assert any(frame["position"]["mfe"] > 0 for frame in seen)
