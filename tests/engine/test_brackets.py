"""The life of a bracket: fills whole and in parts, its orders, its money, its excursions."""

from typing import Any

import pytest

from engine.brackets import Bracket, BracketState
from engine.config import RiskRules
from engine.events import Fill, Signal
from engine.footprint import FAR
from engine.instruments import instrument
from engine.money import UNITS
from engine.names import ExitReason, Pattern, Regime
from engine.ticks import NS

SIGNAL = Signal(
    id="0-0", ts=1, bar_start=0, pattern=Pattern.BUY_IMBALANCE, direction=1, price=4800,
    strength=1.0, details={}, regime=Regime.RANGING, confidence=1.0, approved=True, reason="",
)  # fmt: skip
TICK = 1250 * UNITS // 100
FEE = 225 * UNITS // 100


def bracket(direction: int = 1, size: int = 3, *, charge_fees: bool = True, **risk: int) -> Bracket:
    return Bracket(
        id="paper-20241004-001", traded=instrument("ES"), direction=direction, size=size,
        rules=RiskRules(**risk), signal=SIGNAL, charge_fees=charge_fees,
    )  # fmt: skip


def fill(price: int, size: int, ts: int = 0, order: str = "o") -> Fill:
    return Fill(id="f", order_id=order, ts=ts, price=price, size=size)


def held(direction: int = 1, *, price: int = 4800, size: int = 3, **options: Any) -> Bracket:
    made = bracket(direction, size, **options)
    made.fill_entry(fill(price, size, ts=5))
    return made


def test_order_ids_are_derived_and_name_their_role() -> None:
    made = bracket()
    ids = {role: made.order_id(role) for role in ("entry", "stop", "target", "exit")}  # type: ignore[arg-type]
    assert ids == {
        "entry": "paper-20241004-001-E", "stop": "paper-20241004-001-S",
        "target": "paper-20241004-001-T", "exit": "paper-20241004-001-X",
    }  # fmt: skip
    assert {made.role_of(order): role for role, order in ids.items()} == {r: r for r in ids}
    assert made.role_of("paper-20241004-002-E") is None
    assert made.role_of("") is None


def test_waits_opens_closes() -> None:
    made = bracket()
    assert (made.state, made.alive, made.position) == (BracketState.WAITING, True, 0)
    assert made.fill_entry(fill(4800, 3, ts=5))
    assert (made.state, made.alive, made.position) == (BracketState.OPEN, True, 3)
    assert made.fill_exit(fill(4824, 3, ts=9), "target")
    assert (made.state, made.alive, made.position) == (BracketState.CLOSED, False, 0)


@pytest.mark.parametrize(("direction", "stop", "target"), [(1, 4784, 4824), (-1, 4816, 4776)])
def test_stop_and_target_are_set_from_the_first_entry_fill(
    direction: int, stop: int, target: int
) -> None:
    made = bracket(direction)
    assert made.fill_entry(fill(4800, 1, ts=5))
    assert not made.fill_entry(fill(4802, 2, ts=6))
    assert (made.stop, made.target, made.entry_ts) == (stop, target, 5)
    assert (made.position, made.entry_notional) == (3 * direction, 4800 + 2 * 4802)
    assert made.fees == 3 * FEE


def test_before_its_first_fill_a_bracket_has_no_prices() -> None:
    made = bracket()
    assert (made.entry_price, made.stop, made.target, made.asked, made.working) == (0, 0, 0, 0, 0)
    assert (made.entry_ts, made.moved_by) == (0, {})


def test_exits_in_parts() -> None:
    made = held()
    assert not made.fill_exit(fill(4790, 1), "stop")
    assert (made.state, made.position, made.exit_notional) == (BracketState.OPEN, 2, 4790)
    assert made.fill_exit(fill(4789, 2, ts=9), "stop")
    assert made.gross() == (-10 - 11 - 11) * TICK
    assert made.fees == 6 * FEE


def test_room_is_what_is_still_to_fill() -> None:
    made = bracket()
    assert (made.room("entry"), made.room("stop")) == (3, 0)
    made.fill_entry(fill(4800, 2))
    assert (made.room("entry"), made.room("stop"), made.room("exit")) == (1, 2, 2)
    made.fill_exit(fill(4800, 1), "stop")
    assert (made.room("entry"), made.room("target")) == (1, 1)


