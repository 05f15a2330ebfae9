"""Streaks, hours, weekdays, costs, outliers: against small runs counted by hand."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from backtests.outcome import Outcome
from backtests.stress.costs import costs
from backtests.stress.ledger import Ledger
from backtests.stress.outliers import outliers
from backtests.stress.parts import day_of_week, time_of_day
from backtests.stress.streaks import full_stop, loss_streaks, steps_down
from engine.config import engine_config
from engine.instruments import instrument
from engine.money import to_units
from engine.names import Halt
from tests.backtests.outcomes import by_ticks, outcome, outcomes

TICK = Decimal("1.25")


@settings(max_examples=20, deadline=None)
@given(run=outcomes())
def test_groups_and_fees_add_up_to_the_run_and_everything_is_json(run: Outcome) -> None:
    ledger = Ledger.of(run)
    for answer in (
        time_of_day(ledger, paths=20, seed=1),
        day_of_week(ledger, paths=20, seed=1),
    ):
        assert sum(Decimal(group["net"]) for group in answer["groups"]) == Decimal(answer["total"])
        assert sum(group["trades"] for group in answer["groups"]) in (0, len(ledger.net))
        for group in answer["groups"]:
            assert Decimal(group["net"]) + Decimal(group["without"]) == Decimal(answer["total"])
            assert 0 < group["p"] <= group["adjusted"] <= 1
        json.dumps(answer, allow_nan=False)
    paid = costs(ledger)
    assert to_units(Decimal(paid["net"])) == ledger.total
    once = next(row for row in paid["table"] if row["times"] == "1")
    assert once["net"] == paid["net"]
    json.dumps([paid, outliers(ledger), loss_streaks(ledger, paths=20, seed=1)], allow_nan=False)


def named(answer: Any, name: str) -> Any:
    return next(group for group in answer["groups"] if group["name"] == name)


def test_one_weekday_that_carries_the_run_is_named_and_is_more_than_luck() -> None:
    start = date(2025, 3, 3)  # a Monday
    week = [[24, 24], [-4], [-4], [-4], [-4]]
    answer = day_of_week(Ledger.of(by_ticks(week * 6, start=start)), paths=2000, seed=1)
    assert answer["carried"]
    assert answer["best"] == "Monday"
    assert answer["concentration"] == 1.0
    assert Decimal(named(answer, "Monday")["without"]) == -4 * 4 * 6 * TICK
    assert named(answer, "Monday")["adjusted"] < 0.01
    assert answer["sentences"][0].startswith("Monday carries the run: without its 12 trades")


def test_weekdays_that_are_alike_are_called_luck() -> None:
    answer = day_of_week(Ledger.of(outcome(days=100, trades=400, seed=3)), paths=2000, seed=1)
    assert "leaving one out would fit luck" in answer["sentences"][-1]


def test_hours_are_new_yorks_at_the_entry() -> None:
    answer = time_of_day(Ledger.of(by_ticks([[8], [8]])), paths=10, seed=1)
    assert [group["name"] for group in answer["groups"]] == ["09:00"]


def test_the_p_value_of_a_group_is_that_of_all_permutations() -> None:
    """Of 4 days one made 30: the chance that a given day has it is 1 in 4, two-sided 1 in 2."""
    answer = day_of_week(
        Ledger.of(by_ticks([[24], [0], [0], [0]], start=date(2025, 3, 3))), paths=20_000, seed=1
    )
    assert named(answer, "Monday")["p"] == pytest.approx(0.5, abs=0.02)


def test_without_its_best_trades_and_days() -> None:
    answer = outliers(Ledger.of(by_ticks([[24, 10], [-16], [12], [-16, 8]])))
    assert [(row["removed"], Decimal(row["left"])) for row in answer["best_trades"]] == [
        (1, -2 * TICK), (3, -24 * TICK),
    ]  # fmt: skip
    assert [(row["removed"], Decimal(row["left"])) for row in answer["best_days"]] == [
        (1, -12 * TICK),
    ]  # fmt: skip


def test_the_deepest_drawdown_and_the_worst_stretch_are_found() -> None:
    answer = outliers(Ledger.of(by_ticks([[8, 8], [-16, 4], [-16, -16], [24], [24]])))
    deepest = answer["drawdown"]
    assert Decimal(deepest["amount"]) == 44 * TICK
    assert (deepest["trades"], deepest["losses"], deepest["recovery"]) == (4, 3, 2)
    assert deepest["first"] == "paper-20250103-001"
    worst = answer["stretches"][0]
    assert (worst["trades"], Decimal(worst["net"])) == (5, -36 * TICK)


def test_break_even_fees_are_the_gross_by_contract_and_side() -> None:
    answer = costs(Ledger.of(by_ticks([[8, 8]], fees=True, size=2)))
    assert Decimal(answer["gross"]) == 40
    assert answer["sides"] == 8
    assert answer["break_even_per_side"] == "5.00"
    assert answer["per_side"] == "0.62"
    assert answer["break_even_times"] == "8.06"
    times = {row["times"]: Decimal(row["net"]) for row in answer["table"]}
    assert times["0"] == 40
    assert times["3"] == 40 - 3 * 8 * Decimal("0.62")


def test_a_run_that_loses_before_fees_has_no_break_even() -> None:
    answer = costs(Ledger.of(by_ticks([[-8]], fees=True)))
    assert answer["break_even_per_side"] is None
    assert answer["break_even_times"] is None
    assert "no fees are low enough" in answer["sentences"][0]


def test_a_run_without_fees_says_so() -> None:
    assert "paid no fees" in costs(Ledger.of(by_ticks([[8]])))["sentences"][0]


def test_a_full_stop_costs_distance_slippage_and_fees() -> None:
    config = engine_config("MES")
    assert full_stop(config, instrument("MES"), 2) == to_units(
        2 * (18 * TICK + 2 * Decimal("0.62"))
    )


def test_a_streak_walks_down_tiers_and_names_the_limits_it_reaches() -> None:
    config = engine_config("MES")
    steps = steps_down(config, to_units(Decimal(3600)), to_units(Decimal(3600)), 30)
    assert (steps[0]["tier"], steps[0]["symbol"], steps[0]["lost"]) == ("ES 1", "ES", "229.50")
    assert steps[0]["tier_after"] == "MES 1-3"
    assert steps[0]["halts"] == [Halt.LOSS_LIMIT]  # the lower tier's limit counts from now on
    assert steps[1]["symbol"] == "MES"
    assert steps[-1]["halts"] == [Halt.LOSS_LIMIT]
    spent = steps_down(config, to_units(Decimal(60)), to_units(Decimal(1000)), 30)
    assert len(spent) == 3
    assert Decimal(spent[-1]["balance"]) <= 0
    assert Halt.MAX_DRAWDOWN in spent[-1]["halts"] or len(spent[-1]["halts"]) == 0


def test_losses_that_cluster_are_told_from_chance() -> None:
    clustered = Ledger.of(by_ticks([[-16] * 20 + [24] * 60]))
    answer = loss_streaks(clustered, paths=2000, seed=1)
    assert answer["observed"] == 20
    assert answer["ways"]["order"]["as_long"]["share"] < 0.01
    assert "closer together than chance" in answer["sentences"][1]
    assert sum(answer["ways"]["order"]["counts"].values()) == 2000


def test_days_after_a_halt_that_nobody_lifted_are_left_out() -> None:
    run = by_ticks([[8], [-8], [], []])
    halted = replace(
        run.days[1], halts=((run.days[1].trades[0].trade.exit_ts, "max_drawdown", ""),)
    )
    ledger = Ledger.of(replace(run, days=(run.days[0], halted, *run.days[2:])))
    assert ledger.days == (run.days[0].day, run.days[1].day)
    assert ledger.halted == (run.days[1].day, "max_drawdown")
    lifted = replace(run.days[2], lifted=((2**62, "max_drawdown", ""),))
    days = (run.days[0], halted, lifted, run.days[3])
    assert Ledger.of(replace(run, days=days)).halted is None
