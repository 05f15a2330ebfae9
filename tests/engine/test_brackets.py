"""The life of a bracket: fills whole and in parts, its orders, its money, its excursions."""

from typing import Any

import pytest

from engine.brackets import Bracket, BracketState
from engine.events import Fill, Signal
from engine.instruments import instrument
from engine.money import UNITS
from engine.names import ExitReason, Pattern, Regime

SIGNAL = Signal(
    id="0-0", ts=1, bar_start=0, pattern=Pattern.BUY_IMBALANCE, direction=1, price=4800,
    strength=1.0, details={}, regime=Regime.RANGING, confidence=1.0, approved=True, reason="",
)  # fmt: skip
TICK = 1250 * UNITS // 100
FEE = 225 * UNITS // 100


def bracket(direction: int = 1, size: int = 3, *, charge_fees: bool = True) -> Bracket:
    return Bracket(
        id="paper-20241004-001", traded=instrument("ES"), direction=direction, size=size,
        stop_ticks=16, target_ticks=24, signal=SIGNAL, charge_fees=charge_fees,
    )  # fmt: skip


def fill(price: int, size: int, ts: int = 0, fill_id: str = "f") -> Fill:
    return Fill(id=fill_id, order_id="o", ts=ts, price=price, size=size)


def held(direction: int = 1, price: int = 4800, size: int = 3, **options: Any) -> Bracket:
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
    assert made.fill_exit(fill(4824, 3, ts=9), ExitReason.TARGET)
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


def test_exits_in_parts() -> None:
    made = held()
    assert not made.fill_exit(fill(4790, 1), ExitReason.STOP)
    assert (made.state, made.position, made.exit_notional) == (BracketState.OPEN, 2, 4790)
    assert made.fill_exit(fill(4789, 2, ts=9), ExitReason.STOP)
    assert made.gross() == (-10 - 11 - 11) * TICK
    assert made.fees == 6 * FEE


def test_room_is_what_is_still_to_fill() -> None:
    made = bracket()
    assert (made.room("entry"), made.room("stop")) == (3, 0)
    made.fill_entry(fill(4800, 2))
    assert (made.room("entry"), made.room("stop"), made.room("exit")) == (1, 2, 2)
    made.fill_exit(fill(4800, 1), ExitReason.STOP)
    assert (made.room("entry"), made.room("target")) == (1, 1)


@pytest.mark.parametrize(("direction", "gross"), [(1, 24 * 3), (-1, -24 * 3)])
def test_gross_is_the_move_times_size_times_the_tick_s_value(direction: int, gross: int) -> None:
    made = held(direction)
    made.fill_exit(fill(4824, 3), ExitReason.OPERATOR)
    assert made.gross() == gross * TICK


def test_open_pnl_is_net_of_fees_paid_and_of_closing() -> None:
    made = held()
    assert made.open_pnl(4810) == 30 * TICK - 6 * FEE
    made.fill_exit(fill(4805, 1), ExitReason.STOP)
    assert made.open_pnl(4810) == (5 + 20) * TICK - 6 * FEE
    made.fill_exit(fill(4805, 2), ExitReason.STOP)
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
    ("role", "kind", "price"),
    [("stop", "stop", 4784), ("target", "limit", 4824), ("exit", "market", None)],
)
def test_closing_intents_are_of_what_is_held(role: Any, kind: str, price: int | None) -> None:
    made = held()
    made.fill_exit(fill(4800, 1), ExitReason.STOP)
    intent = made.intent(role, 7, "")
    assert (intent.type, intent.side, intent.size, intent.price) == (kind, -1, 2, price)
    assert (intent.stop_ticks, intent.target_ticks) == (0, 0)


def test_close_early_says_why() -> None:
    made = held()
    order = made.close_early(8, ExitReason.FLATTEN, "time")
    assert (order.role, order.side, order.size, order.reason) == ("exit", -1, 3, "time")
    assert (made.state, made.exit_reason) == (BracketState.CLOSING, ExitReason.FLATTEN)


def test_opened_event_is_of_the_first_fill() -> None:
    event = held(-1).opened_event(5)
    assert (event.direction, event.size, event.entry_notional, event.stop, event.target) == (
        -1, 3, 3 * 4800, 4816, 4776,
    )  # fmt: skip
    assert (event.pattern, event.signal_id, event.symbol) == (Pattern.BUY_IMBALANCE, "0-0", "ES")


def test_the_closed_bracket_as_a_trade() -> None:
    made = held()
    made.fill_exit(fill(4824, 3, ts=9), ExitReason.TARGET)
    trade = made.trade(9, 4795, 4826, balance=77)
    assert (trade.id, trade.symbol, trade.direction, trade.size) == (made.id, "ES", 1, 3)
    assert (trade.entry_ts, trade.exit_ts, trade.exit_reason) == (5, 9, ExitReason.TARGET)
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
    made.fill_exit(fill(4800, 3), ExitReason.OPERATOR)
    trade = made.trade(9, low, high, balance=0)
    assert (trade.mae, trade.mfe) == (mae, mfe)


def test_excursions_are_whole_ticks_from_the_average() -> None:
    made = bracket(size=2)
    made.fill_entry(fill(4800, 1))
    made.fill_entry(fill(4801, 1))
    made.fill_exit(fill(4800, 2), ExitReason.OPERATOR)
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
