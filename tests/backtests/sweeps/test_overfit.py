"""The probability of backtest overfitting, on series whose answer is known."""

from itertools import combinations

import numpy as np
import pytest

from backtests.sweeps.overfit import Overfit, overfit


def found(series: np.ndarray, **options: int) -> Overfit:
    result = overfit(series, **options)
    assert isinstance(result, Overfit), result
    return result


def test_without_skill_the_chosen_is_as_often_below_the_middle_as_above() -> None:
    rng = np.random.default_rng(2)
    chances = [found(rng.normal(size=(240, 30))).probability for _ in range(60)]
    assert np.mean(chances) == pytest.approx(0.5, abs=0.08)


def test_a_skilled_point_is_chosen_and_stays_the_best() -> None:
    series = np.random.default_rng(3).normal(size=(240, 30))
    series[:, 4] += 0.6
    result = found(series)
    assert result.probability < 0.01
    assert result.loses < 0.01


def test_points_that_live_on_one_half_only_are_overfitted() -> None:
    """Each point earns in its own block and loses in the next: whatever is chosen fails outside."""
    rng = np.random.default_rng(4)
    series = rng.normal(0, 0.1, (200, 10))
    for point, block in enumerate(np.array_split(np.arange(200), 10)):
        series[:, point] -= 0.05
        series[block, point] += 2
    assert found(series).probability > 0.9


def test_all_halves_of_the_blocks_by_hand() -> None:
    """Against loops that follow the paper's words."""
    series = np.random.default_rng(5).normal(size=(64, 7))
    result = found(series, blocks=4, purge=2)
    blocks = [part[2:] for part in np.array_split(series, 4)]
    below = []
    for half in combinations(range(4), 2):
        inside = np.vstack([blocks[i] for i in half])
        outside = np.vstack([blocks[i] for i in range(4) if i not in half])
        best = (inside.mean(axis=0) / inside.std(axis=0)).argmax()
        ratios = outside.mean(axis=0) / outside.std(axis=0)
        rank = 1 + int((ratios < ratios[best]).sum())
        below.append(np.log(rank / (8 - rank)) <= 0)
    assert result.ways == 6
    assert result.probability == pytest.approx(np.mean(below))


def test_few_days_take_fewer_blocks_and_too_few_say_so() -> None:
    rng = np.random.default_rng(6)
    assert found(rng.normal(size=(40, 5))).blocks == 8
    assert overfit(rng.normal(size=(19, 5))) == (
        "19 days are too few: 4 blocks of 4 days and 1 purged need 20"
    )
    assert found(rng.normal(size=(20, 5))).blocks == 4


def test_one_point_is_no_choice() -> None:
    assert isinstance(overfit(np.ones((100, 1))), str)


def test_points_that_never_trade_do_no_harm() -> None:
    series = np.random.default_rng(7).normal(size=(100, 4))
    series[:, 2] = 0
    assert 0 <= found(series).probability <= 1
