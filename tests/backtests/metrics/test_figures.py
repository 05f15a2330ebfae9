"""Figures of hand-made days, and what holds for those of any run."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from backtests.errors import BrokenOutcome
from backtests.metrics import DEFINITIONS, Figures, figures
from backtests.metrics.figures import longest_run, verdict
from backtests.outcome import Outcome
from engine.money import to_decimal, to_units
from engine.ticks import NS
from tests.backtests.outcomes import by_ticks, outcome, outcomes

TICK = to_units(Decimal("1.25"))  # of one MES


def test_a_hand_made_run_has_the_figures_that_paper_gives() -> None:
    found = figures(by_ticks([[24, -16, 8], [], [-16, -16], [0, 40]]))
    assert (found.trades, found.wins, found.losses, found.scratches) == (7, 3, 3, 1)
    assert found.win_rate == 3 / 7
    assert found.net == found.gross == 24 * TICK
    assert found.average_win == 24 * TICK
    assert found.average_loss == -16 * TICK
    assert found.payoff == 1.5
    assert found.profit_factor == 1.5
    assert found.expectancy == round(Decimal(24 * TICK) / 7)
    assert found.expectancy_r == pytest.approx(24 / 16 / 7)
    assert (found.best_trade, found.worst_trade) == (40 * TICK, -16 * TICK)
    assert (found.winning_streak, found.losing_streak) == (1, 2)
    assert (found.days, found.days_traded) == (4, 3)
    assert found.positive_days == 2 / 3
    assert found.average_day == 6 * TICK
    assert (found.best_day, found.worst_day) == (40 * TICK, -32 * TICK)
    assert (found.best_day_on, found.worst_day_on) == (date(2025, 1, 7), date(2025, 1, 6))
    assert (found.winning_days, found.losing_days) == (1, 1)
    assert found.trades_a_day == 7 / 4
    assert found.contracts == 7


def test_drawdowns_of_a_hand_made_run() -> None:
    # Balances in ticks from 8,000: 8024, 8008, 8016 | 8016 | 8000, 7984 | 7984, 8024
    found = figures(by_ticks([[24, -16, 8], [], [-16, -16], [0, 40]]))
    assert found.max_drawdown == 40 * TICK
    assert found.max_drawdown_part == 40 / 8024
    assert found.daily_drawdown == 32 * TICK
    assert found.daily_drawdown_part == 32 / 8016
    assert (found.drawdown_days, found.longest_drawdown_days) == (1, 1)
    assert found.time_under_water == 1 / 4
    assert found.recovery == 24 / 40


def test_a_drawdown_that_is_not_regained_lasts_to_the_end() -> None:
    found = figures(by_ticks([[24], [-16], [], [-16], [8]]))
    assert found.drawdown_days == found.longest_drawdown_days == 4
    assert found.time_under_water == 4 / 5


def test_the_deepest_fall_need_not_be_the_longest() -> None:
    found = figures(by_ticks([[-1], [], [], [2], [-16], [16]]))
    assert (found.drawdown_days, found.longest_drawdown_days) == (1, 3)


def test_open_positions_can_only_deepen_a_drawdown() -> None:
    run = by_ticks([[24, 24]])
    day = run.days[0]
    dipped = replace(day.trades[1], trade=replace(day.trades[1].trade, mae=15))
    found = figures(replace(run, days=(replace(day, trades=(day.trades[0], dipped)),)))
    assert found.max_drawdown == 0
    assert found.open_drawdown == 15 * TICK


@pytest.mark.parametrize(("direction", "mae", "mfe"), [(1, 4, 2), (-1, 2, 4)])
def test_both_excursions_are_exact_whichever_way_the_trade_went(
    direction: int, mae: int, mfe: int
) -> None:
    run = by_ticks([[0]], size=3)
    done = run.trades[0]
    price = done.trade.entry_notional // 3
    entry = 3 * price + 1  # the market went from one tick below `price` to one above it
    worst, best = (price - 1, price + 1)[::direction]
    uneven = replace(
        done.trade, direction=direction, entry_notional=entry, exit_notional=entry,
        mae=direction * (entry - 3 * worst) // 3, mfe=direction * (3 * best - entry) // 3,
    )  # fmt: skip
    day = replace(run.days[0], trades=(replace(done, trade=uneven),))
    found = figures(replace(run, days=(day,)))
    assert (found.average_mae, found.average_mfe) == (mae * TICK, mfe * TICK)


def test_the_open_drawdown_is_never_less_than_the_closed_one() -> None:
    run = by_ticks([[24, -16]])
    day = run.days[0]
    gapped = replace(day.trades[1], trade=replace(day.trades[1].trade, mae=12))
    found = figures(replace(run, days=(replace(day, trades=(day.trades[0], gapped)),)))
    assert found.open_drawdown == found.max_drawdown == 16 * TICK


def test_excursions_in_money_are_exact_for_an_entry_between_two_ticks() -> None:
    run = by_ticks([[-16]], size=2)
    trade = run.trades[0].trade
    # Bought one lot a tick higher: the average is half a tick up, the worst 16.5 ticks away.
    uneven = replace(trade, entry_notional=trade.entry_notional + 1, mae=16, mfe=0)
    day = replace(run.days[0], trades=(replace(run.trades[0], trade=uneven),))
    found = figures(replace(run, days=(day,)))
    assert found.average_mae == 33 * TICK
    assert found.average_mae_ticks == 16


def test_r_is_the_initial_stops_distance_in_money_whatever_the_size() -> None:
    assert figures(by_ticks([[24]], size=3)).expectancy_r == 1.5
    assert figures(by_ticks([[-16]], size=2)).expectancy_r == -1


def test_a_trade_whose_stop_was_not_on_the_losing_side_has_no_r() -> None:
    run = by_ticks([[24]])
    trade = run.trades[0].trade
    odd = replace(run.trades[0], trade=replace(trade, stop=trade.entry_notional + 4))
    assert figures(replace(run, days=(replace(run.days[0], trades=(odd,)),))).expectancy_r is None


def test_a_trade_that_only_loses_its_fees_is_a_loss_and_no_scratch() -> None:
    found = figures(by_ticks([[0]], fees=True))
    assert (found.losses, found.scratches) == (1, 0)
    assert found.net == -found.fees == to_units(Decimal("-1.24"))
    assert found.cost_share is None


def test_exposure_is_the_time_held_by_the_time_of_the_sessions() -> None:
    found = figures(by_ticks([[24, -16], []]))  # ten minutes each; two sessions of 6.5 hours
    assert found.exposure == pytest.approx(20 / (2 * 390))
    assert found.average_holding == found.median_holding == found.longest_holding == 600


def test_nothing_is_said_of_no_days_and_of_days_without_trades() -> None:
    nothing = figures(replace(by_ticks([[]]), days=()))
    assert (nothing.trades, nothing.days, nothing.net) == (0, 0, 0)
    assert nothing.total_return is None
    assert nothing.exposure is None
    assert nothing.verdict == "No trades: nothing to tell."
    idle = figures(by_ticks([[], []]))
    assert (idle.trades, idle.days, idle.net, idle.max_drawdown) == (0, 2, 0, 0)
    for name in (
        "win_rate",
        "profit_factor",
        "expectancy",
        "sharpe",
        "sortino",
        "calmar",
        "p_value",
    ):
        assert idle[name] is None, name
    assert (idle.volatility, idle.time_under_water, idle.exposure) == (0, 0, 0)


def test_an_account_that_is_gone_has_no_returns() -> None:
    found = figures(by_ticks([[-16], [-16], [8]], balance=20))
    assert found.max_drawdown == 32 * TICK
    for name in ("sharpe", "sortino", "calmar", "cagr", "volatility", "ulcer"):
        assert found[name] is None, name


def test_under_a_month_of_days_is_not_scaled_to_a_year() -> None:
    assert figures(by_ticks([[24]] * 20)).cagr is None
    assert figures(by_ticks([[24]] * 21)).cagr is not None


def test_days_at_limits_and_in_tiers_are_counted() -> None:
    run = by_ticks([[-16], [-16], [-16], [24]])
    first, second, third, fourth = run.days
    at = first.trades[0].trade.exit_ts
    days = (
        replace(first, halts=((at, "loss_limit", ""), (at + 1, "stale_feed", "")),
                lifted=((at + 2, "stale_feed", ""),), tiers=((at, "MES 1-3", "ES 1"),)),
        replace(second, lifted=((at + 10 * NS, "loss_limit", ""),),
                halts=((second.trades[0].trade.exit_ts, "max_drawdown", ""),)),
        third,
        fourth,
    )  # fmt: skip
    found = figures(replace(run, days=days))
    assert found.halts == {"loss_limit": 1, "max_drawdown": 3, "stale_feed": 1}
    assert found.loss_limit_days == 1 / 4
    assert found.tiers == {"MES 1-3": 0, "ES 1": 0, "ES 1-3": 4, "ES 1-3 top": 0}
    assert found.tier_changes == 1


def test_a_halt_that_a_person_ended_no_longer_holds_the_day_after() -> None:
    run = by_ticks([[-16], [], [], [24]])
    first, second, third, fourth = run.days
    at = first.trades[0].trade.exit_ts
    days = (
        replace(first, halts=((at, "max_drawdown", ""),)),
        second,
        replace(third, lifted=((at + 10**15, "max_drawdown", ""),)),
        fourth,
    )
    assert figures(replace(run, days=days)).halts == {"max_drawdown": 3}


def test_tiers_of_runs_that_were_joined_come_after_the_plans_own() -> None:
    run = by_ticks([[24], [24]])
    days = (run.days[0], replace(run.days[1], tier="another"))
    assert figures(replace(run, days=days)).tiers == {"ES 1-3 top": 1, "another": 1}


@pytest.mark.parametrize("change", [{"opening": 1}, {"closing": 1}, {"trades": ()}])
def test_days_that_do_not_follow_from_one_another_are_refused(change: dict[str, Any]) -> None:
    run = by_ticks([[24], [8], [24]])
    days = (run.days[0], replace(run.days[1], **change), run.days[2])
    with pytest.raises(BrokenOutcome, match=r"^2025-01-03: the day goes from .* run it again$"):
        figures(replace(run, days=days))


def test_of_several_such_days_the_first_is_named_with_its_balances() -> None:
    run = by_ticks([[24], [8], [24]])
    days = (run.days[0], *(replace(day, closing=day.closing + 1) for day in run.days[1:]))
    with pytest.raises(BrokenOutcome) as refused:
        figures(replace(run, days=days))
    assert str(refused.value) == (
        "2025-01-03: the day goes from 10030.00 to 10040.00000001, its trades from 10030.00 to "
        "10040.00; run it again"
    )


def test_the_verdict_follows_from_trades_days_and_the_interval() -> None:
    one = to_units(Decimal(1))
    assert verdict(37, 36, one, one, one).startswith("37 trades on 36 days: too few to tell")
    assert "too few" in verdict(100, 29, one, one, one)
    assert "may be chance" in verdict(100, 30, one, -one, 2 * one)
    assert "made 1.00, more than chance" in verdict(100, 30, one, one // 2, 2 * one)
    assert "lost 1.00, more than chance" in verdict(100, 30, -one, -2 * one, -one // 2)


def test_a_run_of_one_answer_is_told_from_chance_and_one_without_an_edge_is_not() -> None:
    assert "more than chance" in figures(outcome(days=120, trades=600, edge=0.3)).verdict
    fair = outcome(days=120, trades=600, seed=2, edge=0.03, limits=False)
    assert "may be chance" in figures(fair).verdict


def test_the_longest_run_of_true_values() -> None:
    assert longest_run(np.array([], dtype=bool)) == 0
    assert longest_run(np.array([False, True, True, False, True])) == 2
    assert longest_run(np.array([True, True, True])) == 3


@given(run=outcomes())
def test_money_is_conserved(run: Outcome) -> None:
    found = figures(run)
    assert found.net == found.closing - found.opening == sum(done.net for done in run.trades)
    assert found.gross - found.fees == found.net
    assert found.trades == found.wins + found.losses + found.scratches
    assert sum((found.tiers or {}).values()) == found.days


@given(run=outcomes())
def test_two_halves_of_a_run_add_up_to_it(run: Outcome) -> None:
    middle = len(run.days) // 2
    whole = figures(run)
    parts = [figures(replace(run, days=days)) for days in (run.days[:middle], run.days[middle:])]
    for name in (
        "net", "gross", "fees", "slippage", "trades", "wins", "losses", "scratches", "days",
        "days_traded", "contracts", "tier_changes",
    ):  # fmt: skip
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts), name
    for name in ("max_drawdown", "open_drawdown", "winning_streak", "losing_streak"):
        assert getattr(whole, name) >= max(getattr(part, name) for part in parts), name
        assert getattr(whole, name) >= 0


@given(run=outcomes())
def test_drawdowns_are_ordered(run: Outcome) -> None:
    found = figures(run)
    assert found.daily_drawdown <= found.max_drawdown <= found.open_drawdown
    assert found.drawdown_days <= found.longest_drawdown_days <= found.days
    if found.daily_drawdown_part is not None and found.max_drawdown_part is not None:
        assert found.daily_drawdown_part <= found.max_drawdown_part


@given(run=outcomes())
def test_figures_survive_json_and_hold_no_inf_and_no_nan(run: Outcome) -> None:
    found = figures(run)
    text = json.dumps(found.as_json(), allow_nan=False)
    assert Figures.from_json(json.loads(text)) == found
    assert list(json.loads(text)) == list(DEFINITIONS)
    assert Decimal(found.as_json()["net"]) == to_decimal(found.net)


def test_figures_of_an_older_version_are_read_as_far_as_they_go() -> None:
    found = Figures.from_json({"net": "12.50", "trades": 3, "forgotten": 1})
    assert (found.net, found.trades, found.sharpe) == (to_units(Decimal("12.50")), 3, None)


def test_figures_are_the_same_every_time() -> None:
    run = outcome(seed=4)
    assert figures(run) == figures(run)
    assert figures(run, seed=2).mean_low != figures(run, seed=3).mean_low
