"""Orders at a broker: asked back, left over, said to work; the line; what is believed.

Three lots of ES are ordered; the first fill at 4800 sets stop 4784 and target 4824.
"""

import pytest

from engine.beliefs import Beliefs, BelievedOrder
from engine.commands import (
    Command,
    Kill,
    ReportAmendReject,
    ReportCancelled,
    ReportDifference,
    ReportLink,
    ReportLost,
    ReportReject,
    ReportWorking,
)
from engine.engine import Engine
from engine.errors import InputError
from engine.events import (
    Fill,
    OrderCancel,
    OrderIntent,
    OrderUpdate,
    ProtectionLost,
)
from engine.names import ExitReason, Halt
from tests.engine.broker import (
    amend_rejected,
    believed,
    cancelled,
    changes,
    exits,
    flatten,
    halts,
    ignored,
    link,
    lost,
    lots,
    next_bar,
    rejected,
    say,
    three_lots,
    working,
)
from tests.engine.drive import (
    BAR,
    BUY_BAR,
    QUIET_BAR,
    SESSION,
    Driven,
    asked_back,
    at,
    easy,
    entered,
    opened,
    rules_said,
    updates,
)
from tests.oracle.days import ALL_DAY

# Taking the entry back


def test_an_entry_is_asked_back_once_and_is_over_when_the_broker_says_so() -> None:
    driven = three_lots()
    assert flatten(driven) == "asked to take the entry back"
    assert flatten(driven) == "already asked to take the entry back"
    assert (asked_back(driven), changes(driven)) == (["E"], [])
    assert driven.said(OrderCancel)[0].reason == "operator"
    assert believed(driven)["E"].state == "cancelling"
    assert next_bar(driven) == "position"
    assert driven.engine.status().waiting is not None
    assert cancelled(driven, "E") == "noted"
    assert changes(driven) == [("E", "cancelled", 0)]
    assert driven.engine.status().waiting is None
    assert next_bar(driven, 2) == ""


@pytest.mark.parametrize(("word", "status"), [(lost, "lost"), (rejected, "rejected")])
def test_an_entry_that_never_worked_is_over(word: object, status: str) -> None:
    driven = three_lots()
    word(driven, "E")  # type: ignore[operator]
    assert changes(driven) == [("E", status, 0)]
    assert next_bar(driven) == ""


def test_only_a_reject_counts_as_one() -> None:
    driven = three_lots(max_rejects=1)
    lost(driven, "E")
    assert halts(driven) == ()
    driven = three_lots(max_rejects=1)
    cancelled(driven, "E")
    assert halts(driven) == ()
    driven = three_lots(max_rejects=1)
    rejected(driven, "E")
    assert halts(driven) == (Halt.REJECTS,)


def test_an_entry_that_fills_while_it_is_asked_back_is_closed_for_that_reason() -> None:
    driven = three_lots()
    driven.command(Kill(id="k", ts=at(BAR)))
    driven.fill("E", 4800, 2)
    assert lots(driven) == 2
    assert exits(driven) == [("X", 2)]
    assert driven.said(OrderIntent)[-1].reason == "filled while closing"
    driven.fill("X", 4799, 2)
    assert driven.trades == []  # the third lot may still come
    cancelled(driven, "E")
    assert driven.trades[0].exit_reason is ExitReason.KILL


def test_what_asked_for_the_entry_last_says_why_its_fill_is_closed() -> None:
    driven = three_lots()
    flatten(driven)
    driven.command(Kill(id="k", ts=at(BAR)))
    driven.fill("E", 4800, 3)
    driven.fill("X", 4799, 3)
    assert driven.trades[0].exit_reason is ExitReason.KILL


def test_a_partly_filled_entry_that_ends_is_a_position_with_its_bracket() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 2)
    cancelled(driven, "E")
    assert changes(driven)[-1] == ("E", "cancelled", 2)
    assert (lots(driven), exits(driven)) == (2, [])
    driven.fill("S", 4784, 2)
    assert driven.trades[0].size == 2


def test_a_flatten_takes_back_the_rest_of_an_entry_and_closes_what_it_filled() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 2)
    assert flatten(driven) == "closing 2 at market"
    assert (asked_back(driven), exits(driven)) == (["E"], [("X", 2)])


def test_the_rest_of_an_entry_is_not_wanted_after_the_hours_and_what_it_filled_stays() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    driven.engine._desk.end_entries(at(BAR))
    driven.beat(BAR + 1)
    assert (asked_back(driven), exits(driven)) == (["E"], [])
    driven.fill("E", 4800)
    assert (lots(driven), exits(driven)) == (2, [])


