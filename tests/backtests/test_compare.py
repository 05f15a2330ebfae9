"""Two runs side by side: rows, what differs, what is warned of, and what is said of chance."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from backtests.compare import compare
from backtests.metrics import DEFINITIONS, figures
from backtests.outcome import Outcome
from engine.config import fill_profile
from tests.backtests.outcomes import by_ticks, outcome, outcomes

FAST = 200


def with_risk(run: Outcome, **values: object) -> Outcome:
    config = run.plan.config
    rules = replace(config.risk, **values)  # type: ignore[arg-type]
    return replace(run, plan=replace(run.plan, config=replace(config, risk=rules)))


A = outcome(days=60, trades=200, seed=1)
B = outcome(days=60, trades=200, seed=1, edge=0.1)


def test_every_figure_is_there_with_its_difference() -> None:
    found = compare(A, B, seed=1, resamples=FAST)
    first, second = figures(A), figures(B)
    assert [row.name for row in found.rows] == list(DEFINITIONS)
    for row in found.rows:
        assert (row.a, row.b) == (first[row.name], second[row.name])
        if isinstance(row.difference, int) and isinstance(row.a, int):
            assert row.a + row.difference == row.b


def test_better_is_more_of_a_gain_and_less_of_a_loss() -> None:
    rows = {
        row.name: row
        for row in compare(by_ticks([[8, -16]]), by_ticks([[24, -1]]), seed=1, resamples=FAST).rows
    }
    assert (rows["net"].better, rows["net"].difference_text) == (1, "+38.75")
    assert (rows["max_drawdown"].better, rows["max_drawdown"].difference_text) == (1, "−18.75")
    assert (rows["trades"].better, rows["trades"].difference_text) == (0, "0")
    assert (rows["verdict"].better, rows["verdict"].difference_text) == (0, "–")


@given(run=outcomes(max_days=20, max_trades=40))
def test_a_run_differs_in_nothing_from_itself(run: Outcome) -> None:
    found = compare(run, run, seed=1, resamples=20)
    assert not any(row.difference for row in found.rows)
    assert not found.settings
    assert not any(test.shown for test in found.tests)
    assert found.tests[0].sentence == "A and B made the same a day."
    assert all("common day" in warning for warning in found.warnings)


@given(run=outcomes(max_days=15, max_trades=30), other=outcomes(max_days=15, max_trades=30))
def test_the_other_way_round_every_difference_has_the_other_sign(
    run: Outcome, other: Outcome
) -> None:
    there, back = (compare(*pair, seed=1, resamples=20) for pair in ((run, other), (other, run)))
    for row, its in zip(there.rows, back.rows, strict=True):
        assert row.better == -its.better
        assert (row.difference is None) == (its.difference is None)
        assert (row.difference or 0) == -(its.difference or 0)
    for test, its_test in zip(there.tests, back.tests, strict=True):
        assert test.p_value == its_test.p_value
    json.dumps(there.as_json(), allow_nan=False)


def test_a_difference_beyond_chance_is_called_one() -> None:
    a = by_ticks([[8, -16], [4], [-8, 16]] * 20)
    b = by_ticks([[16, -8], [8], [-4, 24]] * 20)
    mean, sharpe, _ = compare(a, b, seed=1).tests
    assert mean.shown
    assert sharpe.shown
    assert mean.difference == round((16 + 4 + 12) / 3 * 1.25 * 10**8)
    assert mean.sentence.startswith("B made 13.33 a day more; in under 0.1 % of 10,000 resampled")
    assert "more than chance explains (95 % interval 1" in mean.sentence


def test_a_difference_that_chance_explains_is_not() -> None:
    a = by_ticks([[24], [-16], [8], [-16]] * 15)
    b = by_ticks([[-16], [24], [-16], [9]] * 15)
    mean = compare(a, b, seed=1).tests[0]
    assert not mean.shown
    assert mean.p_value is not None
    assert mean.p_value > 0.5
    assert mean.sentence.endswith("resampled histories it did not: no difference shown.")


def test_of_few_days_nothing_is_shown_however_different_they_are() -> None:
    found = compare(by_ticks([[-16]] * 29), by_ticks([[24]] * 29), seed=1)
    assert not any(test.shown for test in found.tests)
    assert "29 common days are too few to tell" in found.tests[0].sentence
    assert "29 common days: under 30, too few to tell." in found.warnings


def test_tests_are_of_the_days_that_both_ran_and_figures_of_each_runs_own() -> None:
    a = by_ticks([[8]] * 40)
    b = replace(a, days=a.days[5:])
    found = compare(a, b, seed=1, resamples=FAST)
    assert (found.days, found.only_a, found.only_b) == (35, 5, 0)
    assert found.tests[0].difference == 0
    assert found.rows[0].name == "opening"
    assert found.rows[0].difference == 5 * 8 * 125_000_000
    assert any("A ran 40 days, B 35; both ran 35." in text for text in found.warnings)


def test_without_common_days_nothing_is_tested() -> None:
    a = by_ticks([[8]] * 4)
    found = compare(replace(a, days=a.days[:2]), replace(a, days=a.days[2:]), seed=1)
    assert (found.days, found.tests) == (0, ())


def test_a_sharpe_ratio_that_one_lacks_is_not_compared() -> None:
    found = compare(by_ticks([[]] * 30), by_ticks([[8], [-8]] * 15), seed=1, resamples=FAST)
    sharpe = found.tests[1]
    assert (sharpe.a, sharpe.difference, sharpe.p_value) == (None, None, None)
    assert "not compared" in sharpe.sentence


def test_settings_that_differ_are_named() -> None:
    found = compare(A, with_risk(A, stop_ticks=12), seed=1, resamples=FAST)
    assert list(map(str, found.settings)) == ["MES risk.stop_ticks: 16 -> 12"]
    around = replace(A, plan=replace(A.plan, session="all"))
    assert list(map(str, compare(A, around, seed=1, resamples=FAST).settings)) == [
        "MES session: rth -> all"
    ]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(A, code="newer"), "different versions of the code: A test, B newer."),
        (replace(A, data_digest="else"), "The ticks are not the same"),
        (replace(A, stopped=True), "B was stopped before its last day."),
        (
            replace(A, days=(replace(A.days[0], ticks=1), *A.days[1:])),
            "On 1 common day the ticks differ",
        ),
        (
            replace(A, days=tuple(replace(day, synthetic=False) for day in A.days)),
            "The market of A is simulated, the other's is not.",
        ),
        (
            replace(A, days=tuple(replace(day, inferred=True) for day in A.days)),
            "Aggressor sides of B are inferred, the other's are not.",
        ),
        (
            replace(A, plan=replace(
                A.plan, config=replace(A.plan.config, fills=fill_profile("ideal")))),
            "Fills are assumed otherwise (A honest, B ideal)",
        ),
        (outcome(days=60, trades=200, seed=1, balance=5000), "began with different balances"),
        (outcome(days=60, trades=200, seed=1, symbol="NQ"), "A is of MES, B of NQ"),
    ],
)  # fmt: skip
def test_what_makes_runs_hard_to_compare_is_warned_of(other: Outcome, words: str) -> None:
    found = compare(A, other, seed=1, resamples=FAST)
    assert any(words in warning for warning in found.warnings), found.warnings


def test_runs_of_the_same_days_ticks_and_code_have_no_warning() -> None:
    assert compare(A, B, seed=1, resamples=FAST).warnings == ()


def test_how_it_was_tested_is_said() -> None:
    assert "in stretches of 4 days on average" in compare(A, B, seed=9, resamples=FAST).method
    alone = compare(A, B, seed=9, resamples=FAST, block=1).method
    assert alone.startswith("60 common days, drawn with replacement 200 times")
    assert "each on its own; seed 9" in alone


def test_the_same_seed_gives_the_same_comparison() -> None:
    one, same, other = (compare(A, B, seed=seed, resamples=FAST) for seed in (1, 1, 2))
    assert one == same
    assert one.tests != other.tests