@pytest.mark.parametrize(("direction", "gross"), [(1, 24 * 3), (-1, -24 * 3)])
def test_gross_is_the_move_times_size_times_the_tick_s_value(direction: int, gross: int) -> None:
    made = held(direction)
    made.fill_exit(fill(4824, 3), "exit")
    assert made.gross() == gross * TICK


def test_open_pnl_is_net_of_fees_paid_and_of_closing() -> None:
    made = held()
    assert made.open_pnl(4810) == 30 * TICK - 6 * FEE
    made.fill_exit(fill(4805, 1), "stop")
    assert made.open_pnl(4810) == (5 + 20) * TICK - 6 * FEE
    made.fill_exit(fill(4805, 2), "stop")
    assert made.open_pnl(9999) == 15 * TICK - 6 * FEE
    assert held(charge_fees=False).open_pnl(4810) == 30 * TICK
    assert held(-1).open_pnl(4810) == -30 * TICK - 6 * FEE


def test_entry_intent_carries_the_distances() -> None:
    intent = bracket(-1).intent("entry", 7, "why")
    assert (intent.id, intent.role, intent.type, intent.side, intent.size, intent.price) == (
        "paper-20241004-001-E", "entry", "market", -1, 3, None,
    )  # fmt: skip
    assert (intent.stop_ticks, intent.target_ticks, intent.ts, intent.reason) == (16, 24, 7, "why")
    assert (intent.trade_id, intent.symbol) == ("paper-20241004-001", "ES")


@pytest.mark.parametrize(
    ("role", "kind", "price"), [("stop", "stop", 4784), ("target", "limit", 4824)]
)
def test_stop_and_target_are_of_what_is_held(role: Any, kind: str, price: int) -> None:
    made = held()
    made.fill_exit(fill(4800, 1), "stop")
    intent = made.intent(role, 7, "")
    assert (intent.type, intent.side, intent.size, intent.price) == (kind, -1, 2, price)
    assert (intent.stop_ticks, intent.target_ticks) == (0, 0)


def test_close_early_says_why() -> None:
    made = held()
    order = made.close_early(8, ExitReason.FLATTEN, "time")
    assert (order.role, order.side, order.size, order.reason) == ("exit", -1, 3, "time")
    assert (made.state, made.closing_for) == (BracketState.CLOSING, ExitReason.FLATTEN)


def test_opened_event_is_of_the_first_fill() -> None:
    event = held(-1).opened_event(5)
    assert (event.direction, event.size, event.entry_notional, event.stop, event.target) == (
        -1, 3, 3 * 4800, 4816, 4776,
    )  # fmt: skip
    assert (event.pattern, event.signal_id, event.symbol) == (Pattern.BUY_IMBALANCE, "0-0", "ES")


def test_the_closed_bracket_as_a_trade() -> None:
    made = held()
    made.fill_exit(fill(4824, 3, ts=9), "target")
    trade = made.trade(9, 4795, 4826, balance=77)
    assert (trade.id, trade.symbol, trade.direction, trade.size) == (made.id, "ES", 1, 3)
    assert (trade.entry_ts, trade.exit_ts, trade.exit_reason) == (5, 9, "target")
    assert (trade.entry_notional, trade.exit_notional) == (3 * 4800, 3 * 4824)
    assert (trade.pnl_gross, trade.fees, trade.balance) == (72 * TICK, 6 * FEE, 77)
    assert trade.pnl_net == 72 * TICK - 6 * FEE
    assert (trade.stop, trade.target, trade.regime) == (4784, 4824, Regime.RANGING)


@pytest.mark.parametrize(
    ("direction", "low", "high", "mae", "mfe"),
    [
        (1, 4795, 4826, 5, 26),
        (-1, 4795, 4826, 26, 5),
        (1, 4801, 4826, 0, 26),  # never against it
        (-1, 4801, 4826, 26, 0),
    ],
)
def test_excursions_are_from_the_entry_and_never_negative(
    direction: int, low: int, high: int, mae: int, mfe: int
) -> None:
    made = held(direction)
    made.fill_exit(fill(4800, 3), "exit")
    trade = made.trade(9, low, high, balance=0)
    assert (trade.mae, trade.mfe) == (mae, mfe)


