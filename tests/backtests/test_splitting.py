"""Runs are split so that workers end together."""

from hypothesis import given
from hypothesis import strategies as st

from backtests.splitting import ROUNDS, stretches


@given(st.integers(1, 600), st.integers(1, 16), st.integers(1, 60))
def test_stretches_cover_every_day_once_and_differ_by_a_day_at_most(days, workers, longest):
    found = stretches(days, workers, longest)
    covered = [day for first, last in found for day in range(first, last)]
    assert covered == list(range(days))
    lengths = {last - first for first, last in found}
    assert max(lengths) - min(lengths) <= 1
    assert max(lengths) <= longest
    assert len(found) % workers == 0 or len(found) == days


def test_a_year_is_parts_of_a_month():
    found = stretches(198, 2, 21)
    assert {last - first for first, last in found} == {19, 20}


def test_a_few_weeks_give_each_worker_two_parts():
    assert len(stretches(24, 2, 21)) == ROUNDS * 2


def test_no_days_are_no_parts():
    assert stretches(0, 2, 21) == []
