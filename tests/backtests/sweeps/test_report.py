"""The file that a sweep ends with."""

from backtests.sweeps.report import html
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import sweep
from backtests.sweeps.walking import walk
from tests.backtests.sweeps.market import Market, around_sixteen, only_sixteen, plan
from tests.backtests.sweeps.test_walking import Traded

STOPS = ("risk.stop_ticks=8:24:2",)


def test_a_sweeps_file_says_what_its_best_is_worth() -> None:
    spec = Spec(plan=plan(60), parameters=(*STOPS, "risk.target_ticks=20,24"), objective="net")
    text = html(sweep(spec, Market(seed=2)))
    for words in (
        "Sweep of ES", "Simulated market", "luck", "Deflated Sharpe", "Probability of overfitting",
        "risk.target_ticks and risk.stop_ticks", 'data-plot="slice0"', "In sample",
    ):  # fmt: skip
        assert words in text


def test_an_isolated_peak_stands_where_it_cannot_be_missed() -> None:
    spec = Spec(plan=plan(60), parameters=STOPS, objective="net")
    text = html(sweep(spec, Market(only_sixteen, noise=5)))
    assert '<div class="is-warn"><dt>Isolated peak</dt>' in text


def test_a_sweep_without_a_result_has_a_file_too() -> None:
    text = html(sweep(Spec(plan=plan(60), parameters=("risk.stop_ticks=0,-1",)), Market()))
    assert "No point has a score" in text
    assert "risk.stop_ticks is -1" in text


def test_a_walks_file_shows_its_folds_and_the_balance_out_of_sample() -> None:
    traded = Traded(Market(around_sixteen))
    spec = Spec(plan=plan(120), parameters=STOPS, objective="net", walk_forward=3)
    text = html(walk(spec, traded.market, traded.whole, traded.digest))
    for words in ("Walk-forward of ES", "Folds above 0", 'data-plot="outside"', "What was chosen"):
        assert words in text