def test_excursions_are_whole_ticks_from_the_average() -> None:
    made = bracket(size=2)
    made.fill_entry(fill(4800, 1))
    made.fill_entry(fill(4801, 1))
    made.fill_exit(fill(4800, 2), "exit")
    trade = made.trade(9, 4798, 4803, balance=0)
    assert (trade.mae, trade.mfe) == (2, 2)  # 2.5 each way


def test_exit_without_a_reason_is_the_operator_s() -> None:
    made = held()
    assert made.trade(9, 4800, 4800, balance=0).exit_reason is ExitReason.OPERATOR


def test_coins_pay_fees_of_each_fill_s_own_value() -> None:
    coin = instrument("BTCUSDT")
    made = bracket()
    made.traded = coin
    made.fill_entry(fill(600_000, 1))
    made.fill_entry(fill(600_100, 2))
    assert made.fees == coin.fees(600_000, 1) + coin.fees(600_100, 2)
    assert made.fee_of(fill(600_200, 3)) == coin.fees(600_200, 3)


# Where the stop goes


def asked(made: Bracket, best: int) -> tuple[int, ExitReason] | None:
    """What a best trade moves, which is also asked for."""
    moved = made.better_stop(best)
    if moved is not None:
        made.ask(*moved)
    return moved


def test_with_everything_off_the_stop_stays() -> None:
    made = held()
    assert made.better_stop(5000) is None
    assert made.next_move() == 4800 + 2**62
    assert held(-1).next_move() == 4800 - 2**62


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("plus", [0, 3, 7])
def test_break_even_moves_the_stop_to_the_entry_plus_ticks(direction: int, plus: int) -> None:
    made = held(direction, break_even_after_ticks=8, break_even_plus_ticks=plus)
    assert made.next_move() == 4800 + 8 * direction
    assert asked(made, 4800 + 7 * direction) is None
    assert asked(made, 4800 + 9 * direction) == (4800 + plus * direction, ExitReason.BREAK_EVEN)
    assert (made.stop, made.asked, made.working) == (
        4800 - 16 * direction, 4800 + plus * direction, 4800 - 16 * direction,
    )  # fmt: skip


def test_break_even_moves_the_stop_once() -> None:
    made = held(break_even_after_ticks=8)
    assert asked(made, 4808) is not None
    assert asked(made, 4820) is None
    assert made.next_move() > 2**31


@pytest.mark.parametrize("direction", [1, -1])
def test_trailing_stop_follows_the_best_trade(direction: int) -> None:
    made = held(direction, trail_ticks=10)
    assert made.next_move() == 4800  # from there on 10 behind is better than the first stop
    assert asked(made, 4800) == (4800 - 10 * direction, ExitReason.TRAILING_STOP)
    assert asked(made, 4800) is None
    assert made.next_move() == 4800 + direction
    assert asked(made, 4800 + 5 * direction) == (4800 - 5 * direction, ExitReason.TRAILING_STOP)
    assert asked(made, 4800 + 3 * direction) is None


def test_trailing_stop_wider_than_the_first_waits_until_it_is_better() -> None:
    made = held(trail_ticks=20)
    assert made.next_move() == 4805
    assert asked(made, 4804) is None
    assert asked(made, 4805) == (4785, ExitReason.TRAILING_STOP)


def test_trailing_stop_starts_when_the_best_trade_is_far_enough() -> None:
    made = held(trail_ticks=4, trail_after_ticks=12)
    assert made.next_move() == 4812
    assert asked(made, 4811) is None
    assert asked(made, 4812) == (4808, ExitReason.TRAILING_STOP)
    assert made.next_move() == 4813


def test_trailing_stop_moves_by_a_step_or_more() -> None:
    made = held(trail_ticks=16, trail_step_ticks=3)
    assert made.next_move() == 4803
    assert asked(made, 4802) is None
    assert asked(made, 4803) == (4787, ExitReason.TRAILING_STOP)
    assert asked(made, 4805) is None
    assert asked(made, 4810) == (4794, ExitReason.TRAILING_STOP)


