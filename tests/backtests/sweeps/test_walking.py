"""Walk-forward: what was chosen on one stretch is judged on the next."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest

from backtests.outcome import DayDone, Outcome
from backtests.plan import Plan
from backtests.sweeps.ran import Ran
from backtests.sweeps.spec import Spec
from backtests.sweeps.walking import Walked, walk
from engine.money import to_units
from tests.backtests.sweeps.market import Market, around_sixteen, plan

STOPS = ("risk.stop_ticks=8:24:2",)


class Traded:
    """A market whose runs are outcomes too."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.tested: list[Plan] = []

    def whole(self, plan: Plan) -> Outcome:
        self.tested.append(plan)
        ran = self.market.ran(plan)
        days = tuple(
            DayDone(
                day=day, contract="ESH5", ticks=1, dropped=0, bars=1, signals=0, approved=0,
                opening=opening, closing=opening + net, peak=opening, tier="ES 1",
            )
            for day, opening, net in zip(plan.days, ran.openings, ran.nets, strict=True)
        )  # fmt: skip
        return Outcome(plan=plan, days=days, data_digest="made up", code="test")

    def digest(self, outcome: Outcome) -> Ran:
        nets = [day.net for day in outcome.days]
        mean = sum(nets) / len(nets) / 1e8
        return Ran(
            config=outcome.plan.config.digest, analysis="", data="", code="",
            trades=len(nets), wins=0, openings=tuple(day.opening for day in outcome.days),
            nets=tuple(nets),
            scores={"net": sum(nets) / 1e8, "sharpe": mean, "expectancy": mean, "calmar": None},
        )  # fmt: skip


def walked(traded: Traded, days: int = 120, **options: object) -> Walked:
    given = {"objective": "net", "walk_forward": 4, **options}
    spec = Spec(plan=plan(days), parameters=STOPS, **given)  # type: ignore[arg-type]
    return walk(spec, traded.market, traded.whole, traded.digest)


def test_what_is_tested_was_never_trained_on() -> None:
    traded = Traded(Market(around_sixteen))
    found = walked(traded, purge=2, embargo=1)
    for step, tested in zip(found.steps, traded.tested, strict=True):
        assert tested.days == step.fold.test
        assert not set(step.fold.train) & set(step.fold.test)
        assert len(step.fold.left_out) == 3
    trained = {day for each in traded.market.runs for day in each.days}
    assert trained.isdisjoint(found.steps[-1].fold.test)


def test_the_best_inside_is_what_runs_outside() -> None:
    traded = Traded(Market(around_sixteen, noise=10))
    found = walked(traded)
    assert [each.config.risk.stop_ticks for each in traded.tested] == [16] * 4
    assert [stable.chosen for stable in found.stability] == [("16",) * 4]
    assert found.stability[0].spread == 0
    assert found.efficiency == pytest.approx(1, abs=0.2)
    assert found.kept == 1
    assert found.warning == ""


def test_the_account_goes_on_from_fold_to_fold() -> None:
    traded = Traded(Market(around_sixteen))
    found = walked(traded)
    assert found.outcome is not None
    days = found.outcome.days
    assert [day.day for day in days] == [day for step in found.steps for day in step.fold.test]
    assert all(before.closing == after.opening for before, after in pairwise(days))
    assert days[0].opening == to_units(Decimal(10_000))
    assert traded.tested[1].config.account.peak is None


def test_without_an_edge_the_inside_looks_good_and_the_outside_does_not() -> None:
    gaps = []
    for seed in range(8):
        found = walked(Traded(Market(seed=seed)))
        assert found.inside is not None
        assert found.outside is not None
        gaps.append(found.inside - found.outside)
    assert sum(gap > 0 for gap in gaps) >= 7
    assert sum(bool(walked(Traded(Market(seed=seed))).warning) for seed in range(8)) >= 6


def test_a_lost_account_ends_the_walk() -> None:
    traded = Traded(Market(lambda config: -600.0, noise=10))
    found = walked(traded)
    assert found.ruined
    assert len(found.steps) == 1
    assert "lost" in found.warning


def test_folds_of_refused_points_trade_nothing() -> None:
    traded = Traded(Market())
    spec = Spec(plan=plan(60), parameters=("risk.stop_ticks=0,-1",), walk_forward=2)
    found = walk(spec, traded.market, traded.whole, traded.digest)
    assert found.outcome is None
    assert [step.best for step in found.steps] == [None, None]
    assert json.dumps(found.as_json(), allow_nan=False)


def test_the_result_is_json_with_the_equity_of_all_test_days() -> None:
    content = json.loads(json.dumps(walked(Traded(Market())).as_json(), allow_nan=False))
    assert len(content["folds"]) == 4
    assert len(content["equity"]) == sum(fold["test_days"] for fold in content["folds"])
    assert content["equity"][-1][1] == content["folds"][-1]["closing"]


def test_rolling_and_optuna_are_walked_too() -> None:
    found = walked(Traded(Market(around_sixteen)), rolling=True, method="optuna", trials=6)
    assert [step.trials for step in found.steps] <= [6] * 4
    assert len(found.steps) == 4
