"""Days of two runs drawn together: what every history holds, and how often chance fools it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests.metrics import ratios
from backtests.metrics.columns import Ints
from backtests.metrics.drawdowns import falls
from backtests.metrics.resampling import (
    interval,
    p_value,
    resampled,
    share_against,
    usual_block,
)

NEVER = 10**12  # a stretch that does not end within a test's days

DAYS = st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)), min_size=1, max_size=25)


def columns(days: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    first, second = np.array(days, dtype=np.int64).T
    return first, second


def deepest(nets: Ints) -> int:
    return int(falls(np.concatenate(([0], np.cumsum(nets)))).max())


@given(days=DAYS)
def test_without_jumps_every_history_is_a_rotation_of_the_days(days: list[tuple[int, int]]) -> None:
    a, b = columns(days)
    returns = a / 10_000, b / 10_000
    found = resampled((a, b), returns, block=NEVER, seed=1, resamples=200)
    assert found.mean_day == pytest.approx(np.full(200, (b - a).mean()), abs=1e-9)
    rotated = {deepest(np.roll(b, n)) - deepest(np.roll(a, n)) for n in range(len(days))}
    assert set(found.drawdown.tolist()) <= rotated
    sharpes = ratios.sharpe(returns[0]), ratios.sharpe(returns[1])
    if None in sharpes:
        assert np.isnan(found.sharpe).all()
    else:
        gap = (sharpes[1] or 0.0) - (sharpes[0] or 0.0)
        assert found.sharpe == pytest.approx(np.full(200, gap), rel=1e-6, abs=1e-6)


@given(days=DAYS, block=st.integers(1, 8))
def test_a_run_against_itself_differs_in_no_history(
    days: list[tuple[int, int]], block: int
) -> None:
    a, _ = columns(days)
    found = resampled((a, a), None, block=block, seed=3, resamples=50)
    assert not found.mean_day.any()
    assert not found.drawdown.any()
    assert p_value(found.mean_day, 0.0) == 1


def test_days_on_their_own_vary_as_the_standard_error_says() -> None:
    chance = np.random.default_rng(1)
    a, b = chance.integers(-100, 100, 250), chance.integers(-100, 110, 250)
    found = resampled((a, b), None, block=1, seed=1).mean_day
    assert found.mean() == pytest.approx((b - a).mean(), abs=0.3)
    assert found.std() == pytest.approx((b - a).std() / np.sqrt(250), rel=0.03)


def test_stretches_are_as_long_on_average_as_asked_for() -> None:
    days = 1000
    counted = np.arange(days, dtype=np.int64)  # a history's sum tells where its days lay
    # Of stretches of 5 the variance of a mean is about (1 + 2 * 4) times that of single days, where
    # neighbours are alike as they are here.
    single = resampled((0 * counted, counted), None, block=1, seed=1, resamples=4000).mean_day
    long = resampled((0 * counted, counted), None, block=5, seed=1, resamples=4000).mean_day
    assert long.var() / single.var() == pytest.approx(9, rel=0.12)


def test_the_same_seed_gives_the_same_histories() -> None:
    a, b = columns([(1, 5), (-3, 2), (8, -4)])
    one, same, other = (
        resampled((a, b), None, block=2, seed=seed, resamples=20).mean_day for seed in (1, 1, 2)
    )
    assert one.tolist() == same.tolist() != other.tolist()


def test_chance_is_called_a_difference_about_once_in_20_times() -> None:
    chance = np.random.default_rng(7)
    called = {"mean": 0, "sharpe": 0, "drawdown": 0}
    for seed in range(300):
        market = chance.normal(2, 100, 120)
        a, b = (np.rint(market + chance.normal(0, 80, 120)).astype(np.int64) for _ in range(2))
        returns = a / 10_000, b / 10_000
        found = resampled((a, b), returns, block=1, seed=seed, resamples=300)
        sharpes = [ratios.sharpe(its) or 0.0 for its in returns]
        called["mean"] += p_value(found.mean_day, float((b - a).mean())) < 0.05
        called["sharpe"] += p_value(found.sharpe, sharpes[1] - sharpes[0]) < 0.05
        called["drawdown"] += p_value(found.drawdown, deepest(b) - deepest(a)) < 0.05
    assert 4 <= called["mean"] <= 26  # 15 are expected; three deviations are 11
    assert 4 <= called["sharpe"] <= 26
    assert called["drawdown"] <= 26


def test_a_share_counts_what_is_gone_or_reversed_and_is_never_0() -> None:
    drawn = np.array([1.0, 2.0, 0.0, -1.0, np.nan])
    assert share_against(drawn, 5.0) == 3 / 5
    assert share_against(drawn, -5.0) == 4 / 5
    assert share_against(np.full(99, 3.0), 3.0) == 1 / 100


def test_an_interval_needs_half_of_the_histories() -> None:
    assert interval(np.array([1.0, np.nan, np.nan])) is None
    assert interval(np.empty(0)) is None
    assert interval(np.array([2.0, 2.0, np.nan])) == (2, 2)


def test_an_interval_leaves_out_as_much_below_as_above() -> None:
    assert interval(np.arange(1001.0)) == (pytest.approx(25), pytest.approx(975))


def test_stretches_are_the_third_root_of_the_days_long() -> None:
    assert [usual_block(days) for days in (0, 1, 8, 198, 1000)] == [1, 1, 2, 6, 10]
