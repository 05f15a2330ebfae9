"""A broker's fills that come late, fit nothing, were somebody else's, or close a part.

Three lots of ES are ordered; the first fill at 4800 sets stop 4784 and target 4824.
"""

import pytest

from engine.at_broker import KEPT
from engine.commands import (
    ReportCancelled,
    ReportDifference,
    ResumeTrading,
)
from engine.events import (
    Fill,
    Halted,
    OrderIntent,
)
from engine.names import ExitReason, Halt
from tests.engine.broker import (
    amends,
    cancelled,
    changes,
    exits,
    flatten,
    halts,
    ignored,
    lots,
    next_bar,
    say,
    three_lots,
)
from tests.engine.drive import (
    BAR,
    TICK,
    asked_back,
    at,
    updates,
)

# Fills that come late or do not fit


def test_a_late_fill_of_a_cancelled_entry_is_a_position_that_is_closed_at_once() -> None:
    driven = three_lots()
    flatten(driven)
    cancelled(driven, "E")
    driven.fill("E", 4800, 2)
    assert (lots(driven), exits(driven), ignored(driven)) == (2, [("X", 2)], [])
    roles = [order.role for order in driven.said(OrderIntent)]
    assert roles == ["entry", "stop", "target", "exit"]
    driven.fill("X", 4802, 2)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.pnl_gross) == (ExitReason.LATE_FILL, 4 * TICK)
    assert halts(driven) == ()


def test_a_further_late_fill_of_a_closed_trade_is_closed_too_and_booked_once() -> None:
    driven = three_lots()
    cancelled(driven, "E")
    driven.fill("E", 4800, 2)
    driven.fill("X", 4802, 2)
    before = driven.engine.status().balance
    driven.fill("E", 4801)
    assert exits(driven) == [("X", 2), ("X2", 1)]
    driven.fill("X2", 4800)
    first, again = driven.trades
    assert (again.id, again.size, again.pnl_gross) == (first.id, 3, 3 * TICK)
    assert again.balance - before == again.pnl_net - first.pnl_net
    assert driven.engine.status().balance == again.balance


def test_a_late_fill_beside_another_trade_is_said_and_halts() -> None:
    driven = three_lots()
    first = driven.trade_id
    cancelled(driven, "E")
    assert next_bar(driven) == ""
    late = Fill(id="late", order_id=f"{first}-E", ts=at(BAR), price=4800, size=2)
    driven.take(driven.engine.on_fill(late))
    assert halts(driven) == (Halt.DIFFERENCE,)
    (said,) = driven.said(Halted)
    assert said.reason == f"fill late of {first}-E: too late: {driven.trade_id} is waiting"
    assert ignored(driven) == [f"too late: {driven.trade_id} is waiting"]
    assert lots(driven) == 0
    assert "late" not in driven.engine.orders().fills


@pytest.mark.parametrize(
    ("order", "size", "reason"),
    [
        ("S", 4, "more than the 3 left"),
        ("X9", 1, "unknown order"),
        ("E", 1, "more than the 0 left"),
    ],
)
def test_a_fill_that_fits_nothing_is_said_and_halts(order: str, size: int, reason: str) -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill(order, 4790, size, second=BAR - 1)
    assert (ignored(driven), halts(driven), lots(driven)) == ([reason], (Halt.DIFFERENCE,), 3)
    assert driven.said(Halted)[0].ts == at(BAR)


def test_an_exit_that_fills_after_the_trade_was_closed_halts() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    driven.fill("S", 4799, 3)
    driven.fill("X", 4799, 3)
    assert ignored(driven) == ["more than the 0 left"]
    assert halts(driven) == (Halt.DIFFERENCE,)


def test_the_operator_lifts_a_difference_and_the_next_day_does_not() -> None:
    driven = three_lots()
    say(driven, ReportDifference(id="d", ts=at(BAR), reason="two lots more"))
    assert driven.said(Halted)[0].reason == "two lots more"
    driven.trade(1, 4800, day=1)
    assert halts(driven) == (Halt.DIFFERENCE,)
    say(driven, ResumeTrading(id="r", ts=at(BAR, 1)))
    assert halts(driven) == ()