BOTH = {"break_even_after_ticks": 8, "break_even_plus_ticks": 2, "trail_ticks": 10}


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        (4808, (4802, ExitReason.BREAK_EVEN)),  # trailing: 4798
        (4811, (4802, ExitReason.BREAK_EVEN)),
        (4812, (4802, ExitReason.TRAILING_STOP)),  # both would
        (4813, (4803, ExitReason.TRAILING_STOP)),
    ],
)
def test_of_both_options_the_better_stop_holds(best: int, expected: tuple[int, Any]) -> None:
    assert asked(held(**BOTH), best) == expected


def test_a_step_is_measured_from_the_stop_last_asked_for_not_from_the_other_option_s() -> None:
    made = held(**BOTH, trail_step_ticks=9)
    assert asked(made, 4813) == (4803, ExitReason.TRAILING_STOP)  # 19 better, 1 than break-even


def test_a_step_too_small_leaves_the_break_even_stop() -> None:
    made = held(**BOTH, trail_step_ticks=20)
    assert asked(made, 4813) == (4802, ExitReason.BREAK_EVEN)
    assert made.next_move() == 4832


def test_break_even_does_not_move_a_trailing_stop_back() -> None:
    made = held(break_even_after_ticks=12, trail_ticks=2)
    assert asked(made, 4810) == (4808, ExitReason.TRAILING_STOP)
    assert made.better_stop(4810) is None
    assert made.next_move() == 4811
    assert asked(made, 4813) == (4811, ExitReason.TRAILING_STOP)  # break-even would be 4800
    assert made.better_stop(4813) is None
    assert made.next_move() == 4814


def test_a_change_names_the_order_and_what_it_shall_be() -> None:
    made = held(break_even_after_ticks=8)
    made.ask(4800, ExitReason.BREAK_EVEN)
    amend = made.amend("stop", 7, "break_even")
    assert (amend.id, amend.trade_id, amend.ts) == (f"{made.id}-S", made.id, 7)
    assert (amend.price, amend.size, amend.reason) == (4800, 3, "break_even")


@pytest.mark.parametrize(
    ("working", "reason"),
    [
        (4784, ExitReason.STOP),
        (4801, ExitReason.BREAK_EVEN),
        (4803, ExitReason.TRAILING_STOP),
    ],
)
def test_the_reason_to_exit_is_what_put_the_stop_where_it_worked(
    working: int, reason: ExitReason
) -> None:
    made = held()
    made.ask(4801, ExitReason.BREAK_EVEN)
    made.ask(4803, ExitReason.TRAILING_STOP)
    made.working = working
    assert made.fill_exit(fill(working, 3), "stop")
    trade = made.trade(9, 4795, 4826, balance=0)
    assert (trade.exit_reason, trade.stop, trade.last_stop) == (reason, 4784, working)


def test_a_target_is_a_target_wherever_the_stop_was() -> None:
    made = held()
    made.ask(4801, ExitReason.BREAK_EVEN)
    made.fill_exit(fill(4824, 3), "target")
    assert made.trade(9, 4795, 4826, balance=0).exit_reason is ExitReason.TARGET


def test_time_stop_is_of_an_open_position() -> None:
    made = bracket(time_stop_s=10)
    assert made.time_stop_at() == FAR
    made.fill_entry(fill(4800, 1, ts=5))
    assert made.time_stop_at() == 5 + 10 * NS
    made.fill_entry(fill(4800, 2, ts=99))  # the first fill counts
    assert made.time_stop_at() == 5 + 10 * NS
    made.close_early(8, ExitReason.FLATTEN, "")
    assert made.time_stop_at() == FAR
    assert held().time_stop_at() == FAR


def test_time_stop_is_over_once_it_was_used() -> None:
    made = held(time_stop_s=10)
    made.exit_rejected(made.close_early(8, ExitReason.FLATTEN, "").id)
    assert made.time_stop_at() == 5 + 10 * NS
    made.exit_rejected(made.close_early(9, ExitReason.TIME_STOP, "").id)
    assert (made.state, made.time_stop_at()) == (BracketState.OPEN, FAR)


# Fills in parts while it closes


