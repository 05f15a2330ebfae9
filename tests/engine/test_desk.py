"""Decisions: when the desk enters, what forbids it, how it gets out.

ES, honest unless said: 12.50 a tick, 2.25 a side, 50 ms, one tick of slippage, stop 16, target 24.
`opened` is long from 4801 (stop 4785, target 4825), or short from 4799.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.commands import Flatten
from engine.desk import first_carry
from engine.events import (
    BarClosed,
    CommandDone,
    DayStarted,
    Decision,
    Filled,
    Halted,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
    SignalDetected,
    TickDropped,
    TradeClosed,
)
from engine.money import UNITS
from engine.names import ExitReason, Halt
from engine.risk import MONEY_TERMS
from tests.engine.drive import (
    BAR,
    BOTH_BAR,
    BUY_BAR,
    FEE,
    QUIET_BAR,
    SELL_BAR,
    SESSION,
    TICK,
    Driven,
    at,
    easy,
    entered,
    halt,
    of,
    opened,
    rules_said,
    updates,
)
from tests.oracle.days import HOUR, Days

# Entering


def test_a_bar_s_signal_becomes_a_decision_and_an_order() -> None:
    driven = entered()
    (decision,), (order,) = driven.said(Decision), driven.said(OrderIntent)
    assert (decision.ts, decision.bar_start) == (at(BAR), at(0))
    assert (decision.action, decision.direction, decision.size, decision.rule) == (
        "enter",
        1,
        1,
        "",
    )
    assert decision.approved == (decision.signal_id,) == (f"{at(0)}-0",)
    assert decision.trade_id == "paper-20241004-001"
    assert decision.terms == {
        "balance": 10_000 * UNITS, "peak": 10_000 * UNITS, "day_pnl": 0, "open_pnl": 0,
        "loss_limit": 300 * UNITS, "loss_left": 300 * UNITS,
        "profit_target": 500 * UNITS, "profit_left": 500 * UNITS,
        "max_drawdown": 1000 * UNITS, "drawdown": 0, "drawdown_left": 1000 * UNITS,
        "account_streak": 0, "tier": "ES 1-3 top", "traded": "ES", "min_size": 1, "max_size": 3,
        "halts": "", "bracket": "", "cooldown_left": 0,
        "entries_from": at(0), "entries_to": at(0, day=1),
        "signals_for": 1, "signals_against": 0,
        "base": 1, "confluence": 0, "trend": 0, "streak": 0, "clamped": 1, "multiplier": "0.5",
        "units": 1, "size": 1,
    }  # fmt: skip
    assert (order.ts, order.id, order.trade_id, order.role, order.type) == (
        at(BAR), "paper-20241004-001-E", "paper-20241004-001", "entry", "market",
    )  # fmt: skip
    assert (order.side, order.size, order.stop_ticks, order.target_ticks) == (1, 1, 16, 24)
    assert driven.engine.status().waiting == replace(order, reason="")


@pytest.mark.parametrize(
    ("picture", "direction", "price", "stop", "target"),
    [(BUY_BAR, 1, 4801, 4785, 4825), (SELL_BAR, -1, 4799, 4815, 4775)],
)
def test_the_fill_opens_the_position_and_its_bracket_works(
    picture: str, direction: int, price: int, stop: int, target: int
) -> None:
    driven = opened(picture)
    (filled,), (event,) = driven.said(Filled), driven.said(PositionOpened)
    assert (filled.fill.price, filled.ts, filled.role, filled.side, filled.fee) == (
        price, at(BAR + 1), "entry", direction, FEE,
    )  # fmt: skip
    assert (event.direction, event.size, event.entry_notional) == (direction, 1, price)
    assert (event.stop, event.target) == (stop, target)
    orders = {o.role: (o.type, o.side, o.price) for o in driven.said(OrderIntent)[1:]}
    assert orders == {
        "stop": ("stop", -direction, stop), "target": ("limit", -direction, target),
    }  # fmt: skip
    held = driven.engine.status().position
    assert held is not None
    assert (held.direction, held.size, held.entry_notional, held.stop, held.target) == (
        direction, 1, price, stop, target,
    )  # fmt: skip
    assert (held.entry_ts, held.trade_id, held.symbol) == (at(BAR + 1), event.trade_id, "ES")
    assert driven.engine.status().open_pnl == -TICK - 2 * FEE


def test_trade_ids_count_within_the_day() -> None:
    driven = opened()
    driven.trade(BAR + 2, 4780)
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    driven.trade(3 * BAR + 1, 4800, 4780)
    driven.bar(BUY_BAR, 0, day=1)
    driven.beat(BAR, day=1)
    assert [d.trade_id for d in driven.said(Decision) if d.action == "enter"] == [
        "paper-20241004-001", "paper-20241004-002", "paper-20241005-001",
    ]  # fmt: skip


def test_a_carried_sequence_goes_on_and_is_said_when_the_day_starts() -> None:
    carry = replace(first_carry(easy()), sequence=7)
    driven = entered(carry=carry)
    assert driven.trade_id == "paper-20241004-008"
    assert driven.said(DayStarted)[0].carry.sequence == 7
    driven.trade(1, 4800, day=1)
    assert driven.said(DayStarted)[1].carry.sequence == 0


def test_the_days_earlier_loss_counts_to_its_limit_and_only_to_its() -> None:
    lost = -99 * UNITS
    driven = opened(config=easy("MES"), carry=replace(first_carry(easy("MES")), day_pnl=lost))
    assert driven.engine.status().day_pnl == lost
    assert driven.said(DayStarted)[0].carry.day_pnl == lost
    driven.trade(BAR + 2, 4800)  # some ticks against us: -99 and this is past -100
    assert [event.halt for event in driven.said(Halted)] == [Halt.LOSS_LIMIT]
    driven.trade(1, 4800, day=1)
    assert driven.said(DayStarted)[1].carry.day_pnl == 0


def test_a_day_that_had_reached_its_limit_before_starts_halted() -> None:
    driven = entered(
        BUY_BAR, config=easy("MES"), carry=replace(first_carry(easy("MES")), day_pnl=-100 * UNITS)
    )
    assert [event.halt for event in driven.said(Halted)] == [Halt.LOSS_LIMIT]
    assert driven.said(Decision)[0].rule == "halt"


# What forbids an entry


def test_a_refused_entry_says_how_the_account_stands() -> None:
    driven = opened(config=easy(profit_target=Decimal(5000)))
    driven.command(halt(second=BAR + 2))
    driven.trade(BAR + 3, 4796)
    driven.bar("4797 | 0 x 40\n4796 | 1 x 0", 2)
    driven.beat(3 * BAR)
    refused = driven.said(Decision)[-1]
    assert refused.rule == "halt"
    lost = 4 * TICK + 2 * FEE  # entered at 4801, the last trade is at 4797
    terms = {
        "balance": 10_000 * UNITS, "day_pnl": 0, "open_pnl": -lost, "loss_left": 300 * UNITS - lost,
        "profit_left": 5000 * UNITS, "drawdown": lost, "drawdown_left": 1000 * UNITS - lost,
        "halts": "operator", "bracket": "paper-20241004-001",
    }  # fmt: skip
    assert {name: refused.terms[name] for name in terms} == terms
    assert "base" not in refused.terms


def test_a_decision_says_how_long_a_cool_down_lasts() -> None:
    driven = opened(config=easy(cooldown_bars=3))
    driven.trade(BAR + 2, 4780)
    for number in range(2, 5):
        driven.bar(BUY_BAR, number)
        driven.beat((number + 1) * BAR)
    left = [(d.rule, d.terms["cooldown_left"]) for d in driven.said(Decision)[1:]]
    assert left == [("cooldown", 2), ("cooldown", 1), ("", 0)]


def test_amounts_of_a_decision_are_the_terms_said_to_be_money() -> None:
    (decision,) = entered().said(Decision)
    amounts = {name for name, value in decision.terms.items() if name in MONEY_TERMS}
    assert amounts == set(MONEY_TERMS)
    assert all(isinstance(decision.terms[name], int) for name in amounts)


def test_a_fill_says_the_trade_that_gave_it() -> None:
    driven = opened()
    driven.trade(BAR + 2, 4780)
    assert [(f.role, f.market, f.fill.price) for f in driven.said(Filled)] == [
        ("entry", 4800, 4801), ("stop", 4780, 4779),
    ]  # fmt: skip


def test_a_dropped_tick_says_which_it_was() -> None:
    driven = Driven()
    driven.trade(1, 4800, 0, 4801, 4801, 9999, 4800, -3)
    assert [(d.reason, d.position) for d in driven.said(TickDropped)] == [
        ("price", 1), ("jump", 4), ("price", 6),
    ]  # fmt: skip


def test_of_signals_both_ways_equally_strong_neither_is_traded() -> None:
    driven = entered(BOTH_BAR)
    (decision,) = driven.said(Decision)
    assert (decision.action, decision.rule, decision.size, decision.trade_id) == (
        "none", "conflict", 0, "",
    )  # fmt: skip
    assert decision.reason == "equally strong signals both ways (1.00)"
    assert (decision.terms["signals_for"], decision.terms["signals_against"]) == (1, 1)
    assert len(decision.approved) == 2
    assert driven.said(OrderIntent) == []


def test_the_stronger_way_wins() -> None:
    stronger = """
        4803 |  0 x  1
        4802 | 40 x  0
        4801 |  0 x 27
        4800 |  3 x  0
    """
    (decision,) = entered(stronger).said(Decision)
    assert (decision.action, decision.direction) == ("enter", -1)


def test_weaker_signals_the_same_way_are_confluence() -> None:
    stack = """
        4803 | 0 x 40
        4802 | 1 x 40
        4801 | 1 x 40
        4800 | 1 x  0
    """
    driven = entered(stack)
    assert driven.said(Decision)[0].terms["confluence"] == 1


@pytest.mark.parametrize(
    ("bar_end", "rule"),
    [(3600 - BAR, "hours"), (3600, ""), (7200 - BAR, ""), (7200, "hours"), (10_800, "hours")],
)
def test_hours_for_entries(bar_end: int, rule: str) -> None:
    driven = Driven(easy(), SESSION)
    driven.bar(BUY_BAR, bar_end // BAR - 1)
    driven.beat(bar_end)
    assert rules_said(driven) == [rule]


def test_a_waiting_order_and_a_position_forbid_another() -> None:
    driven = entered(config=easy(stop_ticks=100))
    driven.bar(BUY_BAR, 2)  # fills the entry
    driven.beat(3 * BAR)
    assert rules_said(driven) == ["", "position"]
    assert driven.said(Decision)[1].reason == "paper-20241004-001 is open"
    waiting = entered(simulated=False)
    waiting.bar(BUY_BAR, 1)
    waiting.beat(2 * BAR)
    assert waiting.said(Decision)[1].reason == "paper-20241004-001 is waiting"


@pytest.mark.parametrize(
    ("cooldown", "refused"), [(0, []), (1, []), (2, ["cooldown"]), (3, ["cooldown", "cooldown"])]
)
def test_cool_down_after_a_stop(cooldown: int, refused: list[str]) -> None:
    """The bar in which the stop is hit, which has no signal here, is the first of them."""
    driven = opened(config=easy(cooldown_bars=cooldown))
    driven.trade(BAR + 2, 4785)
    for number in range(2, 3 + len(refused)):
        driven.bar(BUY_BAR, number)
        driven.beat((number + 1) * BAR)
    assert rules_said(driven) == ["", *refused, ""]


def test_no_cool_down_after_a_target() -> None:
    driven = opened(config=easy(cooldown_bars=5))
    driven.trade(BAR + 2, 4826)
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    assert rules_said(driven) == ["", ""]


def test_cool_down_says_how_many_bars_are_left() -> None:
    driven = opened(config=easy(cooldown_bars=3))
    driven.trade(BAR + 2, 4785)
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    assert driven.said(Decision)[1].reason == "cool-down after a stop, 2 bars left"


def test_cool_down_after_a_stop_at_the_day_s_start_counts_that_day_s_bars() -> None:
    """A coin's day rolls with the position still on its way out: the stop may come first."""
    driven = Driven(easy(cooldown_bars=1))
    for number in range(8):
        driven.bar(QUIET_BAR, number)
    driven.bar(BUY_BAR, 286)
    driven.beat(287 * BAR)
    driven.trade(287 * BAR + 1, 4800)
    assert driven.said(PositionOpened)
    driven.trade(0.01, 4785, day=1)  # before the exit order arrives
    assert driven.trades[0].exit_reason is ExitReason.STOP
    for number in (1, 2):
        driven.bar(BUY_BAR, number, day=1)
        driven.beat((number + 1) * BAR, day=1)
    assert rules_said(driven)[-2:] == ["", "position"]


