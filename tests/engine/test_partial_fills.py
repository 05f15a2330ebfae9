"""A real broker's fills in parts: stop and target follow what is held, exits cover the rest.

Three lots of ES are ordered; the first fill at 4800 sets stop 4784 and target 4824.
"""

import pytest

from engine.commands import Flatten, ReportCancelled, ReportReject
from engine.errors import InputError
from engine.events import (
    CommandDone,
    Fill,
    FlattenFailed,
    Halted,
    InputIgnored,
    OrderAmend,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
)
from engine.names import ExitReason, Halt
from engine.ticks import MAX_TS
from tests.engine.broker import three_lots
from tests.engine.drive import BAR, Driven, asked_back, at, easy, entered, of


def flatten(driven: Driven, name: str = "f", second: float = BAR) -> str:
    (done,) = of(CommandDone, driven.command(Flatten(id=name, ts=at(second))))
    return str(done.result).partition(": ")[2]


def reject(driven: Driven, order: str, name: str = "r") -> None:
    order = f"{driven.trade_id}-{order}"
    driven.command(ReportReject(id=name, ts=at(BAR), order_id=order, reason="no"))


def cancelled(driven: Driven, order: str) -> None:
    order = f"{driven.trade_id}-{order}"
    driven.command(ReportCancelled(id=f"c{order}", ts=at(BAR), order_id=order, reason="asked"))


def exits(driven: Driven) -> list[tuple[str, int]]:
    return [
        (order.id.rpartition("-")[2], order.size)
        for order in driven.said(OrderIntent)
        if order.role == "exit"
    ]


def sizes(driven: Driven) -> list[tuple[str, int, int, str]]:
    return [
        (event.id[-1], event.price, event.size, event.reason) for event in driven.said(OrderAmend)
    ]


def updates(driven: Driven) -> list[tuple[str, str, int]]:
    return [
        (update.id.rpartition("-")[2], update.status, update.filled)
        for update in driven.said(OrderUpdate)
    ]


def lots(driven: Driven) -> int:
    held = driven.engine.status().position
    return held.direction * held.size if held else 0


def test_the_first_fill_sets_stop_and_target_and_each_further_one_their_size() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    orders = [(o.role, o.price, o.size) for o in driven.said(OrderIntent)[1:]]
    assert orders == [("stop", 4784, 1), ("target", 4824, 1)]
    assert sizes(driven) == []
    driven.fill("E", 4802, second=BAR + 1)
    driven.fill("E", 4803)
    assert sizes(driven) == [
        ("S", 4784, 2, "entry_fill"), ("T", 4824, 2, "entry_fill"),
        ("S", 4784, 3, "entry_fill"), ("T", 4824, 3, "entry_fill"),
    ]  # fmt: skip
    assert driven.said(OrderAmend)[0].ts == at(BAR + 1)
    assert len(driven.said(PositionOpened)) == 1


def test_a_further_fill_keeps_a_stop_that_was_moved() -> None:
    driven = three_lots(break_even_after_ticks=5)
    driven.fill("E", 4800)
    driven.trade(BAR + 1, 4805)
    driven.fill("E", 4805, 2)
    assert sizes(driven) == [
        ("S", 4800, 1, "break_even"), ("S", 4800, 3, "entry_fill"), ("T", 4824, 3, "entry_fill"),
    ]  # fmt: skip


def test_an_entry_fill_while_closing_gets_a_further_exit_order() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    assert flatten(driven) == "closing 1 at market"
    driven.fill("E", 4801)
    driven.fill("E", 4801)
    assert exits(driven) == [("X", 1), ("X2", 1), ("X3", 1)]
    assert driven.said(OrderIntent)[-1].reason == "filled while closing"
    assert flatten(driven, "g") == "already closing"
    for order in ("X2", "X", "X3"):
        assert driven.trades == []
        driven.fill(order, 4790)
    (trade,) = driven.trades
    assert (trade.size, trade.exit_reason, trade.exit_notional) == (
        3, ExitReason.OPERATOR, 3 * 4790,
    )  # fmt: skip
    assert updates(driven)[-3:] == [("X2", "filled", 1), ("X", "filled", 1), ("X3", "filled", 1)]
    assert asked_back(driven) == ["E", "S", "T"]


