"""Sharpe ratios against luck: the papers' own examples, scipy, and trials without any skill."""

import math

import numpy as np
import pytest

from backtests.sweeps.luck import (
    Moments,
    deflated,
    expected_best,
    independent_trials,
    least_track_record,
    luck,
    moments,
    probabilistic,
)

YEAR = 250
BEST = Moments(1250, 2.5 / math.sqrt(YEAR), skew=-3, kurtosis=10)
"""Bailey and Lopez de Prado 2014, "A numerical example": 2.5 a year over five years of days."""
VARIANCE = 0.5 / YEAR


def test_expected_best_of_the_papers_hundred_trials() -> None:
    assert expected_best(VARIANCE, 100) == pytest.approx(0.1132, abs=5e-5)


def test_deflated_sharpe_of_the_papers_example() -> None:
    assert deflated(BEST, VARIANCE, 100) == pytest.approx(0.9004, abs=5e-5)


def test_fewer_trials_are_what_the_papers_investor_would_have_believed() -> None:
    assert deflated(BEST, VARIANCE, 46) == pytest.approx(0.9505, abs=5e-5)
    normal = Moments(BEST.count, BEST.sharpe)
    assert deflated(normal, VARIANCE, 88) == pytest.approx(0.9505, abs=5e-5)


def test_expected_best_of_ten_and_of_45_over_five_years() -> None:
    """Bailey, Borwein, Lopez de Prado, Zhu 2014 (Pseudo-Mathematics and Financial Charlatanism):
    1.57 for 10 trials of a year; 45 are enough for 1 in five years."""
    assert expected_best(1, 10) == pytest.approx(1.57, abs=0.01)
    assert expected_best(1 / 5, 45) == pytest.approx(1, abs=0.001)


@pytest.mark.parametrize(("skew", "kurtosis", "expected"), [(0, 3, 0.982), (-2.448, 10.164, 0.913)])
def test_probabilistic_sharpe_of_the_papers_two_year_fund(
    skew: float, kurtosis: float, expected: float
) -> None:
    """The Sharpe Ratio Efficient Frontier: 24 months at 0.458 a month."""
    assert probabilistic(Moments(24, 0.458, skew, kurtosis)) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(
    ("periods", "skew", "kurtosis", "years"),
    [(252, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_least_track_record_of_the_papers_examples(
    periods: int, skew: float, kurtosis: float, years: float
) -> None:
    """A ratio of 2 a year to be above 1: days, weeks, months, and months of hedge funds."""
    of = Moments(1000, 2 / math.sqrt(periods), skew, kurtosis)
    found = least_track_record(of, 1 / math.sqrt(periods))
    assert found is not None
    assert found / periods == pytest.approx(years, abs=0.005)


def test_a_track_record_of_the_least_length_is_just_sure() -> None:
    of = Moments(10, 0.15, -1, 6)
    least = least_track_record(of, 0.05)
    assert least is not None
    grown = Moments(round(least * 1000), of.sharpe, of.skew, of.kurtosis)
    assert probabilistic(Moments(math.ceil(least), 0.15, -1, 6), 0.05) >= 0.95
    assert probabilistic(Moments(math.floor(least), 0.15, -1, 6), 0.05) < 0.95
    assert probabilistic(grown, 0.05) > 0.999


def test_nothing_lasts_long_enough_to_prove_a_ratio_that_is_not_there() -> None:
    assert least_track_record(Moments(100, 0.1), 0.1) is None


def test_moments_are_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.random.default_rng(3).gamma(2, size=400) - 1.8
    found = moments(values)
    assert found is not None
    assert found.skew == pytest.approx(stats.skew(values))
    assert found.kurtosis == pytest.approx(stats.kurtosis(values, fisher=False))
    assert found.sharpe == pytest.approx(values.mean() / values.std(ddof=1))


def test_probability_is_the_integral_of_the_normal_density() -> None:
    """Against quadrature, not against another closed form."""
    of = Moments(300, 0.12, -0.8, 7)
    z = (of.sharpe - 0.03) * math.sqrt(299) / math.sqrt(1 + 0.8 * 0.12 + 6 / 4 * 0.12**2)
    grid = np.linspace(-12, z, 400_001)
    area = np.trapezoid(np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi), grid)
    assert probabilistic(of, 0.03) == pytest.approx(float(area), abs=1e-9)


def test_expected_best_is_what_the_best_of_random_trials_shows() -> None:
    rng = np.random.default_rng(5)
    for trials in (10, 50, 200):
        shown = rng.normal(0, 0.3, (20_000, trials)).max(axis=1).mean()
        assert expected_best(0.09, trials) == pytest.approx(shown, rel=0.02)


def test_one_trial_needs_no_deflation() -> None:
    assert expected_best(0.5, 1) == 0
    assert deflated(BEST, 0.0, 1) == probabilistic(BEST)


def test_copies_of_one_trial_are_one_trial() -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=(500, 1))
    assert independent_trials(np.repeat(one, 30, axis=1)) == pytest.approx(1)
    assert independent_trials(rng.normal(size=(5000, 30))) == pytest.approx(30, rel=0.05)


def test_the_best_of_unskilled_trials_is_rarely_called_skill() -> None:
    """The rate of false positives at 0.95 stays about 1 in 20; without deflation nearly all best
    ones of 50 would be believed."""
    rng = np.random.default_rng(11)
    runs, trials, days = 1_000, 50, 250
    believed = fooled = 0
    for _ in range(runs):
        series = rng.standard_t(5, (days, trials)) * 0.01
        ratios = series.mean(axis=0) / series.std(axis=0, ddof=1)
        best = moments(series[:, ratios.argmax()])
        assert best is not None
        believed += deflated(best, float(ratios.var(ddof=1)), trials) >= 0.95
        fooled += probabilistic(best) >= 0.95
    assert believed / runs < 0.07
    assert fooled / runs > 0.9


def test_a_skilled_trial_among_unskilled_ones_is_found() -> None:
    rng = np.random.default_rng(12)
    series = rng.normal(0, 0.01, (500, 40))
    series[:, 7] += 0.003
    found = luck(series[:, 7], series)
    assert found.warning == ""
    assert found.trials == 40
    assert found.deflated is not None
    assert found.deflated > 0.99


def test_luck_is_called_luck_with_both_figures() -> None:
    rng = np.random.default_rng(13)
    series = rng.normal(0, 0.01, (120, 60))
    best = series[:, (series.mean(axis=0) / series.std(axis=0)).argmax()]
    found = luck(best, series)
    assert "luck" in found.warning
    assert "60 points" in found.warning
    assert f"{found.deflated:.3f}" in found.warning


def test_few_days_are_said_to_be_few() -> None:
    series = np.random.default_rng(1).normal(1, 0.1, (8, 5))
    assert "too few" in luck(series[:, 0], series).warning


def test_a_best_without_a_trade_shows_nothing() -> None:
    series = np.zeros((60, 3))
    found = luck(series[:, 0], series)
    assert found.sharpe is None
    assert "nothing" in found.warning


def test_moments_of_what_does_not_vary_are_none() -> None:
    assert moments([0.1]) is None
    assert moments([0.1] * 50) is None
