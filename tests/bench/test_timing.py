"""Turns, ratios and percentiles, on made-up timings."""

import gc

import pytest

from bench.timing import in_turns, million_a_second, percentiles, quartiles, ratios


def test_works_take_turns_and_the_first_round_does_not_count() -> None:
    calls = []
    times = in_turns([lambda: calls.append("a"), lambda: calls.append("b")], rounds=3)
    assert calls == ["a", "b"] * 4
    assert [len(each) for each in times] == [3, 3]


def test_the_collector_is_off_meanwhile_and_on_again_when_a_work_fails() -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise ValueError

    with pytest.raises(ValueError):
        in_turns([fail], 1)
    assert gc.isenabled()


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([2.0, 9.0, 4.0], [1.0, 3.0, 8.0]) == [2.0, 3.0, 0.5]


def test_quartiles_hold_the_middle_half() -> None:
    assert quartiles([5.0, 1.0, 3.0, 2.0, 4.0]) == (2.0, 4.0)


def test_percentiles_are_in_microseconds_between_the_two_nearest_values() -> None:
    assert percentiles([1000 * k for k in range(1001)]) == pytest.approx((500, 990, 999))
    assert percentiles([1000, 2000]) == pytest.approx((1.5, 1.99, 1.999))


def test_the_rate_is_that_of_the_median_time() -> None:
    assert million_a_second(3_000_000, [0.5, 9.0, 1.0]) == 3.0
