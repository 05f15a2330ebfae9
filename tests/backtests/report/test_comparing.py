"""The report of two runs says what differs, and what of it chance explains."""

from dataclasses import replace

import pytest

from backtests.compare import compare
from backtests.metrics import DEFINITIONS, Series
from backtests.outcome import Outcome
from backtests.report import comparison
from backtests.report.side_by_side import compared
from tests.backtests.outcomes import by_ticks, outcome
from tests.backtests.report.runs import HOSTILE, hostile, ideal, no_days, stopped, year
from tests.backtests.report.test_plots import validated
from tests.backtests.report.test_report import Page


def page(a: Outcome, b: Outcome) -> Page:
    return Page(comparison(a, b, compare(a, b, seed=1, resamples=200)))


def test_both_runs_are_named_with_what_they_were_made_of() -> None:
    a, b = year(), outcome(days=60, trades=300, seed=9)
    text = page(a, b).text
    for run in (a, b):
        assert run.plan.config.digest in text
        assert run.data_digest[:16] in text


def test_every_figure_of_both_stands_there_with_its_difference() -> None:
    a, b = by_ticks([[24, -16]] * 40), by_ticks([[24, -16, 24]] * 40)
    found = page(a, b)
    for of in DEFINITIONS.values():
        assert of.label in found.text
    assert "+1,200.00" in found.text  # what B made more
    assert compare(a, b, seed=1, resamples=200).tests[0].sentence in found.text


def test_a_setting_that_differs_is_shown_and_equal_runs_say_so() -> None:
    a = by_ticks([[24, -16]])
    config = a.plan.config.override({"risk.stop_ticks": "12"})
    b = replace(a, plan=replace(a.plan, config=config))
    assert "risk.stop_ticks" in page(a, b).text
    assert "both were asked the same" in page(a, a).text


def test_what_is_said_of_one_run_alone_says_of_which() -> None:
    text = page(by_ticks([[24, -16]]), ideal()).text
    assert "B: IDEAL fills" in text
    assert "A: IDEAL fills" not in text


@pytest.mark.parametrize(
    ("a", "b"),
    [(year, no_days), (no_days, no_days), (stopped, year), (hostile, hostile)],
    ids=["none of B", "none at all", "stopped", "hostile"],
)
def test_any_two_runs_can_be_compared(a, b) -> None:
    first, second = a(), b()
    found = page(first, second)
    validated(compared(Series(first), Series(second)))
    assert HOSTILE not in str(found.elements)
    assert found.all("img") == []
