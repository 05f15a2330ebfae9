"""The end of the session, of the day and of the data, and what crosses the roll.

ES, honest unless said: 12.50 a tick, 2.25 a side, 50 ms, one tick of slippage, stop 16, target 24.
`opened` is long from 4801 (stop 4785, target 4825), or short from 4799.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.commands import Flatten, ReportAmendReject, ReportMargin
from engine.config import EngineConfig
from engine.desk import first_carry
from engine.errors import InputError
from engine.events import (
    Carry,
    DayStarted,
    Decision,
    Fill,
    Filled,
    OrderCancel,
    OrderIntent,
    OrderUpdate,
    SignalDetected,
    TradeClosed,
)
from engine.money import UNITS
from engine.names import ExitReason, Halt, Pattern
from tests.engine.drive import (
    BAR,
    BUY_BAR,
    FEE,
    SESSION,
    TICK,
    Driven,
    asked_back,
    at,
    easy,
    entered,
    halt,
    opened,
    updates,
)

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


def test_an_entry_that_waits_at_a_broker_is_asked_back_when_none_is_wanted_any_more() -> None:
    driven = Driven(easy(), SESSION, simulated=False)
    driven.bar(BUY_BAR, 12)
    driven.beat(2 * 3600 - 1)
    assert asked_back(driven) == []
    driven.beat(2 * 3600)
    driven.beat(3 * 3600 - 1)
    assert (updates(driven), asked_back(driven)) == ([], ["E"])
    order = driven.said(OrderCancel)[0].id
    refused = ReportAmendReject(id="r", ts=at(0), order_id=order, price=0, reason="no")
    driven.command(refused)
    driven.beat(3 * 3600)
    assert [event.reason for event in driven.said(OrderCancel)] == [
        "the hours for entries are over", "the session's flatten time",
    ]  # fmt: skip


def test_day_s_end_takes_back_what_still_waits() -> None:
    """Only a schedule whose entries outlast its flatten time gets there; none of ours does."""
    driven = entered(simulated=False)
    driven.engine._moments = driven.engine._moments[-1:]
    driven.beat(0, day=1)
    assert (updates(driven), asked_back(driven)) == ([], ["E"])
    assert driven.said(OrderCancel)[0].reason == "the trading day ended"


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


def test_the_old_contract_s_last_bar_leaves_the_new_one_no_level() -> None:
    """It is still open when the contract rolls."""
    driven = Driven()
    driven.bar("4800 | 40 x 40", 200)
    driven.take(driven.engine.roll())
    driven.trade(5, 4900, day=1)
    driven.trade(BAR + 5, 4800, day=1)
    assert [signal.signal.pattern for signal in driven.said(SignalDetected)] == [
        Pattern.UNFINISHED_HIGH,
        Pattern.UNFINISHED_LOW,
    ]
    assert driven.said(DayStarted)[1].carry.unfinished == ()
    assert driven.engine.carry().unfinished == ()


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