def test_objections_in_their_order() -> None:
    """Each forbids before the next is asked."""
    driven = opened(SELL_BAR, config=easy(cooldown_bars=9), days=SESSION_LATE, simulated=False)
    assert rules_said(driven) == ["hours"]
    warming = Driven(easy())
    warming.engine.warming = True
    warming.command(halt())
    warming.bar(BUY_BAR)
    warming.beat(BAR)
    assert rules_said(warming) == ["warm_up"]
    halted = Driven(easy(), SESSION_LATE)
    halted.command(halt())
    halted.bar(BUY_BAR)
    halted.beat(BAR)
    assert rules_said(halted) == ["halt"]
    # A position forbids before the cool-down does.
    held = opened(config=easy(cooldown_bars=9), simulated=False)
    held.fill("E", 4800)
    held.bar(BOTH_BAR, 1)
    held.beat(2 * BAR)
    assert rules_said(held)[-1] == "position"
    # And the cool-down before a conflict.
    stopped = opened(config=easy(cooldown_bars=9))
    stopped.trade(BAR + 2, 4785)
    stopped.bar(BOTH_BAR, 2)
    stopped.beat(3 * BAR)
    assert rules_said(stopped)[-1] == "cooldown"


SESSION_LATE = Days(0, 10 * HOUR, 10 * HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)


