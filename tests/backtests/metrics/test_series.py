"""Curves, drawdowns, windows, months and scatters of hand-made and random runs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from math import isclose, prod

import numpy as np
import pytest
from hypothesis import given

from backtests.metrics import Series, figures, ratios
from backtests.outcome import Outcome
from engine.money import to_units
from tests.backtests.outcomes import by_ticks, outcome, outcomes

TICK = 1_25000000  # of one MES, units
START = 10_000 * 100_000_000


def test_the_curve_by_trade_is_the_balance_after_each() -> None:
    curve = Series(by_ticks([[24, -16], [], [-16]])).by_trade
    assert curve.opening == START
    assert ((curve.balance - START) // TICK).tolist() == [24, 8, -8]
    assert (curve.drawdown // TICK).tolist() == [0, 16, 32]
    assert curve.drawdown_part.tolist() == [0, 16 / 8024, 32 / 8024]


def test_the_curve_by_day_has_every_day_run() -> None:
    curve = Series(by_ticks([[24, -16], [], [-16]])).by_day
    assert curve.at == (date(2025, 1, 2), date(2025, 1, 3), date(2025, 1, 6))
    assert ((curve.balance - START) // TICK).tolist() == [8, 8, -8]
    assert (curve.net // TICK).tolist() == [8, 0, -16]
    assert (curve.drawdown // TICK).tolist() == [0, 0, 16]


def test_drawdowns_say_when_they_began_were_deepest_and_ended() -> None:
    found = Series(by_ticks([[-1], [1], [24], [-8], [-8], [], [40], [-1]])).underwater
    assert [(u.high_on, u.first, u.deepest_on, u.back_on, u.days) for u in found] == [
        (None, date(2025, 1, 2), date(2025, 1, 2), date(2025, 1, 3), 1),
        (date(2025, 1, 6), date(2025, 1, 7), date(2025, 1, 8), date(2025, 1, 13), 3),
        (date(2025, 1, 13), date(2025, 1, 14), date(2025, 1, 14), None, 1),
    ]  # fmt: skip
    assert found[1].money == 16 * TICK
    assert found[1].part == 16 / 8024


@given(run=outcomes())
def test_series_agree_with_the_figures(run: Outcome) -> None:
    found, of = figures(run), Series(run)
    assert max((u.money for u in of.underwater), default=0) == found.daily_drawdown
    assert max((u.days for u in of.underwater), default=0) == found.longest_drawdown_days
    assert int(of.by_trade.drawdown.max(initial=0)) == found.max_drawdown
    assert of.by_day.balance[-1] == found.closing
    assert sum(count for _, count in of.r_distribution()) == found.trades
    assert sum(month.net for month in of.months) == sum(year.net for year in of.years) == found.net
    assert sum(month.days for month in of.months) == found.days
    assert sum(month.trades for month in of.months) == found.trades
    assert len(of.tiers) == found.tier_changes + 1


@given(run=outcomes())
def test_months_compound_to_the_return(run: Outcome) -> None:
    found, of = figures(run), Series(run)
    parts = [month.part for month in of.months]
    if found.total_return is not None and None not in parts:
        grown = prod(1 + (part or 0.0) for part in parts)
        assert isclose(grown, 1 + found.total_return, abs_tol=1e-9)


def test_months_and_years_of_a_run_over_new_year() -> None:
    of = Series(by_ticks([[8]] * 4, start=date(2024, 12, 30)))
    assert [(m.year, m.month, m.days, m.net // TICK) for m in of.months] == [
        (2024, 12, 2, 16),
        (2025, 1, 2, 16),
    ]
    assert [(y.year, y.month, y.net // TICK) for y in of.years] == [(2024, 0, 16), (2025, 0, 16)]
    assert of.months[1].part == 16 / 8016


def test_a_rolling_sharpe_is_that_of_its_window() -> None:
    of = Series(outcome(days=40, trades=200, limits=False))
    returns = of.columns.returns
    assert returns is not None
    rolled = of.rolling_sharpe(10)
    assert len(rolled) == 31
    assert rolled[5] == pytest.approx(ratios.sharpe(returns[5:15]))
    assert of.rolling_sharpe(41).size == 0
    assert np.isnan(Series(by_ticks([[]] * 5)).rolling_sharpe(3)).all()


def test_a_rolling_expectancy_is_that_of_its_window() -> None:
    of = Series(by_ticks([[24, -16, 8], [1]]))
    assert (of.rolling_expectancy(2) / TICK).tolist() == [4, -4, 4.5]
    assert of.rolling_expectancy(5).size == 0


def test_excursions_are_in_ticks_money_and_r() -> None:
    run = by_ticks([[24]], size=2)
    done = replace(run.trades[0], trade=replace(run.trades[0].trade, mae=8, mfe=30))
    found = Series(replace(run, days=(replace(run.days[0], trades=(done,)),))).excursions
    assert (found.mae_money.item(), found.mfe_money.item()) == (16 * TICK, 60 * TICK)
    assert (found.mae_r.item(), found.mfe_r.item(), found.net_r.item()) == (0.5, 1.875, 1.5)


def test_the_distribution_of_r_counts_each_step_from_the_worst_to_the_best() -> None:
    of = Series(by_ticks([[-16, -16, -8, 0, 8]]))
    assert of.r_distribution(0.5) == [(-1.0, 2), (-0.5, 1), (0.0, 1), (0.5, 1)]
    assert Series(by_ticks([[]])).r_distribution() == []


def test_tiers_step_with_the_balance_of_the_trade_that_moved_them() -> None:
    run = outcome(days=100, trades=400, seed=1, edge=0.1, balance=3000)
    first, *later = Series(run).tiers
    assert (first.ts, first.tier, first.balance) == (None, "MES 1-3", to_units(Decimal(3000)))
    assert later
    low = {tier.name: tier.min_balance_units for tier in run.plan.config.risk.tiers}
    for step in later:
        assert step.balance >= low[step.tier]
        assert all(step.balance < at for at in low.values() if at > low[step.tier])


def test_no_days_have_empty_series() -> None:
    of = Series(replace(by_ticks([[]]), days=()))
    assert (of.days, of.months, of.years, of.tiers, of.underwater) == ((), (), (), (), ())
    assert len(of.by_day.balance) == len(of.by_trade.balance) == 0
