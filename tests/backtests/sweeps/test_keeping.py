"""What is done of a sweep is kept, and only the rest is run."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import pytest

from backtests.cache import AnalysisCache
from backtests.models import Backtest, Study, StudyPoint
from backtests.plan import Plan
from backtests.sweeps import keeping, running
from backtests.sweeps.evaluating import Here, SweepStopped, by_analysis
from backtests.sweeps.keeping import Kept, Names
from backtests.sweeps.ran import Ran
from backtests.sweeps.spec import Spec
from engine.config import engine_config
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from marketdata.store.simulating import store_simulated
from tests.backtests.sweeps.market import Market

DAYS = (date(2025, 3, 3), date(2025, 3, 4), date(2025, 3, 5))

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TickStore:
    made = TickStore(tmp_path_factory.mktemp("ticks"))
    store_simulated(made, Simulator("ES", 1, 8_000), DAYS)
    return made


PLAN = Plan(symbol="ES", days=DAYS, config=engine_config("ES"))
STOPS = ("risk.stop_ticks=8:16:4",)


class Counted:
    """Runs of a made-up market, which may break after some."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.market = Market()
        self.breaks_after = breaks_after

    def __call__(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Ran]]:
        for at in reversed(range(len(plans))):
            if self.breaks_after is not None and len(self.market.runs) >= self.breaks_after:
                raise SweepStopped
            yield at, self.market([plans[at]])[0]


def spec(*parameters: str, **options: object) -> Spec:
    return Spec(plan=PLAN, parameters=parameters or STOPS, objective="net", **options)  # type: ignore[arg-type]


def test_a_sweep_is_kept_with_its_result_and_points(store: TickStore) -> None:
    done = running.run(spec(), store, runs=Counted())
    study = Study.objects.get()
    assert study.pk == done.study.pk
    assert (study.kind, study.status) == (Study.Kind.SWEEP, Backtest.Status.DONE)
    assert (study.done, study.parts) == (3, 3)
    assert study.result == done.study.result
    assert len(study.result["points"]) == 3
    assert StudyPoint.objects.filter(study=study).count() == 3


def test_a_sweep_that_was_stopped_goes_on_where_it_ended(store: TickStore) -> None:
    first = Counted(breaks_after=2)
    with pytest.raises(SweepStopped):
        running.run(spec(), store, runs=first)
    study = Study.objects.get()
    assert (study.status, study.points.count()) == (Backtest.Status.STOPPED, 2)
    second = Counted()
    done = running.run(spec(), store, runs=second)
    assert done.study.pk == study.pk
    assert (len(second.market.runs), done.kept, done.done) == (1, 2, 3)
    whole = running.run(spec(seed=2), store, runs=Counted())
    assert whole.study.pk != study.pk
    assert whole.study.result["points"] == done.study.result["points"]


def test_a_sweep_that_is_done_is_not_run_again(store: TickStore) -> None:
    first = running.run(spec(), store, runs=Counted())
    again = Counted()
    second = running.run(spec(), store, runs=again)
    assert again.market.runs == []
    assert second.study.pk == first.study.pk
    assert second.study.result == first.study.result


def test_an_optuna_study_goes_on_with_the_same_points(store: TickStore) -> None:
    def asked(**options: object) -> Spec:
        return spec("risk.stop_ticks=4:40:1", method="optuna", trials=24, **options)

    whole = running.run(asked(), store, runs=Counted()).study.result["points"]
    Study.objects.all().delete()
    with pytest.raises(SweepStopped):
        running.run(asked(), store, runs=Counted(breaks_after=11))
    rest = Counted()
    assert running.run(asked(), store, runs=rest).study.result["points"] == whole
    assert len(rest.market.runs) == len(whole) - 11


def test_what_breaks_is_kept_as_failed_with_the_reason(store: TickStore) -> None:
    def broken(plans: Sequence[Plan]) -> Iterator[tuple[int, Ran]]:
        raise OSError("the disk is gone")
        yield

    with pytest.raises(OSError, match="disk"):
        running.run(spec(), store, runs=broken)
    study = Study.objects.get()
    assert (study.status, study.error) == (Backtest.Status.FAILED, "the disk is gone")


def test_a_stop_that_is_asked_for_in_the_row_ends_it(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "SAVED_EVERY_S", 0.0)
    study = keeping.study_for(spec())
    Study.objects.update(stop_asked=True)
    with pytest.raises(SweepStopped):
        Kept(study, Counted(), store)([PLAN])
    assert not study.points.exists()


def test_a_name_changes_with_configuration_days_session_and_ticks(
    store: TickStore, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = TickStore(tmp_path_factory.mktemp("other"))
    store_simulated(other, Simulator("ES", 2, 8_000), DAYS)
    plans = [
        PLAN,
        replace(PLAN, days=DAYS[:2]),
        replace(PLAN, session="all"),
        replace(PLAN, config=PLAN.config.override({"risk.stop_ticks": "8"})),
        replace(PLAN, config=PLAN.config.override({"account.balance": "9000"})),
    ]
    names = [Names(store)(each) for each in plans] + [Names(other)(PLAN)]
    assert len(set(names)) == len(names)
    assert Names(store)(replace(PLAN, config_name="another name")) == names[0]


def test_plans_of_one_analysis_are_run_after_each_other() -> None:
    settings = [("3", "8"), ("4", "8"), ("3", "12"), ("4", "12"), ("3", "16")]
    plans = [
        replace(PLAN, config=PLAN.config.override({"patterns.ratio": a, "risk.stop_ticks": b}))
        for a, b in settings
    ]
    assert by_analysis(plans) == [[0, 2, 4], [1, 3]]


def test_real_runs_are_the_same_with_two_workers(store: TickStore) -> None:
    varied = spec("risk.stop_ticks=8,16", "patterns.ratio=3,4")
    one = running.run(varied, store).study
    points, result = dict(one.points.values_list("name", "content")), one.result
    Study.objects.all().delete()
    two = running.run(varied, store, workers=2).study
    assert two.result == result
    assert dict(two.points.values_list("name", "content")) == points
    assert result["synthetic"] is True


def test_a_walk_is_a_study_of_its_own_kind(store: TickStore) -> None:
    long = replace(PLAN, days=tuple(store.days("ES")))
    with pytest.raises(ValueError, match="take at least"):
        Spec(plan=long, parameters=STOPS, walk_forward=2).check()


def test_nothing_is_run_where_everything_is_refused(store: TickStore) -> None:
    done = running.run(spec("risk.stop_ticks=0,-4"), store, runs=Here(store, AnalysisCache(None)))
    assert done.study.result["best"] is None
    assert done.done == 0
