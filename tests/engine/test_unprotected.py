"""Positions without protection, exits that come to nothing, changes that are refused.

Three lots of ES are ordered; the first fill at 4800 sets stop 4784 and target 4824.
"""

import pytest

from engine.at_broker import LOST_EXITS
from engine.errors import InputError
from engine.events import (
    AmendRejected,
    FlattenFailed,
    OrderIntent,
    ProtectionLost,
)
from engine.names import ExitReason, Halt
from tests.engine.broker import (
    amend_rejected,
    amends,
    believed,
    cancelled,
    exits,
    flatten,
    halts,
    lost,
    rejected,
    three_lots,
    working,
)
from tests.engine.drive import (
    BAR,
    asked_back,
    easy,
    entered,
)

# Protection


@pytest.mark.parametrize("word", [cancelled, lost, rejected])
def test_a_position_whose_stop_is_gone_is_closed_at_once(word: object) -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    word(driven, "S")  # type: ignore[operator]
    (said,) = driven.said(ProtectionLost)
    assert (said.role, said.held) == ("stop", 3)
    assert exits(driven) == [("X", 3)]
    assert driven.said(OrderIntent)[-1].reason.startswith("no stop: ")
    driven.fill("X", 4790, 3)
    assert driven.trades[0].exit_reason is ExitReason.UNPROTECTED


def test_a_stop_that_ends_while_the_position_is_being_closed_is_only_noted() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    cancelled(driven, "S")
    cancelled(driven, "T")
    assert (exits(driven), driven.said(ProtectionLost)) == ([("X", 3)], [])
    driven.fill("X", 4790, 3)
    assert driven.trades[0].exit_reason is ExitReason.OPERATOR
    assert asked_back(driven) == []


def test_without_its_target_a_position_goes_on_and_that_is_said() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    cancelled(driven, "T")
    (said,) = driven.said(ProtectionLost)
    assert (said.id.rpartition("-")[2], said.role, said.reason) == ("T", "target", "gone")
    assert exits(driven) == []
    driven.fill("S", 4784, 3)
    assert driven.trades[0].exit_reason is ExitReason.STOP
    assert asked_back(driven) == []


def test_a_stop_that_was_gone_before_the_entry_filled_does_not_protect_it() -> None:
    driven = three_lots()
    assert cancelled(driven, "S") == "noted"
    driven.fill("E", 4800, 2)
    assert exits(driven) == [("X", 2)]
    driven.fill("E", 4800)
    assert exits(driven) == [("X", 2), ("X2", 1)]
    assert "S" not in believed(driven)


def test_a_stop_that_could_not_be_made_larger_does_not_protect_it_all() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    driven.fill("E", 4800, 2)
    assert amends(driven)[0] == ("S", 4784, 3, "entry_fill")
    amend_rejected(driven, "S", 4784)
    assert exits(driven) == [("X", 3)]
    driven.fill("X", 4799, 3)
    assert driven.trades[0].exit_reason is ExitReason.UNPROTECTED


def test_a_stop_that_was_made_larger_and_is_later_refused_a_change_still_protects_it() -> None:
    driven = three_lots(break_even_after_ticks=5)
    driven.fill("E", 4800)
    driven.fill("E", 4800, 2)
    working(driven, "S")
    driven.trade(BAR + 1, 4805)
    amend_rejected(driven, "S", 4784)
    assert exits(driven) == []


# Exits that come to nothing


@pytest.mark.parametrize("word", [lost, cancelled])
def test_an_exit_that_was_lost_is_asked_for_again(word: object) -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    for number in range(2, LOST_EXITS + 1):
        word(driven, exits(driven)[-1][0])  # type: ignore[operator]
        assert exits(driven)[-1] == (f"X{number}", 3)
    word(driven, f"X{LOST_EXITS}")  # type: ignore[operator]
    (failed,) = driven.said(FlattenFailed)
    assert (failed.held, failed.reason) == (3, f"{LOST_EXITS} exits came to nothing")
    assert len(exits(driven)) == LOST_EXITS
    assert halts(driven) == ()


def test_exits_are_counted_from_the_last_that_filled() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    for _ in range(LOST_EXITS - 1):
        lost(driven, exits(driven)[-1][0])
    driven.fill(exits(driven)[-1][0], 4790)
    lost(driven, exits(driven)[-1][0])
    assert driven.said(FlattenFailed) == []
    assert exits(driven)[-1] == (f"X{LOST_EXITS + 1}", 2)


