"""Profiles of more than a bar, their nodes, and the bands around VWAP."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import engine_config
from engine.engine import Engine
from engine.events import BarClosed, LevelMade
from engine.names import LevelKind
from engine.profile import Profile, nodes
from engine.ticks import MAX_LADDER
from tests.engine.markets import random_market
from tests.oracle.days import ALL_DAY, HOUR, Days

LEVELS = st.lists(
    st.tuples(st.integers(900, 1000), *[st.integers(0, 50)] * 3),
    min_size=1,
    max_size=20,
    unique_by=lambda level: level[0],
)


@given(st.lists(LEVELS, min_size=1, max_size=6))
def test_a_composite_is_the_sum_of_its_parts(parts: list[list[tuple[int, ...]]]) -> None:
    profile, expected = Profile(), {}
    for part in parts:
        profile.add(np.array(part, np.int64))
        for price, *volumes in part:
            before = expected.get(price, [0, 0, 0])
            expected[price] = [a + b for a, b in zip(before, volumes, strict=True)]
    assert profile.levels.tolist() == [
        [price, *volumes] for price, volumes in sorted(expected.items()) if sum(volumes)
    ]
    assert profile.total.sum() == sum(map(sum, expected.values()))


def test_an_empty_bar_adds_nothing() -> None:
    profile = Profile()
    profile.add(np.zeros((0, 4), np.int64))
    assert len(profile.total) == 0


def test_what_is_too_far_from_the_busiest_price_is_left_out() -> None:
    far, near = 2_000_000_000, 20_000
    profile = Profile()
    profile.add(np.array([[near, 0, 3, 0], [far, 9, 0, 0]]))
    assert profile.levels.tolist() == [[far, 9, 0, 0]]
    profile.add(np.array([[far - 1, 1, 1, 0], [far - MAX_LADDER + 2, 4, 0, 0]]))
    assert profile.total.sum() == 15
    profile.add(np.array([[near, 20, 0, 0], [near + 1, 0, 5, 0]]))
    assert profile.levels.tolist() == [[near, 20, 0, 0], [near + 1, 0, 5, 0]]
    assert profile.summary() == (near, near, near)


def test_of_equally_busy_prices_far_apart_the_lower_stays() -> None:
    profile = Profile()
    profile.add(np.array([[2_000_000_000, 5, 0, 0], [7, 0, 5, 0]]))
    assert profile.levels.tolist() == [[7, 0, 5, 0]]


def test_a_bad_first_tick_does_not_widen_the_sessions_profile() -> None:
    """No price was there to compare it with; five jumps that agree are the new level."""
    ticks = random_market(1, 2_000)
    ticks["price"][0] = 2_000_000_000
    days = Days(open=0, entries_to=19 * HOUR, flatten_at=20 * HOUR, close=20 * HOUR)
    events = Engine(engine_config("ES"), days).push(ticks)
    made = [event.level for event in events if isinstance(event, LevelMade)]
    assert [level.low < 30_000 for level in made if level.kind is LevelKind.NAKED_POC] == [True]


def test_the_days_profile_has_its_own_point_of_control_and_value_area() -> None:
    profile = Profile()
    profile.add(np.array([[100, 0, 10, 0], [101, 0, 40, 0], [102, 0, 10, 0]]))
    profile.add(np.array([[102, 0, 60, 0], [103, 0, 5, 0]]))
    assert profile.total.tolist() == [10, 40, 70, 5]
    assert profile.summary() == (102, 102, 100)


@pytest.mark.parametrize(
    ("volumes", "high", "low"),
    [
        ([1, 2, 9, 2, 1], [2], []),
        ([1, 9, 9, 1, 1, 9, 9, 1], [1, 5], [3]),
        ([5, 5, 5, 5], [], []),
        ([9, 1, 1, 1, 9], [], [2]),
        ([3, 4], [], []),
        ([1, 2, 3, 4, 5, 6], [], []),
    ],
)
def test_nodes_are_extremes_of_the_smoothed_profile(
    volumes: list[int], high: list[int], low: list[int]
) -> None:
    found_high, found_low = nodes(np.array(volumes, np.int64))
    assert (found_high.tolist(), found_low.tolist()) == (high, low)


@pytest.mark.parametrize("days", [ALL_DAY, Days()], ids=["day", "session"])
def test_bands_are_the_volume_weighted_deviation_since_the_session_opened(days: Days) -> None:
    ticks = random_market(3, ticks=20_000, hours=23)
    engine = Engine(engine_config("ES").override({"bars.seconds": "420"}), days)
    bars = [event.bar for event in engine.push(ticks) if isinstance(event, BarClosed)]
    for bar in bars[:: len(bars) // 40]:
        day = days.at(bar.start)
        since = day.open if bar.end > day.open else day.start
        inside = ticks[(ticks["ts"] >= since) & (ticks["ts"] < bar.end)]
        mean = np.average(inside["price"], weights=inside["size"])
        variance = np.average((inside["price"] - mean) ** 2, weights=inside["size"])
        assert bar.session_deviation == pytest.approx(math.sqrt(variance), rel=1e-6)


def test_bands_survive_the_finest_ticks() -> None:
    ticks = random_market(4, ticks=5_000, hours=3, price=6_200_000)
    ticks["size"] *= 10_000
    engine = Engine(engine_config("BTCUSDT-SPOT"), ALL_DAY)
    bars = [event.bar for event in engine.push(ticks) if isinstance(event, BarClosed)]
    day = ALL_DAY.at(bars[-1].start).start
    inside = ticks[(ticks["ts"] >= day) & (ticks["ts"] < bars[-1].end)]
    mean = np.average(inside["price"] - 6_200_000, weights=inside["size"])
    variance = np.average((inside["price"] - 6_200_000 - mean) ** 2, weights=inside["size"])
    assert bars[-1].session_deviation == pytest.approx(math.sqrt(variance), rel=1e-6)
