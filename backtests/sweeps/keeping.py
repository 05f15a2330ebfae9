"""Sweeps as rows: what is done is kept in the `Study`, and the same sweep goes on where it ended.

A run's name is a digest of configuration, days, ticks and code; a kept run with that name is what
would come of it again. A sweep that is asked for anew continues its latest study.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils import timezone

from backtests.days import day_digest
from backtests.models import Backtest, Study, StudyPoint
from backtests.plan import Plan
from backtests.sweeps.evaluating import Runs, SweepStopped
from backtests.sweeps.ran import Ran
from backtests.sweeps.spec import Spec
from backtests.versions import code_version
from marketdata.store import TickStore

SAVED_EVERY_S: Final = 1.0
AT_ONCE: Final = 500


def study_for(spec: Spec, *, asked_by: User | None = None) -> Study:
    """The latest study of the same spec, to be continued, or a new one."""
    kind = Study.Kind.WALK_FORWARD if spec.walk_forward else Study.Kind.SWEEP
    content = {**spec.as_json(), "digest": spec.digest}
    found = Study.objects.filter(kind=kind, spec__digest=spec.digest).first()
    study = found or Study(kind=kind, spec=content, asked_by=asked_by)
    study.status = Backtest.Status.RUNNING
    study.parts, study.done = spec.check(), 0
    study.stop_asked, study.error, study.finished_at = False, "", None
    study.save()
    return study


def finish(study: Study, result: dict[str, Any]) -> None:
    """All is done."""
    study.result = json.loads(json.dumps(result, allow_nan=False))
    study.finished_at = timezone.now()
    study.status = Backtest.Status.DONE
    study.parts = study.done
    study.save()


def fail(study: Study, error: BaseException) -> None:
    """It ended with an error, or was stopped; what is done is kept."""
    stopped = isinstance(error, SweepStopped | KeyboardInterrupt)
    study.status = Backtest.Status.STOPPED if stopped else Backtest.Status.FAILED
    study.error = "" if stopped else " ".join(str(error).split()) or type(error).__name__
    study.finished_at = timezone.now()
    study.save(update_fields=["status", "error", "finished_at", "done"])


def kept(study: Study, names: Sequence[str]) -> dict[str, Ran]:
    """What the study has under these names."""
    found: dict[str, Ran] = {}
    for begin in range(0, len(names), AT_ONCE):
        rows = StudyPoint.objects.filter(study=study, name__in=names[begin : begin + AT_ONCE])
        found |= {row.name: Ran.from_json(row.content) for row in rows}
    return found


class Kept:
    """An `Evaluate` that runs only what the study does not have yet. `told` hears how many runs are
    done, and how many of them were kept from before."""

    def __init__(
        self,
        study: Study,
        runs: Runs,
        store: TickStore,
        told: Callable[[int, int], None] = lambda done, kept: None,
    ) -> None:
        self.study = study
        self.runs = runs
        self.told = told
        self.done = self.kept = 0
        self._saved = 0.0
        self._name = Names(store)

    def __call__(self, plans: Sequence[Plan]) -> list[Ran]:
        names = [self._name(plan) for plan in plans]
        found = kept(self.study, names)
        self._count(len(set(names) & found.keys()), kept=True)
        new = {name: plan for name, plan in zip(names, plans, strict=True) if name not in found}
        order = list(new)
        for at, ran in self.runs(list(new.values())):
            name = order[at]
            found[name] = ran
            StudyPoint.objects.get_or_create(
                study=self.study, name=name, defaults={"content": ran.as_json()}
            )
            self._count(1)
        return [found[name] for name in names]

    def _count(self, count: int, *, kept: bool = False) -> None:
        self.done += count
        self.kept += count if kept else 0
        self.told(self.done, self.kept)
        now = time.monotonic()
        if now - self._saved >= SAVED_EVERY_S:
            self._saved = now
            Study.objects.filter(pk=self.study.pk).update(done=self.done)
            if Study.objects.filter(pk=self.study.pk, stop_asked=True).exists():
                raise SweepStopped
        self.study.done = self.done


class Names:
    """Names of runs: 40 hex digits that change with whatever their result depends on."""

    def __init__(self, store: TickStore) -> None:
        self._store = store
        self._day = cache(self._digest)

    def __call__(self, plan: Plan) -> str:
        digest = hashlib.sha256(f"{code_version()} {plan.config.digest} {plan.session}\n".encode())
        for day in plan.days:
            digest.update(f"{day} {self._day(plan.symbol, day)}\n".encode())
        return digest.hexdigest()[:40]

    def _digest(self, symbol: str, day: date) -> str:
        return day_digest(self._store.read(symbol, day))