def test_bars_from_warm_up_are_marked_and_never_trade() -> None:
    driven = Driven()
    driven.engine.warming = True
    driven.bar(BUY_BAR)
    driven.beat(BAR)
    assert driven.bars[0].warm_up
    (decision,) = driven.said(Decision)
    assert (decision.action, decision.rule) == ("none", "warm_up")
    assert decision.reason == "bars from warm-up never trade"
    driven.engine.warming = False
    driven.bar(BUY_BAR, 1)
    driven.beat(2 * BAR)
    assert [bar.warm_up for bar in driven.bars] == [True, False]
    assert rules_said(driven) == ["warm_up", ""]


def test_a_quiet_engine_keeps_refusals_to_itself() -> None:
    driven = Driven(quiet=True)
    driven.command(halt())
    driven.bar(BUY_BAR)
    driven.beat(BAR)
    assert driven.said(Decision) == []
    assert driven.engine.status().bars == 1


def test_a_quiet_engine_says_what_became_of_the_account_and_not_how() -> None:
    driven = Driven(quiet=True)
    driven.bar(BUY_BAR)
    driven.trade(BAR + 1, 4801)
    driven.trade(BAR + 2, 4700)
    said = {type(event) for event in driven.events}
    assert TradeClosed in said
    assert not said & {BarClosed, SignalDetected, Decision, OrderIntent, OrderUpdate, Filled}