def test_a_trade_is_forgotten_when_many_others_came_after_it() -> None:
    driven = three_lots()
    first = driven.trade_id
    cancelled(driven, "E")
    for number in range(1, KEPT + 1):
        assert next_bar(driven, number) == ""
        if number == KEPT - 1:
            assert driven.engine.orders().over[0] == f"{first}-E"
        cancelled(driven, "E")
    assert f"{first}-E" not in driven.engine.orders().over
    late = ReportCancelled(id="late", ts=at(BAR), order_id=f"{first}-E", reason="")
    assert say(driven, late) == "unknown order"


# What others did, and parts


def test_a_foreign_execution_closes_the_position() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("F1", 4805)
    assert amends(driven) == [("S", 4784, 2, "exit_fill"), ("T", 4824, 2, "exit_fill")]
    assert changes(driven)[-1] == ("F1", "filled", 1)
    driven.fill("F2", 4806, 2)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.pnl_gross) == (ExitReason.EXTERNAL, 17 * TICK)
    assert asked_back(driven) == ["S", "T"]


def test_a_foreign_execution_takes_no_number_of_ours() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("F1", 4805)
    flatten(driven)
    assert exits(driven) == [("X", 2)]


@pytest.mark.parametrize("order", ["F", "F0", "F1x", "G1"])
def test_only_numbered_executions_are_foreign(order: str) -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill(order, 4805)
    assert ignored(driven) == ["unknown order"]


def test_a_part_of_the_target_makes_the_stop_smaller_and_the_other_way_round() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("T", 4824)
    driven.fill("S", 4784)
    assert amends(driven) == [("S", 4784, 2, "exit_fill"), ("T", 4824, 2, "exit_fill")]


def test_while_an_exit_is_on_its_way_stop_and_target_are_left_alone() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 2)
    flatten(driven)
    driven.fill("E", 4800)
    driven.fill("T", 4824)
    assert amends(driven) == []


def test_the_rest_of_an_entry_that_fills_after_the_stop_did_is_closed() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 2)
    driven.fill("S", 4784, 2)
    driven.fill("E", 4785)
    assert exits(driven) == [("X", 1)]
    driven.fill("X", 4783)
    (trade,) = driven.trades
    assert (trade.size, trade.exit_reason) == (3, ExitReason.LATE_FILL)


# Time


def test_a_fill_is_not_before_its_order() -> None:
    driven = three_lots(time_stop_s=60)
    driven.fill("E", 4800, 3, second=BAR - 200)
    held = driven.engine.status().position
    assert held is not None
    assert held.entry_ts == at(BAR)
    driven.beat(BAR + 59)
    assert exits(driven) == []
    driven.beat(BAR + 60)
    assert exits(driven) == [("X", 3)]
    driven.fill("X", 4800, 3, second=BAR - 200)
    assert driven.trades[0].exit_ts == at(BAR)


def test_a_fill_is_believed_to_be_a_minute_after_our_time_and_not_more() -> None:
    near, far = three_lots(time_stop_s=60), three_lots(time_stop_s=60)
    near.fill("E", 4800, 3, second=BAR + 60)
    far.fill("E", 4800, 3, second=BAR + 60.001)
    entries = [driven.engine.status().position for driven in (near, far)]
    assert [held and held.entry_ts for held in entries] == [at(BAR + 60), at(BAR)]
    assert near.engine.status().ts == at(BAR)  # it does not advance our time


def test_what_a_late_fill_asks_for_is_not_before_our_time() -> None:
    driven = three_lots()
    flatten(driven)
    driven.beat(BAR + 50)
    driven.fill("E", 4800, 3, second=BAR + 1)
    assert driven.said(OrderIntent)[-1].ts == at(BAR + 50)
    driven.fill("X", 4700, 3, second=BAR + 2)
    assert driven.trades[0].exit_ts == at(BAR + 2)
    assert {halted.ts for halted in driven.said(Halted)} == {at(BAR + 50)}


def test_updates_of_the_entry_are_said() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    driven.fill("E", 4800, 2)
    assert updates(driven) == [("E", "partial"), ("E", "filled")]
