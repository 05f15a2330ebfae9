"""Walk-forward folds: what is trained on never reaches what is tested on."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests.sweeps.errors import SweepError
from backtests.sweeps.folds import folds


def days(count: int) -> list[date]:
    return [date(2025, 1, 2) + timedelta(days=number) for number in range(count)]


def test_anchored_folds_of_thirteen_days() -> None:
    all_days = days(26)
    first, second = folds(all_days, 2, purge=1, embargo=2)
    assert first.train == tuple(all_days[:7])
    assert first.left_out == tuple(all_days[7:10])
    assert first.test == tuple(all_days[10:18])
    assert second.train == tuple(all_days[:15])
    assert second.test == tuple(all_days[18:])


def test_rolling_folds_forget_what_is_old() -> None:
    all_days = days(30)
    _, second = folds(all_days, 2, rolling=True)
    assert second.train == tuple(all_days[10:19])
    assert second.test == tuple(all_days[20:])


@given(st.integers(2, 9), st.integers(0, 200), st.booleans(), st.integers(1, 4), st.integers(0, 4))
def test_train_ends_before_the_gap_and_tests_are_one_stretch(
    count: int, more: int, rolling: bool, purge: int, embargo: int
) -> None:
    all_days = days((5 + purge + embargo) * (count + 1) + more)
    found = folds(all_days, count, rolling=rolling, purge=purge, embargo=embargo)
    tested = [day for fold in found for day in fold.test]
    assert tested == all_days[-len(tested) :]
    for fold in found:
        at = all_days.index(fold.test[0])
        assert len(fold.left_out) == purge + embargo
        assert fold.left_out == tuple(all_days[at - purge - embargo : at])
        assert len(fold.train) >= 5
        assert all_days.index(fold.train[-1]) == at - purge - embargo - 1
        if not rolling:
            assert fold.train[0] == all_days[0]


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (1, {}, "at least 2 folds"),
        (3, {"purge": 0}, "--purge 0: at least 1"),
        (3, {"embargo": -1}, "cannot be negative"),
        (5, {}, "take at least 36 days, or fewer folds"),
    ],
)
def test_folds_that_make_no_sense_are_refused(
    count: int, options: dict[str, int], message: str
) -> None:
    with pytest.raises(SweepError, match=message):
        folds(days(30), count, **options)