def test_a_quiet_engine_tells_a_broker_its_orders_all_the_same() -> None:
    driven = Driven(quiet=True, simulated=False)
    driven.bar(BUY_BAR)
    driven.beat(BAR)
    assert [order.role for order in driven.said(OrderIntent)] == ["entry"]


# Exits


@pytest.mark.parametrize(
    ("picture", "price", "exit_price", "reason", "cancelled"),
    [
        (BUY_BAR, 4785, 4784, ExitReason.STOP, "T"),
        (BUY_BAR, 4700, 4699, ExitReason.STOP, "T"),
        (BUY_BAR, 4826, 4825, ExitReason.TARGET, "S"),
        (SELL_BAR, 4815, 4816, ExitReason.STOP, "T"),
        (SELL_BAR, 4774, 4775, ExitReason.TARGET, "S"),
    ],
)
def test_stop_and_target_close_the_trade(
    picture: str, price: int, exit_price: int, reason: ExitReason, cancelled: str
) -> None:
    driven = opened(picture)
    driven.trade(BAR + 2, price)
    (trade,) = driven.trades
    assert (trade.exit_notional, trade.exit_reason, trade.exit_ts) == (
        exit_price, reason, at(BAR + 2),
    )  # fmt: skip
    done = "S" if cancelled == "T" else "T"
    assert updates(driven) == [("E", "filled"), (done, "filled"), (cancelled, "cancelled")]
    assert driven.said(OrderUpdate)[-1].reason == f"closed by {reason}"
    status = driven.engine.status()
    assert (status.position, status.open_pnl, status.balance) == (None, 0, trade.balance)
    assert status.day_pnl == trade.pnl_net == trade.balance - 10_000 * UNITS


