"""At a broker every change of an order is stored, and is in the audit trail with who and why."""

import pytest

from engine import events as said_
from engine.once import SEEN_BEFORE
from tests.trading.days import TickFeed, planned, started, ticks
from trading.models import Mode
from trading.pipeline.recorder import Recorder

LIFE = (
    said_.OrderIntent(
        ts=1, id="b-E", trade_id="b", symbol="MES", role="entry", type="market", side=1, size=2
    ),
    said_.OrderUpdate(ts=2, id="b-E", status="working"),
    said_.OrderCancel(ts=3, id="b-E", trade_id="b", reason="operator"),
    said_.OrderUpdate(ts=4, id="b-E", status="lost", reason="never sent"),
)


@pytest.fixture
def recorder(db):
    return Recorder(started(planned(TickFeed([ticks()])))[1].session)


def trail(recorder):
    return [(row.kind, row.actor) for row in recorder.waiting["audit"].values()]


def test_each_change_of_an_order_is_kept_with_who_wanted_or_said_it(recorder):
    recorder.session.mode = Mode.LIVE
    recorder.take(LIFE)
    assert trail(recorder) == [
        ("order_sent", "engine"), ("order_working", "broker"),
        ("order_cancel_asked", "engine"), ("order_lost", "broker"),
    ]  # fmt: skip
    asked = list(recorder.waiting["audit"].values())[2]
    assert asked.payload == {"order": "b-E", "trade": "b", "reason": "operator"}


def test_where_fills_are_simulated_orders_are_not_in_the_trail(recorder):
    recorder.take(LIFE)
    assert trail(recorder) == []


def test_an_order_s_row_follows_its_life_and_a_lost_entry_ends_its_trade(recorder):
    recorder.take(LIFE[:3])
    order, trade = recorder.waiting["orders"]["b-E"], recorder.waiting["trades"]["b"]
    assert order.status == "cancelling"
    recorder.take(LIFE[3:])
    assert (order.status, order.reason) == ("lost", "never sent")
    assert (trade.status, trade.exit_reason) == ("cancelled", "lost")


def test_a_late_fill_is_of_the_order_and_the_trade_that_were_over(recorder):
    recorder.take(LIFE)
    order, trade = recorder.waiting["orders"]["b-E"], recorder.waiting["trades"]["b"]
    fill = said_.Fill(id="f", order_id="b-E", ts=5, price=20_000, size=2)
    recorder.take([said_.Filled(ts=5, fill=fill, trade_id="b", role="entry", side=1, fee=0)])
    assert recorder.waiting["orders"]["b-E"] is order
    assert (order.status, order.filled) == ("filled", 2)
    assert recorder.waiting["trades"]["b"] is trade


def test_a_refused_change_puts_the_stop_s_price_back(recorder):
    stop = said_.OrderIntent(
        ts=1, id="b-S", trade_id="b", symbol="MES", role="stop", type="stop", side=-1, size=2,
        price=19_984,
    )  # fmt: skip
    moved = said_.OrderAmend(ts=2, id="b-S", trade_id="b", price=20_000, size=2, reason="x")
    refused = said_.AmendRejected(ts=3, id="b-S", trade_id="b", price=19_984, reason="no")
    recorder.take([stop, moved])
    order, trade = recorder.waiting["orders"]["b-S"], recorder.waiting["trades"]["b"]
    assert order.price == trade.last_stop == 5000
    recorder.take([refused])
    assert order.price == trade.last_stop == 4996


def test_what_a_broker_tells_again_is_not_kept_again_what_fits_nothing_is(recorder):
    recorder.take([said_.InputIgnored(ts=1, what="fill", reason=SEEN_BEFORE)])
    assert trail(recorder) == []
    recorder.take([said_.InputIgnored(ts=1, what="fill", reason="unknown order")])
    assert trail(recorder) == [("input_ignored", "engine")]
