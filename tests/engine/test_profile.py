"""POC and value area: ties, edges, and the property that defines them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.profile import point_of_control, value_area

volumes = st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any)


def poc_of(*total: int) -> int:
    return int(point_of_control(np.array(total, np.int64)))


def area_of(*total: int) -> tuple[int, int]:
    array = np.array(total, np.int64)
    low, high = value_area(array, point_of_control(array))
    return int(low), int(high)


@pytest.mark.parametrize(
    ("total", "poc"),
    [
        ((7,), 0),
        ((1, 5, 2), 1),
        ((5, 1, 5, 1), 2),  # the middle is 1.5: index 2 is nearer than 0
        ((5, 1, 1, 5), 0),  # equally near: the lower
        ((1, 5, 5, 1), 1),
        ((5, 5, 5), 1),
        ((9, 1, 1, 1, 5), 0),  # volume comes first
        ((0, 0, 3), 2),
    ],
)
def test_point_of_control(total: tuple[int, ...], poc: int) -> None:
    assert poc_of(*total) == poc


@pytest.mark.parametrize(
    ("total", "area"),
    [
        ((10,), (0, 0)),
        ((70, 30), (0, 0)),  # exactly 70 %
        ((69, 31), (0, 1)),
        ((30, 70), (1, 1)),
        ((10, 10, 40, 10, 10), (2, 4)),  # on a tie the upper pair, whole
        ((10, 11, 40, 10, 10), (0, 2)),
        ((1, 1, 60, 20, 20, 30), (2, 4)),
        ((50, 1, 1, 1, 46), (0, 4)),  # at the lower edge only upwards
        ((46, 1, 1, 1, 50), (0, 4)),
        ((0, 50, 0, 0, 50, 0), (1, 5)),  # pairs reach past levels without trades
        ((10, 10, 10, 50, 10), (1, 3)),  # nothing beyond the range: 10 against 20 below
    ],
)
def test_value_area(total: tuple[int, ...], area: tuple[int, int]) -> None:
    assert area_of(*total) == area


@given(volumes)
def test_poc_has_the_most_and_of_those_the_nearest_to_the_middle(total: list[int]) -> None:
    poc, middle = poc_of(*total), (len(total) - 1) / 2
    most = [k for k, volume in enumerate(total) if volume == max(total)]
    assert poc == min(most, key=lambda k: (abs(k - middle), k))


@given(volumes)
def test_value_area_holds_seventy_percent_and_without_its_last_pair_does_not(
    total: list[int],
) -> None:
    poc, (low, high) = poc_of(*total), area_of(*total)
    assert 0 <= low <= poc <= high < len(total)
    assert 10 * sum(total[low : high + 1]) >= 7 * sum(total)
    if low < poc or high > poc:
        smaller = [total[low + 1 : high + 1], total[low:high]]
        inner = [total[low + 2 : high + 1], total[low : high - 1]]
        assert any(10 * sum(part) < 7 * sum(total) for part in smaller + inner)
