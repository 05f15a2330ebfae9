"""Break-even, trailing stop and time stop through the engine, as docs/orderflow.md says them.

ES, honest: 50 ms, one tick of slippage. `long` holds one lot from 4801: stop 4785, target 4901.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.commands import Flatten
from engine.events import (
    BarClosed,
    Decision,
    Event,
    Halted,
    OrderAmend,
    OrderIntent,
    SessionChanged,
    TradeClosed,
)
from engine.names import ExitReason, Halt
from tests.engine.drive import (
    BAR,
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

S = BAR + 1
"""The second at which the entry fills."""


def long(profile: str = "honest", **risk: Any) -> Driven:
    return opened(config=easy(profile=profile, **{"target_ticks": 100, **risk}))


def short(**risk: Any) -> Driven:
    """From 4799: stop 4815, target 4699."""
    return opened(SELL_BAR, config=easy(**{"target_ticks": 100, **risk}))


def amends(driven: Driven) -> list[tuple[float, int, str]]:
    """Second, price and reason of each change."""
    return [
        ((event.ts - at(0)) / 1e9, event.price, event.reason) for event in driven.said(OrderAmend)
    ]


def stop_asked(driven: Driven) -> int:
    held = driven.engine.status().position
    assert held is not None
    return held.stop


def test_off_nothing_is_changed() -> None:
    driven = long()
    driven.trade(S + 1, *range(4801, 4901))
    driven.beat(20 * 3600)
    assert driven.said(OrderAmend) == []
    assert stop_asked(driven) == 4785


# Break-even


@pytest.mark.parametrize(("plus", "price"), [(0, 4801), (3, 4804)])
def test_the_first_trade_far_enough_in_favour_moves_the_stop_to_the_entry(
    plus: int, price: int
) -> None:
    driven = long(break_even_after_ticks=8, break_even_plus_ticks=plus)
    driven.trade(S + 1, 4808)
    assert amends(driven) == []
    driven.trade(S + 2, 4809, 4815, 4807, 4809)
    assert amends(driven) == [(S + 2, price, "break_even")]
    (amend,) = driven.said(OrderAmend)
    assert (amend.id, amend.trade_id, amend.size) == (
        f"{driven.trade_id}-S", driven.trade_id, 1,
    )  # fmt: skip
    assert stop_asked(driven) == price


def test_break_even_of_a_short() -> None:
    driven = short(break_even_after_ticks=8, break_even_plus_ticks=3)
    driven.trade(S + 1, 4792)
    assert amends(driven) == []
    driven.trade(S + 2, 4791)
    assert amends(driven) == [(S + 2, 4796, "break_even")]
    driven.trade(S + 3, 4796)
    assert (driven.trades[0].exit_reason, driven.trades[0].exit_notional) == (
        ExitReason.BREAK_EVEN, 4797,
    )  # fmt: skip


# Trailing stop


def test_the_stop_follows_the_best_trade_and_only_in_favour() -> None:
    driven = long(trail_ticks=6, trail_after_ticks=4)
    driven.trade(S + 1, 4804)
    assert amends(driven) == []
    driven.trade(S + 2, 4805, 4808, 4803, 4808, 4809)
    assert [price for _, price, _ in amends(driven)] == [4799, 4802, 4803]
    assert {reason for _, _, reason in amends(driven)} == {"trailing_stop"}
    assert stop_asked(driven) == 4803


def test_the_stop_of_a_short_follows_down() -> None:
    driven = short(trail_ticks=6, trail_after_ticks=4, trail_step_ticks=2)
    driven.trade(S + 1, 4796, 4795, 4794, 4793, 4800)
    assert [price for _, price, _ in amends(driven)] == [4801, 4799]


def test_the_stop_follows_by_a_step_or_more_at_once() -> None:
    driven = long(trail_ticks=6, trail_after_ticks=4, trail_step_ticks=3)
    driven.trade(S + 1, 4805, 4806, 4807, 4808, 4813)
    assert [price for _, price, _ in amends(driven)] == [4799, 4802, 4807]


def test_with_both_options_the_better_stop_holds_and_a_trade_makes_one_change() -> None:
    driven = long(break_even_after_ticks=4, trail_ticks=6)
    driven.trade(S + 1, 4805, 4806, 4810)
    assert amends(driven) == [
        (S + 1, 4801, "break_even"), (pytest.approx(S + 1), 4804, "trailing_stop"),
    ]  # fmt: skip


def test_the_trade_that_filled_the_entry_is_the_first_of_the_best() -> None:
    """At its own price: with slippage it is behind the entry, without it is at the entry."""
    assert amends(long(trail_ticks=6)) == []
    assert amends(long("ideal", trail_ticks=6)) == [(S, 4794, "trailing_stop")]


# On their way to the exchange


def test_the_new_stop_is_met_from_its_latency_on_and_the_old_one_before() -> None:
    driven = long(break_even_after_ticks=8)
    driven.trade(S + 2, 4809)
    driven.trade(S + 2.049, 4801, 4790)
    assert driven.trades == []
    driven.trade(S + 2.05, 4800)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_notional, trade.stop, trade.last_stop) == (
        ExitReason.BREAK_EVEN, 4799, 4785, 4801,
    )  # fmt: skip


def test_a_stop_hit_before_the_change_arrives_is_the_first_stop() -> None:
    driven = long(break_even_after_ticks=8, cooldown_bars=3)
    driven.trade(S + 2, 4809)
    driven.trade(S + 2.049, 4785)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_notional, trade.last_stop) == (
        ExitReason.STOP, 4784, 4785,
    )  # fmt: skip
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    assert driven.said(Decision)[-1].rule == "cooldown"
    driven.trade(S + 600, 4801)  # the change arrives at nothing
    assert len(driven.trades) == 1


def test_several_changes_on_their_way_take_effect_one_after_the_other() -> None:
    driven = long(trail_ticks=6, trail_after_ticks=4)
    driven.trade(S + 2, 4805)
    driven.trade(S + 2.02, 4808)
    driven.trade(S + 2.055, 4801)
    assert (stop_asked(driven), driven.trades) == (4802, [])
    driven.trade(S + 2.06, 4799)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.last_stop, trade.exit_notional) == (
        ExitReason.TRAILING_STOP, 4799, 4798,
    )  # fmt: skip


def test_a_change_on_its_way_arrives_though_an_exit_order_follows_it() -> None:
    driven = long(break_even_after_ticks=8)
    driven.trade(S + 2, 4809)
    driven.command(Flatten(id="f", ts=at(S + 2.03)))
    driven.trade(S + 2.05, 4801)
    assert driven.trades[0].exit_reason is ExitReason.BREAK_EVEN


# At each trade, in this order


def test_a_change_that_has_arrived_comes_before_an_exit_order_that_has() -> None:
    driven = long(break_even_after_ticks=8)
    driven.trade(S + 2, 4809)
    driven.command(Flatten(id="f", ts=at(S + 2)))
    driven.trade(S + 3, 4795)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.last_stop) == (ExitReason.OPERATOR, 4801)


def test_a_trade_that_fills_an_order_makes_no_change() -> None:
    driven = long(break_even_after_ticks=8, target_ticks=10)
    driven.trade(S + 1, 4812)
    assert driven.trades[0].exit_reason is ExitReason.TARGET
    assert amends(driven) == []


def test_a_change_is_decided_before_the_limits_are_looked_at() -> None:
    """The fees alone reach this limit, at the trade that also moves the stop."""
    config = easy(profile="ideal", trail_ticks=6, loss_limit=Decimal("4.50"))
    config = replace(config, fills=replace(config.fills, fees=True))
    driven = opened(config=config)
    kinds = [type(event) for event in driven.events if isinstance(event, OrderAmend | Halted)]
    assert kinds == [OrderAmend, Halted]


def test_while_an_exit_order_is_on_its_way_no_change_is_decided() -> None:
    driven = long(break_even_after_ticks=8)
    driven.command(Flatten(id="f", ts=at(S + 1)))
    driven.trade(S + 1.01, 4815)
    assert amends(driven) == []
    driven.trade(S + 2, 4815)
    assert driven.trades[0].exit_reason is ExitReason.OPERATOR


# Time stop


def test_a_position_is_closed_at_market_when_it_was_open_long_enough() -> None:
    driven = long(time_stop_s=60)
    driven.trade(S + 59.9, 4801)
    driven.beat(S + 59.999)
    assert [o.role for o in driven.said(OrderIntent)] == ["entry", "stop", "target"]
    driven.beat(S + 60)
    order = driven.said(OrderIntent)[-1]
    assert (order.role, order.type, order.ts, order.size, order.reason) == (
        "exit", "market", at(S + 60), 1, "open for 60 s",
    )  # fmt: skip
    driven.trade(S + 60.049, 4803)
    driven.trade(S + 60.05, 4804)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_notional) == (ExitReason.TIME_STOP, 4803)


def test_a_trade_after_the_time_stop_finds_its_exit_order_there() -> None:
    driven = long(time_stop_s=60)
    driven.trade(S + 61, 4804)
    (trade,) = driven.trades
    assert (trade.exit_reason, trade.exit_ts) == (ExitReason.TIME_STOP, at(S + 61))
    assert [o.ts for o in driven.said(OrderIntent)][-1] == at(S + 60)


def test_a_position_closed_before_its_time_has_no_time_stop() -> None:
    driven = long(time_stop_s=60)
    driven.trade(S + 2, 4785)
    driven.beat(S + 100)
    assert len(driven.said(OrderIntent)) == 3
    assert driven.trades[0].exit_reason is ExitReason.STOP


def test_a_position_that_is_closing_already_is_not_closed_twice() -> None:
    driven = long(time_stop_s=60)
    driven.command(Flatten(id="f", ts=at(S + 59.99)))
    driven.trade(S + 61, 4804)
    assert [o.role for o in driven.said(OrderIntent)].count("exit") == 1
    assert driven.trades[0].exit_reason is ExitReason.OPERATOR


def order_of(events: list[Event]) -> list[str]:
    return [
        type(event).__name__
        for event in events
        if isinstance(event, BarClosed | SessionChanged | OrderIntent | Halted)
    ]


def test_of_equal_times_a_bar_s_end_comes_before_a_time_stop() -> None:
    driven = long(time_stop_s=BAR - 1)
    driven.bar(QUIET_BAR, 1)
    assert order_of(driven.beat(2 * BAR)) == ["BarClosed", "OrderIntent"]


def test_of_equal_times_the_session_s_moments_come_before_a_time_stop() -> None:
    days = Days(0, 0, 0, HOUR // 2, HOUR, 2 * HOUR)
    driven = opened(config=easy(time_stop_s=3600 - S), days=days)
    driven.beat(3599)
    events = driven.beat(3600)
    assert order_of(events) == ["SessionChanged", "OrderIntent"]
    assert of(OrderIntent, events)[0].reason == "the session's flatten time"


def test_a_time_stop_comes_before_a_feed_that_goes_stale_with_it() -> None:
    driven = opened(config=easy(stale_s=400, time_stop_s=400))
    events = driven.beat(S + 401)
    assert order_of(events) == ["BarClosed", "OrderIntent", "Halted"]
    assert of(Halted, events)[0].halt is Halt.STALE_FEED


def test_a_time_stop_between_days_closes_what_the_roll_left_open() -> None:
    """A day without a flatten time of its own before its end."""
    late = Days(0, 0, 0, 24 * HOUR, 24 * HOUR, 24 * HOUR)
    driven = entered(config=easy(time_stop_s=86_400 - S + 3600), days=late)
    driven.trade(S, 4800)
    driven.engine._moments = driven.engine._moments[-1:]  # no flatten: the position stays
    driven.engine._arm()
    events = driven.beat(2 * 3600, day=1)
    (order,) = of(OrderIntent, events)
    assert (order.ts, order.reason) == (at(3600, day=1), f"open for {86_400 - S + 3600} s")
    driven.trade(2 * 3600 + 1, 4801, day=1)
    assert driven.trades[0].exit_reason is ExitReason.TIME_STOP


def test_a_quiet_engine_stops_for_a_time_stop_within_a_run_of_bars() -> None:
    loud, quiet = (opened(config=easy(time_stop_s=2 * BAR), quiet=quiet) for quiet in (False, True))
    ticks = [(at(S + 1 + n), 4801, 1, 0) for n in range(4 * BAR)]
    for driven in (loud, quiet):
        driven.push(ticks)
    assert quiet.trades == loud.trades
    assert quiet.trades[0].exit_ts == at(S + 2 * BAR + 1)


# What a trade says at the end


@pytest.mark.parametrize(
    ("reason", "options", "prices"),
    [
        (ExitReason.BREAK_EVEN, {"break_even_after_ticks": 4}, (4805, 4801)),
        (ExitReason.TRAILING_STOP, {"trail_ticks": 4}, (4805, 4801)),
        (ExitReason.TIME_STOP, {"time_stop_s": 1}, (4805, 4801)),
    ],
)
def test_only_the_first_stop_has_a_cool_down(
    reason: ExitReason, options: dict[str, int], prices: tuple[int, int]
) -> None:
    driven = long(cooldown_bars=9, **options)
    driven.trade(S + 0.5, prices[0])
    driven.trade(S + 2, prices[1])
    assert [trade.exit_reason for trade in driven.trades] == [reason]
    driven.bar(BUY_BAR, 2)
    driven.beat(3 * BAR)
    assert driven.said(Decision)[-1].rule == ""


def test_a_trade_says_its_first_stop_and_its_last() -> None:
    driven = long(trail_ticks=4)
    driven.trade(S + 1, 4805)
    driven.trade(S + 2, 4810)
    driven.command(Flatten(id="f", ts=at(S + 2)))
    driven.finish()
    (closed,) = driven.said(TradeClosed)
    trade = closed.trade
    assert trade.exit_reason is ExitReason.END_OF_DATA
    assert (trade.stop, trade.target) == (4785, 4901)
    assert trade.last_stop == 4801  # 4806 was asked for, and on its way
