"""What we do about the market: decisions and their order of objections, orders, fills, commands.

ES, honest unless said: 12.50 a tick, 2.25 a side, 50 ms, one tick of slippage, stop 16, target 24.
`opened` is long from 4801 (stop 4785, target 4825), or short from 4799.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.commands import (
    Command,
    Flatten,
    HaltTrading,
    Kill,
    ReportMargin,
    ReportReject,
    ResumeTrading,
)
from engine.config import EngineConfig, RouterRules
from engine.desk import first_carry
from engine.errors import InputError
from engine.events import (
    Carry,
    CommandDone,
    DayStarted,
    Decision,
    Fill,
    Filled,
    Halted,
    InputIgnored,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
    Resumed,
    TickDropped,
    TierChanged,
    TradeClosed,
)
from engine.instruments import instrument
from engine.money import UNITS
from engine.names import ExitReason, Halt
from engine.once import REMEMBERED_IDS
from engine.risk import MONEY_TERMS
from tests.engine.drive import (
    BAR,
    BOTH_BAR,
    BUY_BAR,
    QUIET_BAR,
    SELL_BAR,
    Driven,
    at,
    easy,
    entered,
    of,
    opened,
)
from tests.oracle.days import HOUR, Days

FEE = 225 * UNITS // 100
TICK = 1250 * UNITS // 100
SESSION = Days(0, HOUR // 2, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR)


def halt(n: int = 1, second: float = 0) -> HaltTrading:
    return HaltTrading(id=f"h{n}", ts=at(second))


def rules_said(driven: Driven) -> list[str]:
    return [decision.rule for decision in driven.said(Decision)]


def updates(driven: Driven) -> list[tuple[str, str]]:
    return [(update.id[-1], update.status) for update in driven.said(OrderUpdate)]


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


# Limits


def test_loss_limit_counts_the_open_loss_and_flattens() -> None:
    """300 and 4.50 of fees: 24 ticks lose 304.50, 23 lose 292."""
    driven = opened(config=easy(stop_ticks=200, target_ticks=200))
    driven.trade(BAR + 2, 4778)
    assert driven.engine.status().halts == ()
    driven.trade(BAR + 3, 4777)
    (said,) = driven.said(Halted)
    assert (said.halt, said.ts) == (Halt.LOSS_LIMIT, at(BAR + 3))
    assert said.reason == "the day's loss reached its limit"
    driven.trade(BAR + 4, 4770)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_notional) == (ExitReason.LOSS_LIMIT, 4769)
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    assert rules_said(driven)[-1] == "halt"
    assert (
        driven.said(Decision)[-1].reason == "halted: loss_limit: the day's loss reached its limit"
    )


def test_loss_limit_ends_with_the_day() -> None:
    driven = opened(config=easy(stop_ticks=200, target_ticks=200))
    driven.trade(BAR + 2, 4770, 4770)
    driven.trade(BAR + 4, 4770)
    events = driven.bar(BUY_BAR, 0, day=1)
    (lifted,) = of(Resumed, events)
    assert (lifted.halt, lifted.ts, lifted.reason) == (
        Halt.LOSS_LIMIT, at(0, day=1), "a new trading day",
    )  # fmt: skip
    assert driven.engine.status().day_pnl == 0
    driven.beat(BAR, day=1)
    assert rules_said(driven)[-1] == ""


@pytest.mark.parametrize("direction", [1, -1])
def test_loss_limit_with_a_fee_that_is_a_rate_is_reached_at_the_first_such_price(
    direction: int,
) -> None:
    """A coin's closing fee grows with the price: for a short the limit comes sooner."""
    coin = instrument("BTCUSDT")
    config = easy("BTCUSDT", lots_per_unit=1000, stop_ticks=50_000, target_ticks=50_000)
    picture = (BUY_BAR if direction > 0 else SELL_BAR).replace("480", "60000")
    driven = entered(picture, config)
    driven.trade(BAR + 1, 600_000)
    entry = 600_000 + direction

    def worth(price: int) -> int:
        fees = coin.fees(entry, 1000) + coin.fees(price, 1000)
        return coin.pnl(direction * (price - entry), 1000) - fees

    price = next(
        p for p in range(entry, 600_000 - 9_000 * direction, -direction) if worth(p) <= -300 * UNITS
    )
    driven.push([(at(BAR + 2), price + direction, 1, 0)])
    assert driven.engine.status().halts == ()
    driven.push([(at(BAR + 3), price, 1, 0)])
    assert driven.engine.status().halts == (Halt.LOSS_LIMIT,)


