"""What a sweep keeps of a backtest."""

import json

import pytest
from hypothesis import given

from backtests.metrics import figures
from backtests.outcome import Outcome
from backtests.sweeps.ran import OBJECTIVES, Ran, ran
from engine.money import UNITS
from tests.backtests.outcomes import outcome, outcomes


@given(outcomes())
def test_the_objectives_are_the_figures_of_the_same_names(given: Outcome) -> None:
    found, whole = ran(given), figures(given)
    assert tuple(found.scores) == OBJECTIVES
    if all(day.opening > 0 for day in given.days):
        assert found.scores["sharpe"] == pytest.approx(whole.sharpe)
        assert found.scores["calmar"] == pytest.approx(whole.calmar)
    assert found.scores["net"] == pytest.approx(whole.net / UNITS)
    mean = whole.expectancy
    assert found.scores["expectancy"] == (mean if mean is None else pytest.approx(mean / UNITS))
    assert (found.trades, found.wins) == (whole.trades, whole.wins)


@given(outcomes())
def test_it_is_read_back_to_the_last_unit(given: Outcome) -> None:
    found = ran(given)
    assert Ran.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found


def test_days_and_balances_are_the_outcomes() -> None:
    given = outcome(days=30, trades=90, seed=4)
    found = ran(given)
    assert found.closing == given.closing
    assert found.net == given.closing - given.opening
    assert len(found.returns) == 30