def test_a_cancellation_that_was_refused_leaves_the_entry_working_and_unwanted() -> None:
    driven = three_lots(max_rejects=1)
    flatten(driven)
    assert amend_rejected(driven, "E") == "noted"
    assert halts(driven) == ()
    assert driven.said(OrderUpdate)[-1].reason == "not taken back: no"
    assert believed(driven)["E"].state == "cancelling"  # it is still not wanted
    assert next_bar(driven) == "position"
    assert flatten(driven) == "asked to take the entry back"
    driven.fill("E", 4800, 3)
    assert exits(driven) == [("X", 3)]


def test_an_unwanted_entry_that_is_said_to_work_is_asked_back_again() -> None:
    driven = three_lots()
    working(driven, "E")
    assert asked_back(driven) == []
    flatten(driven)
    working(driven, "E")
    assert asked_back(driven) == ["E"]
    amend_rejected(driven, "E")
    working(driven, "E")
    assert asked_back(driven) == ["E", "E"]


def test_the_end_of_the_data_asks_a_waiting_entry_back_and_leaves_a_position() -> None:
    driven = three_lots()
    driven.finish()
    assert asked_back(driven) == ["E"]
    held = three_lots()
    held.fill("E", 4800, 3)
    held.finish()
    assert (asked_back(held), exits(held), lots(held)) == ([], [], 3)


# What is left when a trade is over


def test_what_is_left_of_a_trade_is_asked_back_and_over_when_the_broker_says_so() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("T", 4824, 3)
    assert asked_back(driven) == ["S"]
    assert driven.said(OrderCancel)[0].reason == "closed by target"
    assert changes(driven)[-1] == ("T", "filled", 3)
    cancelled(driven, "S")
    assert changes(driven)[-1] == ("S", "cancelled", 0)
    assert driven.said(ProtectionLost) == []
    assert len(driven.trades) == 1


def test_nothing_is_entered_while_an_order_of_an_earlier_trade_may_work() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("T", 4801, 3)
    assert next_bar(driven) == "left_over"
    cancelled(driven, "S")
    assert next_bar(driven, 2) == ""


def test_a_left_over_that_still_works_is_asked_back_again() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("T", 4824, 3)
    amend_rejected(driven, "S", 4784)
    assert asked_back(driven) == ["S"]
    working(driven, "S")
    assert asked_back(driven) == ["S", "S"]


def test_an_exit_that_is_left_is_asked_back() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    driven.fill("S", 4784, 3)
    assert asked_back(driven) == ["T", "X"]
    cancelled(driven, "X")
    assert len(driven.trades) == 1


def test_a_late_trade_that_ends_leaves_what_another_has_left_alone() -> None:
    driven = three_lots()
    first = driven.trade_id
    cancelled(driven, "E")
    assert next_bar(driven) == ""
    driven.fill("E", 4800, 3)
    driven.fill("T", 4801, 3)
    amend_rejected(driven, "S", 4784)
    for order, price in (("E", 4800), ("X", 4799)):
        fill = Fill(id=order, order_id=f"{first}-{order}", ts=at(BAR), price=price, size=1)
        driven.take(driven.engine.on_fill(fill))
    assert driven.trades[-1].id == first
    assert asked_back(driven) == ["S", "S", "T"]
    assert [order.trade_id for order in driven.engine.orders().orders].count(first) == 2


def test_the_end_of_the_hours_for_entries_takes_back_nothing_when_nothing_waits() -> None:
    driven = Driven(easy(), SESSION, simulated=False)
    driven.bar(QUIET_BAR, 12)
    driven.beat(3 * 3600)
    assert asked_back(driven) == []


# The line


def test_at_a_broker_nothing_is_entered_before_the_line_is_there() -> None:
    engine = Engine(easy(), ALL_DAY, simulated=False)
    driven = Driven()
    driven.engine = engine
    driven.bar(BUY_BAR)
    driven.beat(BAR)
    assert rules_said(driven) == ["broker"]
    assert link(driven, up=True) == "the line to the broker is there"
    assert next_bar(driven) == ""


@pytest.mark.parametrize("quiet", [False, True])
def test_while_the_line_is_lost_exits_and_cancellations_are_asked_for_and_entries_not(
    quiet: bool,
) -> None:
    driven = entered(simulated=False, quiet=quiet)
    driven.fill("E", 4800)
    assert link(driven, up=False, reason="reset") == "the line to the broker is lost: reset"
    assert flatten(driven) == "closing 1 at market"
    driven.fill("X", 4800)
    assert asked_back(driven) == ["S", "T"]
    cancelled(driven, "S")
    cancelled(driven, "T")
    assert next_bar(driven) == ("" if quiet else "broker")
    assert len(driven.said(OrderIntent)) == 4
    link(driven, up=True)
    next_bar(driven, 2)
    assert driven.said(OrderIntent)[-1].role == "entry"