def test_an_exit_order_may_fill_in_parts_too() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    driven.fill("X", 4790, 2)
    assert updates(driven)[-1] == ("X", "partial", 2)
    assert flatten(driven, "g") == "already closing"
    driven.fill("X", 4789)
    assert updates(driven)[-1] == ("X", "filled", 3)
    assert asked_back(driven) == ["S", "T"]


def test_a_rejected_exit_order_is_asked_for_again() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    reject(driven, "X")
    assert updates(driven)[-1] == ("X", "rejected", 0)
    assert flatten(driven, "g") == "already closing"
    assert exits(driven) == [("X", 3), ("X2", 3)]
    assert driven.said(OrderIntent)[-1].reason.endswith("-X was rejected")
    driven.fill("X2", 4790, 3)
    assert driven.trades[0].exit_reason is ExitReason.OPERATOR
    assert "X" not in asked_back(driven)


def test_after_a_rejected_exit_order_the_stop_still_closes() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    reject(driven, "X")
    driven.fill("S", 4784, 3)
    assert driven.trades[0].exit_reason is ExitReason.STOP
    assert asked_back(driven) == ["T", "X2"]


def test_a_reject_of_an_exit_that_is_not_on_its_way_changes_nothing() -> None:
    driven = three_lots()
    reject(driven, "X", "a")
    driven.fill("E", 4800, 3)
    reject(driven, "X", "b")
    flatten(driven)
    reject(driven, "S", "c")
    assert flatten(driven, "g") == "already closing"


def test_after_a_reject_with_another_exit_on_its_way_the_rest_is_closed() -> None:
    driven = three_lots()
    driven.fill("E", 4800)
    flatten(driven)
    driven.fill("E", 4800, 2)
    reject(driven, "X")
    assert exits(driven) == [("X", 1), ("X2", 2), ("X3", 1)]


def test_what_the_best_trade_moves_is_decided_when_the_exits_came_to_nothing() -> None:
    """A better trade came while they were on their way; the next one finds it, wherever it is."""
    driven = three_lots(break_even_after_ticks=8, max_rejects=1)
    driven.fill("E", 4800, 3)
    flatten(driven)
    driven.trade(BAR + 1, 4810, 4802)
    reject(driven, "X")
    assert sizes(driven) == []
    driven.trade(BAR + 2, 4803)
    assert sizes(driven) == [("S", 4800, 3, "break_even")]


def test_the_stop_of_a_short_moves_with_the_best_trade_after_the_exits_came_to_nothing() -> None:
    config = easy(break_even_after_ticks=8, max_rejects=1)
    driven = entered("4801 | 0 x 1\n4800 | 40 x 0", config, simulated=False)
    driven.fill("E", 4800)
    driven.trade(BAR + 0.5, 4799)
    flatten(driven, second=BAR + 1)
    driven.trade(BAR + 1, 4790)
    reject(driven, "X")
    driven.trade(BAR + 2, 4797)
    assert sizes(driven) == [("S", 4800, 1, "break_even")]


def test_a_simulated_exit_order_that_is_rejected_does_not_fill() -> None:
    driven = entered()
    driven.trade(BAR + 1, 4800)
    flatten(driven, second=BAR + 2)
    reject(driven, "X")
    driven.trade(BAR + 3, 4800)
    assert (driven.trades, lots(driven)) == ([], 1)
    assert flatten(driven, "g", BAR + 4) == "closing 1 at market"
    driven.trade(BAR + 5, 4800)
    assert driven.trades[0].exit_reason is ExitReason.OPERATOR


