"""A search and what it says of its best."""

import json
from collections.abc import Callable

import pytest

from backtests.sweeps.errors import SweepError
from backtests.sweeps.plots import heat_map
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import Swept, sweep
from engine.config import EngineConfig
from tests.backtests.sweeps.market import Market, around_sixteen, only_sixteen, plan, wide

STOPS = ("risk.stop_ticks=8:24:2",)
BOTH = (*STOPS, "risk.target_ticks=20,24,28")


def swept(market: Market, *parameters: str, days: int = 120, **options: object) -> Swept:
    given = {"objective": "net", **options}
    return sweep(Spec(plan=plan(days), parameters=parameters, **given), market)  # type: ignore[arg-type]


def test_the_best_is_the_one_with_the_greatest_score() -> None:
    found = swept(Market(around_sixteen, noise=10), *STOPS)
    assert found.best is not None
    assert found.space.settings(found.best.point) == {"risk.stop_ticks": "16"}
    assert found.ranked[0] is found.best


@pytest.mark.parametrize(
    ("edge", "says", "isolated"),
    [
        (wide, "A plateau", False),
        (around_sixteen, "A narrow peak", False),
        (only_sixteen, "An isolated peak", True),
    ],
)
def test_the_surroundings_of_the_best_are_named(
    edge: Callable[[EngineConfig], float], says: str, isolated: bool
) -> None:
    found = swept(Market(edge, noise=0.1), "risk.stop_ticks=10:22:2").plateau
    assert found is not None
    assert found.isolated == isolated
    assert (found.neighbours, found.run) == (2, 2)
    assert found.says.startswith(says)


def test_the_best_without_an_edge_is_called_luck() -> None:
    found = swept(Market(seed=3), *BOTH)
    assert found.luck is not None
    assert "luck" in found.luck.warning
    assert found.luck.trials == 27


def test_the_best_with_an_edge_is_not() -> None:
    found = swept(Market(around_sixteen, noise=100), *STOPS, days=250)
    assert found.luck is not None
    assert found.luck.warning == ""
    assert found.overfit is not None


def test_points_that_are_one_configuration_are_one_trial() -> None:
    """Without a trail its step changes nothing that is counted: but the digest differs, so only
    equal configurations are one."""
    found = swept(Market(), "risk.stop_ticks=8,16", "patterns.ratio=3,4")
    assert found.luck is not None
    assert found.luck.trials == 4


def test_slices_pass_through_the_best_point() -> None:
    found = swept(Market(around_sixteen, noise=5), *BOTH)
    assert found.best is not None
    (only,) = found.slices
    assert (only.down, only.across) == ("risk.stop_ticks", "risk.target_ticks")
    row, column = only.best
    assert only.scores[row][column] == found.best.score("net")
    assert max(score for line in only.scores for score in line if score) == only.scores[row][column]
    (squares,) = heat_map(only, "net")["data"]
    framed = squares["marker"]["line"]["width"].index(3)
    assert squares["x"][framed] == only.columns[column]
    assert squares["y"][framed] == only.rows[row]


def test_one_parameter_has_a_slice_of_one_row() -> None:
    (only,) = swept(Market(), *STOPS).slices
    assert (len(only.rows), len(only.columns)) == (1, 9)


def test_points_that_optuna_left_out_are_blank_in_the_map() -> None:
    found = swept(Market(), *BOTH, method="optuna", trials=10)
    assert any(score is None for line in found.slices[0].scores for score in line)


def test_nothing_but_refused_points_has_no_best_and_says_so() -> None:
    found = swept(Market(), "risk.stop_ticks=0,-1")
    assert found.best is None
    assert found.as_json()["best"] is None
    assert len(found.refused) == 2


def test_the_result_is_json_with_every_point() -> None:
    content = json.loads(json.dumps(swept(Market(), *BOTH).as_json(), allow_nan=False))
    assert len(content["points"]) == 27
    assert content["points"][content["best"]]["values"].keys() == {
        "risk.stop_ticks", "risk.target_ticks",
    }  # fmt: skip
    assert content["synthetic"] is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "random"}, "grid or optuna"),
        ({"objective": "luck"}, "one of sharpe, expectancy, net, calmar"),
        ({"trials": 0}, "--trials 0"),
        ({"seed": -1}, "--seed -1"),
        ({"days": 1}, "at least 2 stored days"),
    ],
)
def test_what_cannot_be_asked_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        swept(Market(), *STOPS, **options)  # type: ignore[arg-type]


def test_a_spec_says_how_much_it_will_run() -> None:
    assert Spec(plan=plan(60), parameters=BOTH).check() == 27
    assert Spec(plan=plan(60), parameters=BOTH, method="optuna", trials=10).check() == 10
    assert Spec(plan=plan(60), parameters=BOTH, walk_forward=3).check() == 84


def test_a_spec_is_read_back_as_it_was() -> None:
    spec = Spec(plan=plan(60), parameters=BOTH, walk_forward=3, seed=7)
    again = Spec.from_json(json.loads(json.dumps(spec.as_json())))
    assert again == spec
    assert again.digest == spec.digest