def test_where_fills_are_simulated_a_broker_has_nothing_to_say() -> None:
    driven = opened()
    order = f"{driven.trade_id}-S"
    before = driven.engine.status()
    words = [
        ReportWorking(id="1", ts=at(BAR), order_id=order),
        ReportCancelled(id="2", ts=at(BAR), order_id=order, reason=""),
        ReportLost(id="3", ts=at(BAR), order_id=order, reason=""),
        ReportAmendReject(id="4", ts=at(BAR), order_id=order, price=4700, reason=""),
        ReportLink(id="5", ts=at(BAR), up=False),
        ReportDifference(id="6", ts=at(BAR), reason="no"),
    ]
    assert {say(driven, word) for word in words} == {"fills are simulated: nothing changes"}
    assert driven.engine.status() == before
    assert driven.engine.orders() == Beliefs()


def test_a_reject_of_what_cannot_be_rejected_changes_nothing_where_fills_are_simulated() -> None:
    flat, driven = Driven(), opened()
    say(flat, ReportReject(id="r", ts=at(BAR), order_id="x", reason="no"))
    assert updates(flat) == [("x", "rejected")]
    rejected(driven, "S")
    assert lots(driven) == 1
    driven.fill("?", 4800)
    assert ignored(driven) == ["unknown order"]


# Words


def test_an_order_that_works_is_said_to_once() -> None:
    driven = three_lots()
    assert working(driven, "E") == "noted"
    assert working(driven, "E") == "noted"
    assert changes(driven) == [("E", "working", 0)]
    driven.fill("E", 4800, 3)
    assert working(driven, "E") == "it was over already"


@pytest.mark.parametrize("word", [working, cancelled, lost, rejected])
@pytest.mark.parametrize("order", ["X", "X2", "F1", "?"])
def test_words_about_orders_that_are_not_there_change_nothing(word: object, order: str) -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    before = driven.engine.orders()
    assert word(driven, order) == "unknown order"  # type: ignore[operator]
    assert (driven.engine.orders(), exits(driven)) == (before, [])
    flatten(driven)
    assert exits(driven) == [("X", 3)]


def test_the_end_of_an_order_is_taken_once_and_a_repeated_reject_not_counted() -> None:
    driven = three_lots(max_rejects=2)
    rejected(driven, "E")
    assert rejected(driven, "E") == "it was over already"
    assert cancelled(driven, "E") == "it was over already"
    assert (changes(driven), halts(driven)) == ([("E", "rejected", 0)], ())


def test_words_about_a_trade_that_is_over_only_say_what_became_of_its_order() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    driven.fill("S", 4784, 3)
    before = driven.engine.status()
    rejected(driven, "X")
    lost(driven, "T")
    assert changes(driven)[-2:] == [("X", "rejected", 0), ("T", "lost", 0)]
    assert driven.engine.status() == before
    assert driven.engine.orders().orders == ()


@pytest.mark.parametrize("simulated", [False, True])
def test_a_command_that_nobody_knows_is_refused(simulated: bool) -> None:
    driven = Driven(simulated=simulated)
    with pytest.raises(InputError, match="unknown command Command"):
        driven.command(Command(id="s", ts=at(BAR)))


# What is believed


def test_beliefs_say_what_is_at_the_broker() -> None:
    driven = three_lots()
    name = driven.trade_id
    (entry,) = driven.engine.orders().orders
    assert entry == BelievedOrder(
        id=f"{name}-E", trade_id=name, role="entry", symbol="ES", side=1, size=3, filled=0,
        price=None, state="sent",
    )  # fmt: skip
    working(driven, "E")
    driven.fill("E", 4800, 2, fill_id="a")
    stop = believed(driven)["S"]
    assert (stop.side, stop.size, stop.price, stop.state) == (-1, 2, 4784, "sent")
    assert (believed(driven)["E"].filled, believed(driven)["E"].state) == (2, "working")
    driven.fill("E", 4800, fill_id="b")
    driven.fill("T", 4824, fill_id="c")
    beliefs = driven.engine.orders()
    assert (beliefs.positions, beliefs.over, beliefs.fills) == (
        {"ES": 2}, (f"{name}-E",), ("a", "b", "c"),
    )  # fmt: skip
    assert (believed(driven)["T"].size, believed(driven)["T"].filled) == (3, 1)
    assert believed(driven)["S"].size == 2
    driven.fill("S", 4784, 2)
    assert driven.engine.orders().positions == {}
    assert [(order.id, order.state) for order in driven.engine.orders().orders] == [
        (f"{name}-T", "cancelling")
    ]
