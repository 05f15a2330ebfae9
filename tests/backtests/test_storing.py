"""Outcomes as rows, and back."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtests import storing
from backtests.models import Backtest, BacktestDay, BacktestTrade
from backtests.outcome import Outcome
from tests.backtests.outcomes import outcome, outcomes

pytestmark = pytest.mark.django_db

in_one_database = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def created(of: Outcome) -> Backtest:
    return storing.create(of.plan, asked_from=Backtest.Asked.COMMAND)


@in_one_database
@given(outcomes(max_days=12, max_trades=40), st.booleans())
def test_what_is_loaded_is_what_was_stored(run: Outcome, stopped: bool) -> None:
    run = replace(run, stopped=stopped)
    row = created(run)
    storing.finish(row, run)
    assert storing.load(Backtest.objects.get(pk=row.pk)) == run


def test_days_may_be_stored_as_they_are_done_and_again() -> None:
    run = outcome(days=6, trades=30, seed=3)
    row = created(run)
    for day in (*run.days[:4], run.days[2]):
        storing.store_day(row, day)
    assert storing.load(row).days == run.days[:4]
    assert storing.load(row).stopped
    storing.finish(row, run)
    storing.finish(row, run)
    assert storing.load(row) == run
    assert BacktestDay.objects.filter(backtest=row).count() == 6
    assert BacktestTrade.objects.filter(backtest=row).count() == len(run.trades)


def test_runs_do_not_meet() -> None:
    one, other = outcome(days=4, seed=1), outcome(days=4, seed=2)
    rows = [created(one), created(other)]
    for row, run in zip(rows, (one, other), strict=True):
        storing.finish(row, run)
    storing.store_day(rows[0], one.days[0])
    assert [storing.load(row) for row in rows] == [one, other]


def test_a_row_says_what_is_asked_and_what_came_of_it() -> None:
    run = outcome(days=5, trades=20, seed=9, missing=2)
    row = storing.create(run.plan, asked_from=Backtest.Asked.COMMAND, note="mine", workers=2)
    assert (row.status, row.note, row.workers, row.days_asked) == ("waiting", "mine", 2, 5)
    assert (row.first, row.last) == (run.plan.days[0], run.plan.days[-1])
    storing.finish(row, run)
    row.refresh_from_db()
    assert (row.status, row.days_done, row.ticks) == ("done", 5, run.ticks)
    assert row.net == row.closing - row.opening
    assert row.synthetic
    assert row.finished_at is not None


def test_a_failed_run_keeps_its_days_and_says_why() -> None:
    run = outcome(days=3, seed=4)
    row = created(run)
    storing.store_day(row, run.days[0])
    storing.fail(row, ValueError("the disk\nis gone"))
    row.refresh_from_db()
    assert (row.status, row.error) == ("failed", "the disk is gone")
    assert storing.load(row).days == run.days[:1]


def test_a_run_without_a_finished_day_is_kept_too() -> None:
    run = outcome(days=3, seed=4)
    row = created(run)
    none = replace(run, days=(), stopped=True)
    storing.finish(row, none)
    row.refresh_from_db()
    assert (row.status, row.net) == ("stopped", 0)
    assert storing.load(row) == none