def test_profit_target_halts_when_the_trade_closes() -> None:
    config = easy(profit_target=Decimal("295.50"))
    driven = opened(config=config)
    driven.trade(BAR + 2, 4826)  # 24 ticks less 4.50
    assert [(h.halt, h.reason) for h in driven.said(Halted)] == [
        (Halt.PROFIT_TARGET, "the day's profit target is reached")
    ]
    almost = opened(config=easy(profit_target=Decimal("295.50000001")))
    almost.trade(BAR + 2, 4826)
    assert almost.said(Halted) == []


def test_drawdown_flattens_and_stays_until_the_operator_resumes() -> None:
    config = easy(stop_ticks=200, target_ticks=200, max_drawdown=Decimal(250))
    driven = opened(config=config)
    driven.trade(BAR + 2, 4781, 4780)
    driven.trade(BAR + 3, 4780)
    assert driven.trades[0].exit_reason is ExitReason.MAX_DRAWDOWN
    driven.bar(BUY_BAR, 0, day=1)
    driven.beat(BAR, day=1)
    assert driven.said(Decision)[-1].reason == "halted: max_drawdown: carried over"
    driven.command(ResumeTrading(id="r", ts=at(BAR, day=1)))
    status = driven.engine.status()
    assert (status.halts, status.peak) == ((), status.balance)
    driven.bar(BUY_BAR, 1, day=1)
    driven.beat(2 * BAR, day=1)
    assert rules_said(driven)[-1] == ""


def test_a_drawdown_that_was_there_before_halts_at_the_day_s_start() -> None:
    config = easy()
    config = replace(config, account=replace(config.account, peak=Decimal(11_000)))
    driven = entered(config=config)
    assert [h.halt for h in driven.said(Halted)] == [Halt.MAX_DRAWDOWN]
    assert driven.said(DayStarted)[0].carry.halts == (Halt.MAX_DRAWDOWN,)
    assert rules_said(driven) == ["halt"]


def test_two_limits_at_once_give_one_exit() -> None:
    config = easy(stop_ticks=200, target_ticks=200, max_drawdown=Decimal(300))
    driven = opened(config=config)
    driven.trade(BAR + 2, 4770)
    driven.trade(BAR + 3, 4770)
    assert [h.halt for h in driven.said(Halted)] == [Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN]
    assert len([o for o in driven.said(OrderIntent) if o.role == "exit"]) == 1
    assert driven.trades[0].exit_reason is ExitReason.LOSS_LIMIT


def test_tier_changes_when_the_trade_closes() -> None:
    config = easy()
    config = replace(config, account=replace(config.account, balance=Decimal(3600)))
    driven = opened(config=config)
    driven.trade(BAR + 2, 4785)
    (changed,) = driven.said(TierChanged)
    assert (changed.before, changed.after, changed.balance) == (
        "ES 1", "MES 1-3", driven.trades[0].balance,
    )  # fmt: skip
    assert driven.trades[0].symbol == "ES"
    assert driven.engine.status().tier_symbol == "MES"
    # The new tier's limit is tighter, and reached already.
    assert [h.halt for h in driven.said(Halted)] == [Halt.LOSS_LIMIT]
    assert driven.engine.status().loss_limit == 100 * UNITS


# Commands


def test_halt_keeps_the_position_and_forbids_entries() -> None:
    driven = opened()
    driven.command(halt(1, BAR + 2))
    driven.command(halt(2, BAR + 2))
    assert [h.halt for h in driven.said(Halted)] == [Halt.OPERATOR]
    assert [d.result for d in driven.said(CommandDone)] == ["halted: no more entries"] * 2
    assert driven.engine.status().position is not None
    driven.trade(BAR + 3, 4826)
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    assert rules_said(driven)[-1] == "halt"