def test_three_rejected_exits_halt() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    for number, order in enumerate(("X", "X2", "X3")):
        reject(driven, order, f"r{number}")
    assert [event.halt for event in driven.said(Halted)] == [Halt.REJECTS]
    assert exits(driven) == [("X", 3), ("X2", 3), ("X3", 3)]
    (failed,) = driven.said(FlattenFailed)
    assert (failed.held, failed.reason) == (3, "too many rejects")


def test_a_broker_is_taken_to_move_the_stop_when_it_is_asked() -> None:
    driven = three_lots(trail_ticks=6, trail_after_ticks=4)
    driven.fill("E", 4800, 3)
    driven.trade(BAR + 1, 4804, 4810)
    assert sizes(driven) == [("S", 4798, 3, "trailing_stop"), ("S", 4804, 3, "trailing_stop")]
    driven.fill("S", 4803, 3, second=BAR + 2)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.stop, trade.last_stop) == (
        ExitReason.TRAILING_STOP, 4784, 4804,
    )  # fmt: skip


def test_a_time_stop_counts_from_the_first_fill() -> None:
    driven = three_lots(time_stop_s=60)
    driven.fill("E", 4800, second=BAR + 1)
    driven.fill("E", 4800, 2, second=BAR + 50)
    driven.beat(BAR + 60)
    assert exits(driven) == []
    driven.beat(BAR + 61)
    assert exits(driven) == [("X", 3)]


def test_a_time_stop_whose_fill_was_told_late_is_at_once() -> None:
    driven = three_lots(time_stop_s=60)
    driven.trade(BAR + 100, 4800)
    driven.fill("E", 4800, 3, second=BAR + 1)
    driven.beat(BAR + 101)
    (order,) = [o for o in driven.said(OrderIntent) if o.role == "exit"]
    assert order.ts == at(BAR + 100)


def test_a_time_stop_is_asked_for_once_though_it_comes_to_nothing() -> None:
    driven = three_lots(time_stop_s=60, max_rejects=1)
    driven.fill("E", 4800, 3, second=BAR)
    driven.beat(BAR + 61)
    reject(driven, "X")
    driven.beat(BAR + 200)
    assert exits(driven) == [("X", 3)]
    assert flatten(driven, second=BAR + 200) == "closing 3 at market"


def test_a_time_stop_that_an_exit_order_held_up_comes_when_that_came_to_nothing() -> None:
    driven = three_lots(time_stop_s=60, max_rejects=1)
    driven.fill("E", 4800, 3, second=BAR)
    flatten(driven, second=BAR + 59)
    driven.beat(BAR + 61)
    reject(driven, "X")
    driven.beat(BAR + 62)
    assert exits(driven) == [("X", 3), ("X2", 3)]
    assert driven.said(OrderIntent)[-1].ts == at(BAR + 61)


def test_a_trade_is_over_when_the_rest_of_its_entry_is() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 2)
    driven.fill("S", 4784, 2)
    assert asked_back(driven) == ["E", "T"]
    assert driven.trades == []
    cancelled(driven, "E")
    assert driven.trades[0].size == 2
    assert (updates(driven)[-1], asked_back(driven)) == (("E", "cancelled", 2), ["E", "T"])


def test_the_position_never_flips() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    flatten(driven)
    driven.fill("S", 4784, 2)
    driven.fill("X", 4784, 3)
    assert driven.said(InputIgnored)[-1].reason == "more than the 1 left"
    assert lots(driven) == 1
    driven.fill("X", 4784, 1)
    assert (lots(driven), driven.trades[0].exit_reason) == (0, ExitReason.OPERATOR)


def test_an_exit_order_that_was_never_sent_is_unknown() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 3)
    driven.fill("X2", 4790)
    assert driven.said(InputIgnored)[-1].reason == "unknown order"


@pytest.mark.parametrize("ts", [-1, MAX_TS])
def test_a_fill_of_no_time_is_refused(ts: int) -> None:
    driven = three_lots()
    fill = Fill(id="a", order_id=f"{driven.trade_id}-E", ts=ts, price=4800, size=1)
    with pytest.raises(InputError, match=f"time {ts} must be"):
        driven.engine.on_fill(fill)