def test_the_trade_that_fills_the_entry_triggers_no_stop() -> None:
    driven = opened(config=easy(stop_ticks=1))
    assert driven.trades == []
    driven.trade(BAR + 2, 4800)
    assert driven.trades[0].exit_reason is ExitReason.STOP


def test_excursions_count_while_the_position_is_open() -> None:
    driven = entered()
    driven.trade(BAR + 1, 4800, 4795, 4810, 4790, 4826)
    (trade,) = driven.trades
    assert (trade.mae, trade.mfe) == (11, 24)
    low = opened()
    low.trade(BAR + 2, 4700)
    assert (low.trades[0].mae, low.trades[0].mfe) == (102, 0)


def test_flatten_closes_the_position_at_market() -> None:
    driven = opened()
    driven.command(Flatten(id="f", ts=at(BAR + 2), reason="lunch"))
    (order,) = [o for o in driven.said(OrderIntent) if o.role == "exit"]
    assert (order.ts, order.side, order.size, order.reason) == (at(BAR + 2), -1, 1, "lunch")
    assert driven.said(CommandDone)[0].result == "paper-20241004-001: closing 1 at market"
    again = driven.command(Flatten(id="g", ts=at(BAR + 2)))
    assert of(CommandDone, again)[0].result == "paper-20241004-001: already closing"
    driven.trade(BAR + 2.049, 4810)
    assert driven.trades == []
    driven.trade(BAR + 2.05, 4812)
    (trade,) = driven.trades
    assert (trade.exit_notional, trade.exit_reason) == (4811, ExitReason.OPERATOR)
    assert updates(driven)[-3:] == [("X", "filled"), ("S", "cancelled"), ("T", "cancelled")]
    assert driven.engine.status().halts == ()


def test_a_stop_before_the_exit_order_arrives_cancels_that_order() -> None:
    driven = opened()
    driven.command(Flatten(id="f", ts=at(BAR + 2)))
    driven.trade(BAR + 2.01, 4785)
    assert driven.trades[0].exit_reason is ExitReason.STOP
    assert updates(driven)[-3:] == [("S", "filled"), ("T", "cancelled"), ("X", "cancelled")]
    driven.trade(BAR + 3, 4790)
    assert len(driven.trades) == 1


def test_flatten_takes_back_a_waiting_entry() -> None:
    driven = entered()
    driven.command(Flatten(id="f", ts=at(BAR), reason="no"))
    (done,) = driven.said(CommandDone)
    assert (done.kind, done.ok, done.command_id) == ("Flatten", True, "f")
    assert done.result == "paper-20241004-001: waiting entry cancelled"
    assert driven.said(OrderUpdate)[-1].reason == "no"
    driven.trade(BAR + 1, 4800)
    assert driven.said(Filled) == []
    assert driven.engine.status().waiting is None


def test_flatten_with_nothing_open() -> None:
    driven = Driven()
    driven.command(Flatten(id="f", ts=at(0)))
    assert driven.said(CommandDone)[0].result == "nothing to flatten"