def test_resume_lifts_what_an_operator_may_lift() -> None:
    driven = Driven()
    driven.command(halt())
    driven.command(ReportMargin(id="m", ts=at(0), symbol="ES", margin=401 * UNITS))
    for n in range(3):
        driven.command(ReportReject(id=f"j{n}", ts=at(0), order_id="x", reason="no"))
    driven.command(Kill(id="k", ts=at(0)))
    assert driven.engine.status().halts == (Halt.OPERATOR, Halt.MARGIN, Halt.REJECTS, Halt.KILL)
    driven.command(ResumeTrading(id="r", ts=at(1)))
    assert driven.engine.status().halts == (Halt.MARGIN,)
    assert driven.said(CommandDone)[-1].result == "resumed; still halted: margin"
    assert [r.halt for r in driven.said(Resumed)] == [Halt.OPERATOR, Halt.REJECTS, Halt.KILL]
    driven.command(ResumeTrading(id="r2", ts=at(1)))
    assert driven.said(CommandDone)[-1].result == "resumed; still halted: margin"
    nothing = Driven()
    nothing.command(ResumeTrading(id="r", ts=at(1)))
    assert nothing.said(CommandDone)[-1].result == "resumed"


def test_resume_forgets_the_rejects() -> None:
    driven = Driven()
    for n in range(5):
        if n == 2:
            driven.command(ResumeTrading(id="r", ts=at(0)))
        driven.command(ReportReject(id=f"j{n}", ts=at(0), order_id="x", reason="no"))
    assert [h.halt for h in driven.said(Halted)] == [Halt.REJECTS]
    assert driven.said(Halted)[0].reason == "3 rejects in a short time"


def test_kill_flattens_and_halts() -> None:
    driven = opened()
    driven.command(Kill(id="k", ts=at(BAR + 2), reason="fire"))
    assert driven.said(CommandDone)[0].result == ("killed: paper-20241004-001: closing 1 at market")
    driven.trade(BAR + 3, 4800)
    assert driven.trades[0].exit_reason is ExitReason.KILL
    assert [(h.halt, h.reason) for h in driven.said(Halted)] == [(Halt.KILL, "fire")]
    waiting = entered()
    waiting.command(Kill(id="k", ts=at(BAR)))
    assert updates(waiting) == [("E", "cancelled")]


def test_margin_within_the_limit_changes_nothing() -> None:
    driven = Driven()
    driven.command(ReportMargin(id="m", ts=at(0), symbol="ES", margin=400 * UNITS))
    assert driven.said(CommandDone)[0].result == "margin within the limit"
    driven.command(ReportMargin(id="n", ts=at(0), symbol="ES", margin=400 * UNITS + 1))
    assert driven.said(CommandDone)[1].result == "margin above the limit: halted for the day"
    assert driven.said(Halted)[0].reason == "margin of ES is above its limit"


def test_a_rejected_entry_is_no_position() -> None:
    driven = entered(simulated=False)
    order = driven.said(OrderIntent)[0].id
    driven.command(ReportReject(id="j", ts=at(BAR), order_id=order, reason="margin"))
    assert updates(driven) == [("E", "rejected")]
    assert driven.said(OrderUpdate)[0].reason == "margin"
    driven.bar(BUY_BAR, 1)
    driven.beat(2 * BAR)
    assert rules_said(driven) == ["", ""]


def test_a_reject_of_another_order_leaves_the_entry() -> None:
    driven = entered(simulated=False)
    driven.command(ReportReject(id="j", ts=at(BAR), order_id="x", reason="no"))
    assert driven.engine.status().waiting is not None
    driven.fill("E", 4800)
    driven.command(ReportReject(id="k", ts=at(BAR), order_id=driven.trade_id + "-E", reason="no"))
    assert driven.engine.status().position is not None


def test_a_command_is_executed_once() -> None:
    driven = Driven()
    driven.command(halt())
    driven.command(ResumeTrading(id="r", ts=at(0)))
    again = driven.command(halt())
    assert again == [
        InputIgnored(ts=at(0), what="command", reason="seen before", details={"id": "h1"})
    ]
    assert driven.engine.status().halts == ()


