"""A sweep from its spec to its finished `Study`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from django.contrib.auth.models import User

from backtests import runner
from backtests.cache import AnalysisCache, the_cache
from backtests.models import Study
from backtests.outcome import Outcome
from backtests.plan import Plan
from backtests.sweeps import keeping, text
from backtests.sweeps.evaluating import Here, Runs
from backtests.sweeps.keeping import Kept
from backtests.sweeps.ran import ran
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import Swept, sweep
from backtests.sweeps.walking import Walked, walk
from marketdata.store import TickStore


@dataclass(frozen=True)
class Finished:
    """The study, what was found, and how many runs it took; `kept` were there from before."""

    study: Study
    found: Swept | Walked
    done: int
    kept: int

    def print(self, file: TextIO) -> None:
        """For people."""
        if isinstance(self.found, Swept):
            text.print_sweep(self.found, file)
        else:
            text.print_walk(self.found, file)


def run(
    spec: Spec,
    store: TickStore,
    *,
    cache: AnalysisCache | None = None,
    workers: int = 1,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[int, int], None] = lambda done, kept: None,
    asked_by: User | None = None,
    runs: Runs | None = None,
    celery: bool = False,
) -> Finished:
    """Run what is not kept yet, judge it, and keep that too. SweepStopped when somebody asked for
    it; the same spec goes on from there. Backtests are run here, on Celery's workers, or where
    `runs` does."""
    cache = the_cache() if cache is None else cache
    study = keeping.study_for(spec, asked_by=asked_by)
    if runs is None and celery:
        from backtests.sweeps.tasks import OnCelery

        runs = OnCelery(study, store, stop=stop)
    runs = runs or Here(store, cache, workers=workers, stop=stop)
    evaluate = Kept(study, runs, store, told)

    def whole(plan: Plan) -> Outcome:
        return runner.run(plan, store=store, cache=cache, workers=workers)

    try:
        found = walk(spec, evaluate, whole, ran) if spec.walk_forward else sweep(spec, evaluate)
        keeping.finish(study, found.as_json())
    except BaseException as error:
        keeping.fail(study, error)
        raise
    return Finished(study, found, evaluate.done, evaluate.kept)
