"""Which points are tried, and that nothing but space, seed and scores decides it."""

from collections.abc import Sequence

import pytest

from backtests.plan import Plan
from backtests.sweeps.ran import Ran
from backtests.sweeps.search import Trial, best_of, grid, runs, with_optuna
from backtests.sweeps.space import Space, space
from tests.backtests.sweeps.market import Market, around_sixteen, plan

BASE = plan(40)
VARIED = space(["risk.stop_ticks=2:40:2", "risk.target_ticks=8:48:4"], BASE.config)


def tried(
    market: Market, varied: Space = VARIED, *, trials: int = 60, seed: int = 1
) -> list[Trial]:
    return with_optuna(
        varied, runs(varied, BASE, market), trials=trials, objective="net", seed=seed
    )


def test_a_grid_tries_every_point_in_order() -> None:
    varied = space(["risk.stop_ticks=8,12", "risk.target_ticks=24,0,32"], BASE.config)
    market = Market()
    found = grid(varied, runs(varied, BASE, market))
    assert [trial.point for trial in found] == list(varied.points())
    assert [bool(trial.refused) for trial in found] == [True, False, False] * 2
    assert len(market.runs) == 4


def test_each_point_runs_the_plan_with_its_settings_and_nothing_else_changed() -> None:
    market = Market()
    varied = space(["risk.stop_ticks=8,12"], BASE.config)
    grid(varied, runs(varied, BASE, market))
    assert [each.config.risk.stop_ticks for each in market.runs] == [8, 12]
    assert {each.days for each in market.runs} == {BASE.days}
    assert market.runs[0].config == BASE.config.override({"risk.stop_ticks": "8"})


def test_optuna_asks_for_the_same_points_again_with_the_same_seed() -> None:
    first, again, other = tried(Market()), tried(Market()), tried(Market(), seed=2)
    assert [trial.point for trial in first] == [trial.point for trial in again]
    assert [trial.point for trial in first] != [trial.point for trial in other]


def test_what_optuna_asks_for_does_not_depend_on_the_order_in_which_points_finish() -> None:
    class Backwards(Market):
        """As many workers would: the last of a batch is done first."""

        def __call__(self, plans: Sequence[Plan]) -> list[Ran]:
            return super().__call__(plans[::-1])[::-1]

    assert tried(Market(around_sixteen)) == tried(Backwards(around_sixteen))


def test_optuna_runs_no_point_twice_and_ends_with_the_space() -> None:
    varied = space(["risk.stop_ticks=8:12"], BASE.config)
    market = Market()
    found = tried(market, varied, trials=500)
    assert sorted(trial.point for trial in found) == list(varied.points())
    assert len(market.runs) == 5


def test_optuna_finds_the_region_that_works_with_fewer_points_than_the_grid() -> None:
    found = tried(Market(around_sixteen, noise=20), trials=80)
    best = best_of(found, "net")
    assert best is not None
    assert abs(int(VARIED.settings(best.point)["risk.stop_ticks"]) - 16) <= 4
    early, late = found[:10], found[-20:]

    def mean(trials: list[Trial]) -> float:
        return sum(trial.score("net") or 0 for trial in trials) / len(trials)

    assert mean(late) > mean(early)


def test_optuna_goes_on_past_refused_points() -> None:
    varied = space(["risk.stop_ticks=0:12", "fills.target=through,touch,never"], BASE.config)
    found = tried(Market(), varied, trials=40)
    assert any(trial.refused for trial in found)
    assert any(trial.ran for trial in found)


def test_of_equal_scores_the_first_point_is_the_best() -> None:
    one = Market().ran(BASE)
    trials = [Trial((2, 0), one), Trial((0, 1), one), Trial((0, 0), None, "refused")]
    best = best_of(trials, "net")
    assert best is not None
    assert best.point == (0, 1)


@pytest.mark.parametrize("trials", [[], [Trial((0,), None, "refused")]])
def test_without_a_score_there_is_no_best(trials: list[Trial]) -> None:
    assert best_of(trials, "net") is None