def test_exit_orders_are_of_what_is_held_and_not_already_being_closed() -> None:
    made = bracket()
    made.fill_entry(fill(4800, 1))
    first = made.close_early(8, ExitReason.FLATTEN, "time")
    made.fill_entry(fill(4800, 2))
    assert (made.state, made.uncovered) == (BracketState.CLOSING, 2)
    second = made.close_early(9, ExitReason.FLATTEN, "more")
    assert [(order.id, order.size) for order in (first, second)] == [
        (f"{made.id}-X", 1), (f"{made.id}-X2", 2),
    ]  # fmt: skip
    assert made.uncovered == 0
    assert made.leaving() == {first.id: 1, second.id: 2}
    assert [made.role_of(order.id) for order in (first, second)] == ["exit", "exit"]
    assert made.role_of(f"{made.id}-X3") is None


def test_closing_until_no_exit_order_is_on_its_way() -> None:
    made = held()
    order = made.close_early(8, ExitReason.KILL, "").id
    assert not made.fill_exit(fill(4790, 2, order=order), "exit")
    assert (made.state, made.leaving()) == (BracketState.CLOSING, {order: 1})
    assert made.fill_exit(fill(4790, 1, order=order), "exit")
    assert (made.state, made.leaving()) == (BracketState.CLOSED, {})
    assert made.trade(9, 4790, 4800, balance=0).exit_reason is ExitReason.KILL


def test_a_stop_that_takes_a_part_of_a_closing_position_leaves_nothing_to_flip() -> None:
    made = held()
    order = made.close_early(8, ExitReason.KILL, "").id
    made.fill_exit(fill(4784, 1, order=made.order_id("stop")), "stop")
    assert (made.uncovered, made.room("exit")) == (0, 2)
    assert made.fill_exit(fill(4784, 2, order=order), "exit")
    assert made.exit_reason is ExitReason.KILL


def test_a_rejected_exit_opens_the_bracket_again() -> None:
    made = held()
    order = made.close_early(8, ExitReason.FLATTEN, "").id
    made.fill_exit(fill(4790, 1, order=order), "exit")
    made.exit_rejected(order)
    assert (made.state, made.position, made.uncovered) == (BracketState.OPEN, 2, 2)
    again = made.close_early(9, ExitReason.FLATTEN, "")
    assert (again.id, again.size) == (f"{made.id}-X2", 2)
    assert made.role_of(order) == "exit"  # a fill of it may still come


def test_a_rejected_exit_leaves_the_others_on_their_way() -> None:
    made = bracket()
    made.fill_entry(fill(4800, 1))
    first = made.close_early(8, ExitReason.FLATTEN, "").id
    made.fill_entry(fill(4800, 2))
    second = made.close_early(9, ExitReason.FLATTEN, "").id
    made.exit_rejected(first)
    assert (made.state, made.leaving(), made.uncovered) == (BracketState.CLOSING, {second: 2}, 1)
    made.fill_exit(fill(4790, 2, order=second), "exit")
    assert (made.state, made.position) == (BracketState.OPEN, 1)


def test_changes_of_size_count_what_an_order_has_filled() -> None:
    made = bracket()
    made.fill_entry(fill(4800, 2))
    made.fill_exit(fill(4824, 1, order=made.order_id("target")), "target")
    made.fill_entry(fill(4800, 1))
    stop, target = made.amend("stop", 7, "more"), made.amend("target", 7, "more")
    assert (stop.price, stop.size, stop.id) == (4784, 2, f"{made.id}-S")
    assert (target.price, target.size, target.id) == (4824, 3, f"{made.id}-T")


def test_an_exit_that_nobody_asked_for_takes_its_number() -> None:
    made = held()
    made.fill_exit(fill(4790, 1, order=made.order_id("exit")), "exit")
    assert (made.state, made.uncovered) == (BracketState.OPEN, 2)
    assert made.close_early(9, ExitReason.FLATTEN, "").id == f"{made.id}-X2"


def test_an_exit_that_nobody_asked_for_may_come_in_parts_and_is_never_on_its_way() -> None:
    made = held()
    for _ in range(2):
        made.fill_exit(fill(4790, 1, order=made.order_id("exit")), "exit")
    assert (made.state, made.leaving(), made.uncovered) == (BracketState.OPEN, {}, 1)
