"""Ratios of daily returns against empyrical, and where it says inf or nan: None."""

import math
import warnings
from collections.abc import Callable

import empyrical
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from backtests.metrics import ratios
from backtests.metrics.columns import Floats

Ratio = Callable[[Floats], float | None]

# As real days have them: to a thousandth of a percent, never all of the account.
RETURN = st.integers(-90_000, 200_000).map(lambda n: n / 100_000)
SMALL = st.integers(-300, 300).map(lambda n: n / 10_000)
SERIES = st.one_of(
    st.lists(RETURN, max_size=40),
    st.lists(SMALL, max_size=300),
    st.lists(st.sampled_from([0.0, 0.01]), max_size=10),
    st.lists(st.sampled_from([0.0, -0.01]), max_size=10),
).map(lambda values: np.array(values, dtype=np.float64))

PAIRS: list[tuple[Ratio, Ratio]] = [
    (ratios.sharpe, empyrical.sharpe_ratio),
    (ratios.sortino, empyrical.sortino_ratio),
    (ratios.volatility, empyrical.annual_volatility),
    (ratios.growth, empyrical.annual_return),
    (ratios.calmar, empyrical.calmar_ratio),
    (ratios.deepest_fall, lambda returns: -empyrical.max_drawdown(returns)),
    (ratios.skew, lambda returns: float(stats.skew(returns))),
    (ratios.kurtosis, lambda returns: float(stats.kurtosis(returns))),
]


def theirs(ratio: Ratio, returns: Floats) -> float | None:
    """Their value; None for inf and nan."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value = ratio(returns)
    return None if value is None or not math.isfinite(value) else float(value)


@pytest.mark.parametrize(("ours", "their"), PAIRS, ids=[ours.__name__ for ours, _ in PAIRS])
@given(returns=SERIES)
def test_a_ratio_equals_the_independent_librarys(
    ours: Ratio, their: Ratio, returns: Floats
) -> None:
    mine, other = ours(returns), theirs(their, returns)
    if ours in (ratios.skew, ratios.kurtosis):
        assume(len(returns) >= 4)
    if mine is None or other is None:
        assert mine is other, (mine, other)
    else:
        assert mine == pytest.approx(other, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("ours", [ours for ours, _ in PAIRS] + [ratios.ulcer, ratios.sharpe_error])
@given(returns=SERIES)
def test_no_ratio_is_ever_infinite_or_no_number(ours: Ratio, returns: Floats) -> None:
    value = ours(returns)
    assert value is None or math.isfinite(value)


@given(returns=SERIES, seed=st.integers(0, 99))
def test_the_order_of_days_changes_neither_sharpe_sortino_volatility_nor_growth(
    returns: Floats, seed: int
) -> None:
    shuffled = np.random.default_rng(seed).permutation(returns)
    for ratio in (ratios.sharpe, ratios.sortino, ratios.volatility, ratios.growth):
        before, after = ratio(returns), ratio(shuffled)
        if before is None or after is None:
            assert before is after
        else:
            assert after == pytest.approx(before, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("returns", [[], [0.01], [0.01, 0.01, 0.01], [0.0, 0.0, 0.0]])
def test_days_that_all_returned_the_same_have_no_sharpe(returns: list[float]) -> None:
    assert ratios.sharpe(np.array(returns)) is None
    assert ratios.sharpe_error(np.array(returns)) is None


def test_without_a_losing_day_there_is_no_sortino_and_no_calmar() -> None:
    returns = np.array([0.01, 0.0, 0.02])
    assert ratios.sortino(returns) is None
    assert ratios.calmar(returns) is None
    assert ratios.deepest_fall(returns) == 0


def test_growth_of_an_account_that_is_gone_is_none_and_of_one_that_ends_at_0_minus_1() -> None:
    assert ratios.growth(np.array([0.1, -1.5])) is None
    assert ratios.growth(np.array([0.1, -1.0])) == -1
    assert ratios.growth(np.array([1e300])) is None


def test_the_ulcer_index_is_the_root_of_the_mean_square_of_falls() -> None:
    returns = np.array([-0.1, -0.5, 1.0])  # 0.9, 0.45, 0.9 of the high
    assert ratios.ulcer(returns) == pytest.approx(math.sqrt((0.1**2 + 0.55**2 + 0.1**2) / 3))


def test_of_normal_returns_95_of_100_sharpe_intervals_hold_the_true_one() -> None:
    chance = np.random.default_rng(5)
    true = 0.0006 / 0.01 * math.sqrt(252)
    held = 0
    for _ in range(1000):
        returns = chance.normal(0.0006, 0.01, 250)
        sharpe, error = ratios.sharpe(returns), ratios.sharpe_error(returns)
        assert sharpe is not None
        assert error is not None
        held += abs(sharpe - true) <= 1.96 * error
    assert 930 <= held <= 970