def test_old_ids_are_forgotten_after_many() -> None:
    driven = Driven()
    for n in range(REMEMBERED_IDS + 1):
        driven.engine.command(ResumeTrading(id=str(n), ts=at(0)))
    assert of(InputIgnored, driven.command(ResumeTrading(id="1", ts=at(0))))
    assert of(CommandDone, driven.command(ResumeTrading(id="0", ts=at(0))))


def test_a_word_that_is_no_command_is_refused() -> None:
    driven = Driven()
    with pytest.raises(InputError, match="unknown command Command"):
        driven.command(Command(id="c", ts=at(0)))


def test_a_command_lets_what_is_due_happen_first() -> None:
    driven = Driven()
    driven.bar(BUY_BAR)
    driven.command(halt(1, BAR))
    kinds = [type(event).__name__ for event in driven.events]
    assert kinds.index("Decision") < kinds.index("Halted")
    assert rules_said(driven) == [""]


def test_a_command_from_the_past_happens_now() -> None:
    driven = Driven()
    driven.trade(100, 4800)
    driven.command(halt(1, 5))
    assert driven.said(Halted)[0].ts == at(100)


# A broker's fills


def test_external_fills_open_and_close() -> None:
    driven = entered(simulated=False)
    driven.trade(BAR + 1, 4800, 4700, 4900)
    assert driven.said(Filled) == []
    driven.fill("E", 4803, second=BAR + 2)
    assert driven.said(PositionOpened)[0].stop == 4787
    driven.trade(BAR + 3, 4800, 4700)  # the broker holds the stop: nothing fills here
    driven.fill("S", 4786, second=BAR + 4)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.pnl_gross, trade.fees) == (
        ExitReason.STOP, -17 * TICK, 2 * FEE,
    )  # fmt: skip


def three_lots(**risk: Any) -> Driven:
    """Three lots wait for a broker's fills."""
    config = easy(**risk)
    router = RouterRules(
        matrix=config.router.matrix, min_strength=0, min_confidence=0,
        size_multiplier=dict.fromkeys(config.router.size_multiplier, Decimal(3)),
    )  # fmt: skip
    return entered(config=replace(config, router=router), simulated=False)


def test_fills_in_parts() -> None:
    driven = three_lots()
    assert driven.said(Decision)[0].size == 3
    driven.fill("E", 4800)
    driven.fill("E", 4802, 2)
    assert updates(driven) == [("E", "partial"), ("E", "filled")]
    assert len(driven.said(PositionOpened)) == 1
    held = driven.engine.status().position
    assert held is not None
    assert (held.size, held.entry_notional) == (3, 4800 + 2 * 4802)
    driven.fill("T", 4824)
    assert (driven.trades, updates(driven)[-1]) == ([], ("T", "partial"))
    driven.fill("S", 4784, 2)
    (trade,) = driven.trades
    assert (trade.size, trade.exit_notional, trade.exit_reason) == (
        3, 4824 + 2 * 4784, ExitReason.STOP,
    )  # fmt: skip
    assert trade.fees == 6 * FEE
    assert updates(driven)[-2:] == [("S", "filled"), ("T", "cancelled")]


def test_limits_count_what_is_still_held() -> None:
    driven = three_lots(stop_ticks=200, target_ticks=200)
    driven.fill("E", 4800, 3)
    driven.fill("S", 4795, 2)  # -125 and 11.25 of fees; the last lot may lose 13 ticks
    driven.trade(BAR + 1, 4788)
    assert driven.engine.status().halts == ()
    driven.trade(BAR + 2, 4786)
    assert driven.engine.status().halts == (Halt.LOSS_LIMIT,)
    exits = [o for o in driven.said(OrderIntent) if o.role == "exit"]
    assert [order.size for order in exits] == [1]
    driven.fill("X", 4786)
    assert driven.trades[0].exit_reason is ExitReason.LOSS_LIMIT


def test_limit_of_a_short_that_a_broker_holds() -> None:
    driven = entered(SELL_BAR, easy(stop_ticks=200), simulated=False)
    driven.fill("E", 4800)
    driven.trade(BAR + 1, 4823)
    assert driven.engine.status().halts == ()
    driven.trade(BAR + 2, 4824)
    assert driven.engine.status().halts == (Halt.LOSS_LIMIT,)