def test_a_position_that_could_not_be_closed_is_asked_to_be_by_the_operator_again() -> None:
    driven = three_lots(max_rejects=1)
    driven.fill("E", 4800, 3)
    flatten(driven)
    rejected(driven, "X")
    assert halts(driven) == (Halt.REJECTS,)
    assert len(driven.said(FlattenFailed)) == 1
    cancelled(driven, "S")  # says nothing new
    assert (len(driven.said(FlattenFailed)), exits(driven)) == (1, [("X", 3)])
    assert flatten(driven) == "closing 3 at market"
    rejected(driven, "X2")
    assert len(driven.said(FlattenFailed)) == 2


def test_too_many_rejects_of_others_do_not_keep_a_position_from_being_closed() -> None:
    driven = three_lots(max_rejects=1)
    driven.fill("E", 4800, 3)
    rejected(driven, "S")
    assert halts(driven) == (Halt.REJECTS,)
    assert (exits(driven), driven.said(FlattenFailed)) == ([("X", 3)], [])


def test_an_entry_that_fills_after_the_exits_came_to_nothing_is_closed_again() -> None:
    driven = three_lots(max_rejects=1)
    driven.fill("E", 4800)
    flatten(driven)
    rejected(driven, "X")
    driven.fill("E", 4800)
    assert exits(driven) == [("X", 1), ("X2", 2)]


# Changes that are refused


def test_a_refused_move_leaves_the_stop_where_it_works() -> None:
    driven = three_lots(trail_ticks=6, trail_after_ticks=4, max_rejects=2)
    driven.fill("E", 4800, 3)
    driven.trade(BAR + 1, 4804)
    assert amends(driven) == [("S", 4798, 3, "trailing_stop")]
    amend_rejected(driven, "S", 4784)
    (said,) = driven.said(AmendRejected)
    assert (said.price, said.reason, said.trade_id) == (4784, "no", driven.trade_id)
    assert believed(driven)["S"].price == 4784
    held = driven.engine.status().position
    assert held is not None
    assert held.stop == 4784
    driven.trade(BAR + 2, 4803, 4804)
    assert len(amends(driven)) == 1
    driven.trade(BAR + 3, 4805)
    assert amends(driven)[1:] == [("S", 4799, 3, "trailing_stop")]
    assert halts(driven) == ()
    amend_rejected(driven, "S", 4784)
    assert halts(driven) == (Halt.REJECTS,)
    driven.fill("S", 4784, 3)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.last_stop) == (ExitReason.STOP, 4784)


def test_a_short_s_refused_move_waits_for_a_better_trade() -> None:
    config = easy(trail_ticks=6, trail_after_ticks=4)
    driven = entered("4801 | 0 x 1\n4800 | 40 x 0", config, simulated=False)
    driven.fill("E", 4800)
    driven.trade(BAR + 1, 4796)
    amend_rejected(driven, "S", 4816)
    driven.trade(BAR + 2, 4797, 4796, 4795)
    assert amends(driven) == [("S", 4802, 1, "trailing_stop"), ("S", 4801, 1, "trailing_stop")]


def test_a_stop_refused_to_a_price_that_we_never_asked_for_is_a_stop() -> None:
    driven = three_lots(break_even_after_ticks=5)
    driven.fill("E", 4800, 3)
    driven.trade(BAR + 1, 4805)
    amend_rejected(driven, "S", 4785)
    driven.fill("S", 4785, 3)
    assert driven.trades[0].exit_reason is ExitReason.STOP


def test_a_target_s_refused_change_is_noted() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    driven.fill("E", 4800)
    amend_rejected(driven, "T", 4824)
    assert (believed(driven)["T"].price, exits(driven)) == (4824, [])


@pytest.mark.parametrize("order", ["E", "S", "X"])
def test_a_refused_change_of_what_was_not_changed_is_nothing(order: str) -> None:
    driven = three_lots(max_rejects=1)
    assert amend_rejected(driven, order, 4784) == "noted"
    assert (driven.said(AmendRejected), halts(driven)) == ([], ())


@pytest.mark.parametrize("price", [-1, 2**31])
def test_a_price_that_cannot_be_is_refused(price: int) -> None:
    driven = three_lots()
    with pytest.raises(InputError, match=f"price {price} must be"):
        amend_rejected(driven, "S", price)
