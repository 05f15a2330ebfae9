"""What chance explains: p-values against scipy, their adjustment, the bootstrap's interval."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from backtests.metrics.chance import holm, interval_of_mean, student_p, t_statistic


@given(t=st.floats(1e-3, 60), sign=st.sampled_from([1, -1]), freedom=st.integers(1, 5000))
def test_the_p_value_is_student_ts(t: float, sign: int, freedom: int) -> None:
    found = student_p(sign * t, freedom)
    assert found == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-9, abs=1e-14)


@example(t=1e-8)
@example(t=0.0)
@given(t=st.floats(0, 1e6))
def test_the_p_value_is_exact_where_a_formula_gives_it_however_small_the_statistic(
    t: float,
) -> None:
    assert student_p(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(t), rel=1e-12, abs=1e-12)
    assert student_p(t, 2) == pytest.approx(1 - t / math.hypot(math.sqrt(2), t), abs=1e-12)


@given(values=st.lists(st.integers(-1000, 1000), min_size=2, max_size=60))
def test_the_t_statistic_is_scipys(values: list[int]) -> None:
    array = np.array(values, dtype=np.float64)
    found = t_statistic(array)
    if found is None:
        assert len(set(values)) == 1
    else:
        assert found == pytest.approx(stats.ttest_1samp(array, 0).statistic, rel=1e-9, abs=1e-12)


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([None, 0.9, 0.6]) == [None, 1.0, 1.0]
    assert holm([]) == []


@given(chances=st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_never_makes_a_chance_smaller(chances: list[float]) -> None:
    adjusted = holm(chances)
    for before, after in zip(chances, adjusted, strict=True):
        assert after is not None
        assert before <= after <= 1
    ranked = [adjusted[place] for place in np.argsort(chances)]
    assert ranked == sorted(ranked)


def test_an_interval_needs_two_days_and_is_the_same_for_the_same_seed() -> None:
    sums, counts = np.array([100, -50, 25]), np.array([2, 1, 1])
    assert interval_of_mean(sums[:1], counts[:1], seed=1) is None
    assert interval_of_mean(sums, counts, seed=1) == interval_of_mean(sums, counts, seed=1)
    assert interval_of_mean(sums, counts, seed=1, resamples=10) != interval_of_mean(
        sums, counts, seed=2, resamples=10
    )


def test_95_of_100_intervals_hold_the_true_mean_though_trades_of_a_day_are_alike() -> None:
    chance = np.random.default_rng(11)
    held = 0
    for round_ in range(400):
        counts = chance.integers(1, 8, 120)
        sums = counts * chance.normal(3, 40, 120) + chance.normal(0, 30, 120)
        ends = interval_of_mean(np.rint(sums).astype(np.int64), counts, seed=round_, resamples=400)
        assert ends is not None
        held += ends[0] <= 3 <= ends[1]
    assert 360 <= held <= 392


def test_many_days_are_drawn_in_parts_that_add_up() -> None:
    days = 300_000  # more than three resamples of it are never held at once
    ends = interval_of_mean(
        np.full(days, 6, dtype=np.int64), np.full(days, 2, dtype=np.int64), seed=1, resamples=7
    )
    assert ends == (3.0, 3.0)