def test_an_exit_that_nobody_asked_for_is_the_operator_s() -> None:
    driven = entered(simulated=False)
    driven.fill("E", 4800)
    driven.fill("X", 4805)
    assert driven.trades[0].exit_reason is ExitReason.OPERATOR


def ignored(driven: Driven) -> list[tuple[str, str]]:
    return [(event.what, event.reason) for event in driven.said(InputIgnored)]


def test_a_fill_is_taken_once() -> None:
    driven = three_lots()
    driven.fill("E", 4800, fill_id="a")
    driven.fill("E", 4800, fill_id="a")
    assert ignored(driven) == [("fill", "seen before")]
    assert driven.said(InputIgnored)[0].details == {"id": "a", "order": driven.trade_id + "-E"}
    held = driven.engine.status().position
    assert held is not None
    assert held.size == 1


def test_a_fill_and_a_command_may_have_the_same_id() -> None:
    driven = entered(simulated=False)
    driven.command(halt(1, BAR))
    driven.fill("E", 4800, fill_id="h1")
    assert driven.engine.status().position is not None


def test_fills_of_unknown_orders_change_nothing() -> None:
    driven = Driven(simulated=False)
    driven.take(driven.engine.on_fill(Fill(id="a", order_id="x", ts=1, price=4800, size=1)))
    waiting = entered(simulated=False)
    waiting.take(waiting.engine.on_fill(Fill(id="a", order_id="x", ts=1, price=4800, size=1)))
    assert ignored(driven) == ignored(waiting) == [("fill", "unknown order")]
    assert waiting.engine.status().position is None


def test_an_exit_before_its_entry_is_ignored_and_taken_when_it_comes_again() -> None:
    driven = entered(simulated=False)
    driven.fill("S", 4784, fill_id="a")
    assert ignored(driven) == [("fill", "more than the 0 left")]
    driven.fill("E", 4800)
    driven.fill("S", 4784, fill_id="a")
    assert driven.trades[0].pnl_gross == -16 * TICK


def test_more_than_was_ordered_or_held_is_ignored() -> None:
    driven = three_lots()
    driven.fill("E", 4800, 4)
    driven.fill("E", 4800, 3)
    driven.fill("S", 4784, 2)
    driven.fill("T", 4824, 2)
    driven.fill("E", 4800, 1)
    assert [reason for _, reason in ignored(driven)] == [
        "more than the 3 left", "more than the 1 left", "more than the 0 left",
    ]  # fmt: skip
    driven.fill("T", 4824, 1)
    assert driven.trades[0].exit_notional == 2 * 4784 + 4824


def test_a_broker_s_fill_is_ignored_where_the_exchange_is_simulated() -> None:
    driven = entered()
    driven.fill("E", 4700)
    assert ignored(driven) == [("fill", "the exchange is simulated")]
    driven.trade(BAR + 1, 4800)
    assert driven.engine.status().position is not None


@pytest.mark.parametrize(("price", "size"), [(0, 1), (-1, 1), (4800, 0), (2**31, 1), (1, 2**31)])
def test_fills_that_cannot_be_are_refused(price: int, size: int) -> None:
    driven = entered(simulated=False)
    before = driven.engine.status()
    with pytest.raises(InputError, match=f"size {size} and price {price}"):
        driven.fill("E", price, size)
    assert driven.engine.status() == before


# The end of the session, of the day, of the data


def test_flatten_time_closes_the_position() -> None:
    driven = Driven(easy(), SESSION)
    driven.bar(BUY_BAR, 12)
    driven.beat(13 * BAR)
    driven.trade(13 * BAR + 1, 4800)
    driven.trade(3 * 3600, 4805)
    driven.trade(3 * 3600 + 1, 4806)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_notional) == (ExitReason.FLATTEN, 4805)


def test_flatten_time_takes_back_a_waiting_entry() -> None:
    driven = Driven(easy(), SESSION, simulated=False)
    driven.bar(BUY_BAR, 12)
    driven.beat(3 * 3600)
    assert updates(driven) == [("E", "cancelled")]
    assert driven.said(OrderUpdate)[0].reason == "the session's flatten time"


