"""A sweep's points as tasks: done once, wherever and however often they are sent."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backtests.models import Study, StudyPoint
from backtests.plan import Plan
from backtests.sweeps import keeping, running, tasks
from backtests.sweeps.evaluating import SweepStopped
from backtests.sweeps.spec import Spec
from backtests.sweeps.tasks import OnCelery, sweep_points
from engine.config import engine_config
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore, the_store
from marketdata.store.simulating import store_simulated
from tradebot.celery import app

DAYS = (date(2025, 3, 3), date(2025, 3, 4))
PLAN = Plan(symbol="ES", days=DAYS, config=engine_config("ES"))
SPEC = Spec(plan=PLAN, parameters=("risk.stop_ticks=8:16:4", "patterns.ratio=3,4"), objective="net")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    store_simulated(TickStore(folder / "ticks"), Simulator("ES", 1, 3_000), DAYS)
    return folder


@pytest.fixture
def store(settings, market: Path) -> TickStore:  # type: ignore[no-untyped-def]
    settings.DATA_DIR = market
    return the_store()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tasks run where they are sent; how many points each was sent."""
    sent: list[int] = []

    def delay(study: int, named: list[tuple[str, dict[str, Any]]]) -> None:
        sent.append(len(named))
        sweep_points.apply(args=(study, named)).get()

    monkeypatch.setattr(sweep_points, "delay", delay)
    return sent


@pytest.mark.django_db
def test_tasks_give_what_one_process_gives(store: TickStore, at_once: list[int]) -> None:
    there = running.run(SPEC, store, celery=True).study
    points, result = dict(there.points.values_list("name", "content")), there.result
    Study.objects.all().delete()
    here = running.run(SPEC, store).study
    assert here.result == result
    assert dict(here.points.values_list("name", "content")) == points


@pytest.mark.django_db
def test_one_point_of_each_analysis_goes_first_and_the_others_together(
    store: TickStore, at_once: list[int]
) -> None:
    running.run(SPEC, store, celery=True)
    assert at_once == [1, 1, 2, 2]


@pytest.mark.django_db
def test_a_task_that_comes_twice_runs_nothing_twice(store: TickStore) -> None:
    study = keeping.study_for(SPEC)
    named = [(keeping.Names(store)(PLAN), PLAN.as_json())]
    assert [sweep_points(study.pk, named) for _ in range(2)] == [1, 0]
    assert StudyPoint.objects.count() == 1


@pytest.mark.django_db
def test_a_task_ends_when_its_study_is_asked_to_stop(store: TickStore) -> None:
    study = keeping.study_for(SPEC)
    Study.objects.update(stop_asked=True)
    assert sweep_points(study.pk, [(keeping.Names(store)(PLAN), PLAN.as_json())]) == 0


@pytest.mark.django_db
def test_what_nobody_does_is_sent_again(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first task is lost, as with a worker's whole machine."""
    sent: list[int] = []

    def delay(study: int, named: list[tuple[str, dict[str, Any]]]) -> None:
        sent.append(len(named))
        if len(sent) > 1:
            sweep_points.apply(args=(study, named)).get()

    monkeypatch.setattr(sweep_points, "delay", delay)
    monkeypatch.setattr(tasks, "AGAIN_S", 0.0)
    monkeypatch.setattr(tasks, "LOOK_S", 0.0)
    study = keeping.study_for(SPEC)
    assert len(list(OnCelery(study, store)([PLAN]))) == 1
    assert sent == [1, 1]


@pytest.mark.django_db
def test_a_stop_reaches_tasks_that_have_not_begun(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_points, "delay", lambda *_: None)
    asked = iter([False, True])
    with pytest.raises(SweepStopped):
        running.run(SPEC, store, celery=True, stop=lambda: next(asked))
    assert Study.objects.get().stop_asked


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_worker_on_redis_runs_a_sweep(store: TickStore) -> None:
    from celery.contrib.testing.worker import start_worker

    with start_worker(app, perform_ping_check=False, concurrency=1):
        assert tasks.workers_answer(5) >= 1
        done = running.run(SPEC, store, celery=True)
    assert done.study.points.count() == 6
    assert done.study.result["points"] == running.run(SPEC, store).study.result["points"]
