"""Points of a sweep as Celery tasks.

A task runs some points of one analysis and keeps each as it is done; a task that comes twice, after
a worker was killed, finds what is kept and runs the rest. Whoever leads the sweep looks for points
in the database, not for the tasks' results, and sends again what nobody does.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from celery import shared_task

from backtests.cache import the_cache
from backtests.models import Study, StudyPoint
from backtests.plan import Plan
from backtests.sweeps.evaluating import SweepStopped, by_analysis, run_one
from backtests.sweeps.keeping import Names, kept
from backtests.sweeps.ran import Ran
from marketdata.store import TickStore, the_store

AT_ONCE: Final = 8
"""Points of a task: their days are mapped once."""
LOOK_S: Final = 0.25
AGAIN_S: Final = 900.0
"""A task of which nothing came for so long is sent again. A year's first analysis takes less."""


@shared_task(name="backtests.sweep_points", acks_late=True, reject_on_worker_lost=True)
def sweep_points(study_id: int, named: list[tuple[str, dict[str, Any]]]) -> int:
    """Run the plans that are not kept under their names yet; how many."""
    store, cache, done = the_store(), the_cache(), 0
    for name, content in named:
        if StudyPoint.objects.filter(study=study_id, name=name).exists():
            continue
        if Study.objects.filter(pk=study_id, stop_asked=True).exists():
            break
        found = run_one(Plan.from_json(content), store, cache)
        StudyPoint.objects.get_or_create(
            study_id=study_id, name=name, defaults={"content": found.as_json()}
        )
        done += 1
    return done


def workers_answer(wait_s: float = 1.0) -> int:
    """How many Celery workers there are."""
    return len(sweep_points.app.control.ping(timeout=wait_s) or ())


class OnCelery:
    """Runs plans as tasks of a study."""

    def __init__(
        self, study: Study, store: TickStore, *, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self.study = study
        self.stop = stop
        self._name = Names(store)

    def __call__(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Ran]]:
        groups = by_analysis(plans)
        names = {self._name(plan): at for at, plan in enumerate(plans)}
        named = {at: name for name, at in names.items()}
        first = [[group[0]] for group in groups]
        yield from self._all(plans, named, first)
        others = [
            group[start : start + AT_ONCE]
            for group in groups
            for start in range(1, len(group), AT_ONCE)
        ]
        yield from self._all(plans, named, others)

    def _all(
        self, plans: Sequence[Plan], named: dict[int, str], parts: list[list[int]]
    ) -> Iterator[tuple[int, Ran]]:
        sent: dict[int, float] = {}
        left = {named[at]: (at, number) for number, part in enumerate(parts) for at in part}
        while left:
            if self.stop():
                # Tasks that have not begun end when they see it.
                Study.objects.filter(pk=self.study.pk).update(stop_asked=True)
                raise SweepStopped
            now = time.monotonic()
            for number in {number for _, number in left.values()}:
                if now - sent.get(number, -AGAIN_S) >= AGAIN_S:
                    sent[number] = now
                    part = [(named[at], plans[at].as_json()) for at in parts[number]]
                    sweep_points.delay(self.study.pk, part)
            found = kept(self.study, list(left))
            for name, ran in found.items():
                at, number = left.pop(name)
                sent[number] = time.monotonic()
                yield at, ran
            if left and not found:
                time.sleep(LOOK_S)
