"""Whatever is lost on the way: in the end engine and broker agree, or trading halts."""

import asyncio
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.commands import Flatten, HaltTrading, Kill
from engine.events import FlattenFailed, OrderIntent, TradeClosed
from engine.names import ExitReason
from tests.trading.jumping_loop import run
from tests.trading.live_room import LiveRoom
from trading.brokers import sync

LOSSES = ("drop", "vanish", "lose", "hang")
MARKET = [
    st.tuples(st.just("bar"), st.sampled_from(["buy", "sell"])),
    st.tuples(st.just("fill"), st.integers(0, 3)),
    st.tuples(st.just("wait"), st.sampled_from([0, 0.1, 1, 5, 30])),
]
LOST = [
    st.tuples(st.just("lose"), st.integers(1, 4)),
    st.tuples(st.just("fault"), st.sampled_from(LOSSES)),
    st.tuples(st.just("link"), st.booleans()),
    st.tuples(st.just("mute"), st.booleans()),
    st.tuples(st.just("cancel"), st.integers(0, 3)),
]
PEOPLE = [
    st.tuples(st.just("fault"), st.sampled_from(["refuse", "reject"])),
    st.tuples(st.just("somebody"), st.sampled_from([-1, 1])),
    st.tuples(st.just("command"), st.sampled_from([Flatten, Flatten, Kill, HaltTrading])),
]
BEGIN = [("bar", "buy"), ("bar", "buy")]
CLOSED_PAST_US = [("wait", 0.1), ("fill", 0), ("cancel", 0)]
"""The exchange cancels the stop, the exit for it never fills, and the broker closes everything:
the exits that follow find nothing to close, and none of the trade's orders is left."""


def scripts(*steps):
    return st.lists(st.one_of(*MARKET, *MARKET, *steps), min_size=3, max_size=25)


@pytest.fixture(autouse=True)
def without_threads_and_logs(monkeypatch):
    async def at_once(put):
        put()

    monkeypatch.setattr(sync.asyncio, "to_thread", at_once)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def step(room: LiveRoom, kind: str, value) -> None:
    broker = room.broker
    working = room.working()
    match kind:
        case "bar":
            room.bar(value)
        case "fill" if working:
            name = working[value % len(working)]
            order = broker.orders[name]
            await broker.fill(name, order.size - order.filled)
        case "lose":
            room.losing = value
        case "fault":
            broker.faults.append(value)
        case "link":
            await broker.link(value)
        case "mute":
            broker.mute = value
        case "cancel" if working:
            await broker.cancelled(working[value % len(working)], "by the exchange")
        case "somebody":
            await broker.trade("ESM4", value, 1)
        case "command":
            room.command(value)
        case "wait":
            await room.pass_(value)


async def history(script) -> LiveRoom:
    """Play a script, let everything be well again, and let ten minutes pass."""
    room = LiveRoom()
    try:
        await room.pass_(10)
        for kind, value in script:
            await step(room, kind, value)
            await asyncio.sleep(0)
        room.losing, room.broker.mute = 0, False
        room.broker.faults.clear()
        await room.broker.link(True)
        await room.pass_(600)
    finally:
        await room.close()
    return room


def sent_once(room: LiveRoom) -> bool:
    sent = [order.id for order in room.broker.placed if isinstance(order, OrderIntent)]
    return len(sent) == len(set(sent))


def alike(room: LiveRoom) -> bool:
    """Whether both have the same position and the same orders, and what is held has its stop."""
    stops = [name for name in room.working() if name.endswith("-S")]
    return (
        room.ours() == room.theirs()
        and sorted(room.believed()) == sorted(room.working())
        and len(stops) == len(room.theirs())
    )


@given(scripts(*LOST))
@example(CLOSED_PAST_US)
def test_whatever_is_lost_in_the_end_both_believe_the_same(script):
    room = run(history([*BEGIN, *script]))
    assert sent_once(room)
    assert alike(room)


@given(scripts(*LOST, *PEOPLE))
def test_whatever_anybody_does_in_the_end_both_believe_the_same_or_trading_halts(script):
    room = run(history([*BEGIN, *script]))
    assert sent_once(room)
    assert alike(room) or room.engine.status().halts


def test_what_was_closed_past_the_engine_ends_the_trade_when_no_order_of_it_is_left():
    room = run(history([*BEGIN, *CLOSED_PAST_US]))
    assert any(isinstance(event, FlattenFailed) for event in room.events)
    (closed,) = [event for event in room.events if isinstance(event, TradeClosed)]
    assert closed.trade.exit_reason is ExitReason.EXTERNAL
    assert "position_differs" not in str(room.desk.alerts)
    assert room.ours() == room.theirs() == {}


def test_an_undisturbed_trade_is_entered_and_closed():
    script = [("bar", "buy"), ("bar", "buy"), ("wait", 5), ("fill", 0), ("wait", 5), ("fill", 1)]
    room = run(history(script))
    assert room.theirs() == room.ours() == {}
    assert next(order.id[-1] for order in room.broker.placed) == "E"
    assert not room.engine.status().halts
