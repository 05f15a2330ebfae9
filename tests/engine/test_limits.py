"""Limits and halts at work, and an operator's commands.

ES, honest unless said: 12.50 a tick, 2.25 a side, 50 ms, one tick of slippage, stop 16, target 24.
`opened` is long from 4801 (stop 4785, target 4825), or short from 4799.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.commands import Command, Kill, ReportMargin, ReportReject, ResumeTrading
from engine.errors import InputError
from engine.events import (
    CommandDone,
    DayStarted,
    Decision,
    Halted,
    InputIgnored,
    OrderIntent,
    OrderUpdate,
    Resumed,
    TierChanged,
)
from engine.instruments import instrument
from engine.money import UNITS
from engine.names import ExitReason, Halt
from engine.once import REMEMBERED_IDS
from tests.engine.drive import (
    BAR,
    BUY_BAR,
    SELL_BAR,
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
