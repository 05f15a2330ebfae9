"""Slippage and latency by re-runs, or estimated where there are no ticks."""

from dataclasses import replace
from decimal import Decimal

import pytest

from backtests.errors import NoTicks
from backtests.outcome import Outcome
from backtests.plan import Plan
from backtests.stress.errors import StressError
from backtests.stress.reruns import latency, slippage
from tests.backtests.outcomes import by_ticks

RUN = by_ticks([[24, -16], [24], [24, -16], [24]], size=2)


def worse(plan: Plan) -> Outcome:
    """A re-run whose winning trades end a tick earlier for each tick of slippage."""
    less = plan.config.fills.slippage_ticks - 1
    days = [[done.trade.pnl_gross // 250_000_000 - less for done in day.trades] for day in RUN.days]
    return replace(by_ticks(days, size=2), plan=plan)


def gone(plan: Plan) -> Outcome:
    raise NoTicks("ES: the tick store has no day of it")


def test_slippage_is_exact_where_the_run_can_be_made_again() -> None:
    answer = slippage(RUN, worse, ticks=3)
    assert answer["method"] == "exact"
    assert answer["as_stored"]
    assert [row["ticks"] for row in answer["rows"]] == [1, 2, 3, 4]
    assert [Decimal(row["net"]) for row in answer["rows"]] == [160, 145, 130, 115]
    assert answer["break_even"] is None
    assert [row["trades"] for row in answer["rows"]] == [6, 6, 6, 6]


def test_break_even_lies_between_the_two_runs_around_nothing() -> None:
    assert slippage(RUN, worse, ticks=12)["break_even"] == "10.67"


def test_without_ticks_slippage_is_estimated_and_labelled_so() -> None:
    answer = slippage(RUN, gone, ticks=2)
    assert answer["method"] == "linear"
    assert answer["why_linear"] == "ES: the tick store has no day of it"
    # four targets slip once, two stops twice, two lots each, 1.25 a tick
    assert answer["per_tick"] == "20.00"
    assert [Decimal(row["net"]) for row in answer["rows"]] == [160, 140, 120]
    assert answer["break_even"] == "8.00"
    assert "Estimated from the run's own trades" in answer["sentences"][0]


def test_a_run_that_is_another_now_is_said_to_be() -> None:
    answer = slippage(replace(RUN, days=RUN.days[:3]), worse, ticks=1)
    assert not answer["as_stored"]
    assert "have changed since the run was made" in answer["sentences"][0]


def test_orders_come_later_by_re_runs_alone() -> None:
    asked = []

    def noted(plan: Plan) -> Outcome:
        asked.append(plan.config.fills.latency_ms)
        return worse(plan)

    answer = latency(RUN, noted)
    assert asked == [50, 100, 200]
    assert [row["ms"] for row in answer["rows"]] == [50, 100, 200]
    assert answer["rows"][0]["net"] == "160.00"
    none = latency(RUN, None)
    assert none["rows"] == []
    assert none["sentences"] == [
        "Later orders need the run's ticks: it was asked for without the ticks."
    ]


def test_fills_without_latency_are_delayed_by_milliseconds() -> None:
    config = RUN.plan.config
    ideal = replace(config, fills=replace(config.fills, latency_ms=0))
    found = latency(replace(RUN, plan=replace(RUN.plan, config=ideal)), worse)
    assert [row["ms"] for row in found["rows"]] == [0, 50, 100, 200]


def test_a_run_that_was_stopped_is_made_again_for_its_own_days() -> None:
    asked: list[int] = []

    def noted(plan: Plan) -> Outcome:
        asked.append(len(plan.days))
        return RUN

    slippage(replace(RUN, days=RUN.days[:2], stopped=True), noted, ticks=1)
    assert asked == [2, 2]


def test_a_rerun_that_was_stopped_counts_for_nothing() -> None:
    answer = slippage(RUN, lambda plan: replace(RUN, days=RUN.days[:3], stopped=True), ticks=1)
    assert answer["method"] == "linear"
    assert answer["why_linear"] == "the re-run was stopped after 3 of 4 days"


@pytest.mark.parametrize("ticks", [0, -1, 21])
def test_ticks_out_of_range_are_refused(ticks: int) -> None:
    with pytest.raises(StressError, match=f"additional ticks are {ticks}; they must be 1 to 20"):
        slippage(RUN, None, ticks=ticks)
