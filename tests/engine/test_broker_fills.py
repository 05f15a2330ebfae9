"""A broker's fills: what is taken, and what is ignored.

ES, honest unless said: 12.50 a tick, 2.25 a side, 50 ms, one tick of slippage, stop 16, target 24.
`opened` is long from 4801 (stop 4785, target 4825), or short from 4799.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.config import RouterRules
from engine.errors import InputError
from engine.events import Decision, Fill, Filled, InputIgnored, OrderIntent, PositionOpened
from engine.names import ExitReason, Halt
from tests.engine.drive import (
    BAR,
    FEE,
    SELL_BAR,
    TICK,
    Driven,
    asked_back,
    easy,
    entered,
    halt,
    updates,
)


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
    assert updates(driven)[-1] == ("S", "filled")
    assert asked_back(driven) == ["T"]


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