def test_day_s_end_takes_back_what_still_waits() -> None:
    """Only a schedule whose entries outlast its flatten time gets there; none of ours does."""
    driven = entered(simulated=False)
    driven.engine._moments = driven.engine._moments[-1:]
    driven.beat(0, day=1)
    assert updates(driven) == [("E", "cancelled")]
    assert driven.said(OrderUpdate)[0].reason == "the trading day ended"


def test_finish_closes_the_position_at_the_last_trade() -> None:
    driven = opened()
    driven.trade(BAR + 2, 4810)
    driven.beat(BAR + 9)
    driven.finish()
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_ts, trade.exit_notional) == (
        ExitReason.END_OF_DATA, at(BAR + 2), 4809,
    )  # fmt: skip
    assert driven.bars[-1].end == at(2 * BAR)
    assert driven.finish() == []


def test_finish_takes_back_a_waiting_entry_and_enters_nothing() -> None:
    driven = entered()
    driven.finish()
    assert updates(driven) == [("E", "cancelled")]
    last = Driven()
    last.bar(BUY_BAR)
    last.finish()
    (decision,) = last.said(Decision)
    assert (decision.rule, decision.reason) == ("end_of_data", "the data ended")


def test_finish_does_not_send_an_exit_twice() -> None:
    driven = opened()
    driven.command(Flatten(id="f", ts=at(BAR + 2)))
    driven.finish()
    assert len([o for o in driven.said(OrderIntent) if o.role == "exit"]) == 1
    assert driven.trades[0].exit_reason is ExitReason.END_OF_DATA


def test_finish_leaves_a_broker_s_position() -> None:
    driven = entered(simulated=False)
    driven.fill("E", 4800)
    driven.finish()
    assert driven.trades == []
    assert driven.engine.status().position is not None


# Over the roll


def test_a_position_over_the_roll_is_closed_by_the_flatten_order() -> None:
    driven = Driven()
    driven.bar(BUY_BAR, 200)
    driven.beat(201 * BAR)
    driven.trade(201 * BAR + 1, 4800)
    driven.trade(1, 4790, day=1)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_notional) == (ExitReason.FLATTEN, 4789)
    assert driven.engine.status().day_pnl == trade.pnl_net


def test_carry_names_what_crosses_the_roll() -> None:
    driven = opened()
    driven.trade(BAR + 2, 4826)
    driven.command(halt(1, BAR + 3))
    driven.command(ReportMargin(id="m", ts=at(BAR + 3), symbol="ES", margin=401 * UNITS))
    driven.trade(5, 4800, day=1)
    carry = driven.said(DayStarted)[1].carry
    balance = 10_000 * UNITS + 24 * TICK - 2 * FEE
    assert carry == Carry(
        balance=balance, peak=balance, streak=1, tier="ES 1-3 top", halts=(Halt.OPERATOR,),
        unfinished=(), levels=driven.engine.levels, sequence=0,
    )  # fmt: skip
    assert driven.engine.carry() == carry


def test_first_carry_is_of_the_configuration() -> None:
    config: EngineConfig = easy("MES")
    assert first_carry(config) == Carry(
        balance=2500 * UNITS, peak=2500 * UNITS, streak=0, tier="MES 1-3"
    )
    account = replace(config.account, peak=Decimal(3000), streak=-2)
    assert first_carry(replace(config, account=account)).peak == 3000 * UNITS
    assert first_carry(replace(config, account=account)).streak == -2
    low = replace(config.account, peak=Decimal(1))
    assert first_carry(replace(config, account=low)).peak == 2500 * UNITS


def test_trade_closed_comes_after_the_orders_that_closed_it() -> None:
    driven = opened()
    events = driven.trade(BAR + 2, 4826)
    assert [type(event) for event in events] == [Filled, OrderUpdate, OrderUpdate, TradeClosed]


def test_a_fill_of_another_bracket_s_order_is_never_applied() -> None:
    driven = entered()
    orders = driven.engine._desk._orders
    assert orders.bracket is not None
    with pytest.raises(InputError, match="other-E is no order of paper-20241004-001"):
        orders._apply(orders.bracket, Fill(id="f", order_id="other-E", ts=1, price=4800, size=1))
