"""Walk-forward: on each fold's train days the best is looked for, on its test days it is traded.

The test days' account is one account: each fold begins with the balance that the one before ended
with. Streak, peak and halts begin anew, as when a person sets new parameters and resumes; so do
the levels that the purged days would have left.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from backtests.outcome import Outcome
from backtests.plan import Plan
from backtests.sweeps.folds import Fold
from backtests.sweeps.luck import Moments, least_track_record, luck, moments, probabilistic
from backtests.sweeps.ran import Ran
from backtests.sweeps.search import Evaluate, Trial, best_of, runs
from backtests.sweeps.space import Space
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import FORMAT, returns
from engine.money import to_decimal

Whole = Callable[[Plan], Outcome]
"""Runs one plan and keeps its days and trades."""
Digest = Callable[[Outcome], Ran]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A fold with the best of its train days, and what that did on its test days. `warning` is what
    luck says of the best inside; without a `best` nothing had a score, and nothing was traded."""

    fold: Fold
    trials: int
    best: Trial | None
    warning: str
    outside: Ran | None


@dataclass(frozen=True)
class Stability:
    """What the folds chose of a parameter. `spread`: how far apart, as a share of its range, None
    where it has no order; `changes`: how often it was not what the fold before chose."""

    name: str
    chosen: tuple[str, ...]
    changes: int
    spread: float | None


@dataclass(frozen=True, kw_only=True)
class Walked:
    """`outcome` is all test days together, an outcome like any other, with the plan's own
    configuration in it; `total` its figures. `ruined`: the balance was gone before the last fold.

    `efficiency` is the mean score outside by the mean inside (net by day), None when the inside is
    not above 0; `kept` the share of folds with a score above 0 outside.
    """

    spec: Spec
    space: Space
    steps: tuple[Step, ...]
    outcome: Outcome | None
    total: Ran | None
    ruined: bool
    inside: float | None
    outside: float | None
    efficiency: float | None
    kept: float | None
    stability: tuple[Stability, ...]
    probabilistic: float | None
    least_days: float | None
    warning: str

    def as_json(self) -> dict[str, Any]:
        spec, objective = self.spec, self.spec.objective
        return {
            "format": FORMAT,
            "kind": "walk_forward",
            "symbol": spec.plan.symbol,
            "first": spec.plan.days[0].isoformat(),
            "last": spec.plan.days[-1].isoformat(),
            "days": len(spec.plan.days),
            "missing": len(spec.plan.missing),
            "synthetic": bool(self.total and self.total.synthetic),
            "inferred": bool(self.total and self.total.inferred),
            "method": spec.method,
            "objective": objective,
            "seed": spec.seed,
            "parameters": [asdict(each) for each in self.space.parameters],
            "folds": [_step_json(self.space, step, objective) for step in self.steps],
            "equity": _equity(self.outcome),
            "scores": dict(self.total.scores) if self.total else None,
            "trades": self.total.trades if self.total else 0,
            "net": str(to_decimal(self.total.net)) if self.total else None,
            "ruined": self.ruined,
            "inside": self.inside,
            "outside": self.outside,
            "efficiency": self.efficiency,
            "kept": self.kept,
            "stability": [asdict(each) for each in self.stability],
            "probabilistic": self.probabilistic,
            "least_days": self.least_days,
            "warning": self.warning,
        }


def walk(spec: Spec, evaluate: Evaluate, whole: Whole, digest: Digest) -> Walked:
    """The folds in their order."""
    varied, base = spec.space, spec.plan
    steps: list[Step] = []
    parts: list[Outcome] = []
    balance = None
    ruined = False
    for fold in spec.folds():
        trials = spec.search(runs(varied, replace(base, days=fold.train), evaluate))
        best = best_of(trials, spec.objective)
        outside, warning = None, ""
        if best is not None and best.ran is not None:
            warning = luck(best.ran.returns, returns(trials)).warning
            config = base.config.override(varied.settings(best.point))
            if balance is not None:
                account = replace(config.account, balance=balance, peak=None, streak=0)
                config = replace(config, account=account)
            part = whole(replace(base, days=fold.test, config=config))
            parts.append(part)
            outside = digest(part)
            balance = to_decimal(part.closing)
            ruined = part.closing <= 0
        steps.append(
            Step(
                fold=fold, trials=len(trials), best=best, warning=warning, outside=outside
            )
        )  # fmt: skip
        if ruined:
            break
    return _judged(spec, varied, steps, parts, ruined, digest)


def _judged(
    spec: Spec, varied: Space, steps: Sequence[Step], parts: Sequence[Outcome], ruined: bool,
    digest: Digest,
) -> Walked:  # fmt: skip
    outcome = _joined(spec.plan, parts)
    total = digest(outcome) if outcome else None
    own = moments(total.returns) if total else None
    pairs = [
        (_rate(step.best.ran, spec.objective), _rate(step.outside, spec.objective))
        for step in steps
        if step.best and step.best.ran and step.outside
    ]
    inside = _mean([first for first, _ in pairs])
    outside = _mean([second for _, second in pairs])
    return Walked(
        spec=spec,
        space=varied,
        steps=tuple(steps),
        outcome=outcome,
        total=total,
        ruined=ruined,
        inside=inside,
        outside=outside,
        efficiency=outside / inside if inside and inside > 0 and outside is not None else None,
        kept=_mean([float(second > 0) for _, second in pairs]),
        stability=tuple(_stability(varied, steps)),
        probabilistic=probabilistic(own) if own else None,
        least_days=least_track_record(own) if own else None,
        warning=_warning(own, ruined),
    )


def _joined(base: Plan, parts: Sequence[Outcome]) -> Outcome | None:
    days = tuple(day for part in parts for day in part.days)
    if not days:
        return None
    return Outcome(
        plan=replace(base, days=tuple(day.day for day in days), missing=()),
        days=days,
        data_digest="+".join(dict.fromkeys(part.data_digest for part in parts)),
        code=parts[0].code,
    )


def _rate(ran: Ran, objective: str) -> float:
    """The score, comparable between stretches of different length; 0 without a trade."""
    score = ran.scores[objective] or 0.0
    return score / len(ran.nets) if objective == "net" and ran.nets else score


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _stability(varied: Space, steps: Sequence[Step]) -> list[Stability]:
    points = [step.best.point for step in steps if step.best]
    found = []
    for axis, each in enumerate(varied.parameters):
        at = [point[axis] for point in points]
        changes = sum(1 for before, after in pairwise(at) if before != after)
        last = len(each.values) - 1
        spread = (max(at) - min(at)) / last if at and each.ordered and last else None
        found.append(Stability(each.name, tuple(each.values[i] for i in at), changes, spread))
    return found


def _warning(own: Moments | None, ruined: bool) -> str:
    if ruined:
        return "The account was lost on days that its parameters were not chosen on."
    if own is None:
        return "Nothing was traded on days that the parameters were not chosen on."
    sure = probabilistic(own)
    if own.sharpe <= 0:
        return "Out of sample nothing was earned: what was chosen did not last."
    if sure < 0.95:
        return (
            f"Out of sample the probability of any skill is {sure:.3f}, below 0.95: "
            "this may be luck."
        )
    return ""


def _step_json(varied: Space, step: Step, objective: str) -> dict[str, Any]:
    best, ran = step.best, step.outside
    return {
        "number": step.fold.number,
        "train": [step.fold.train[0].isoformat(), step.fold.train[-1].isoformat()],
        "train_days": len(step.fold.train),
        "left_out": [day.isoformat() for day in step.fold.left_out],
        "test": [step.fold.test[0].isoformat(), step.fold.test[-1].isoformat()],
        "test_days": len(step.fold.test),
        "trials": step.trials,
        "values": varied.settings(best.point) if best else None,
        "inside": best.score(objective) if best else None,
        "outside": ran.scores[objective] if ran else None,
        "trades": ran.trades if ran else 0,
        "net": str(to_decimal(ran.net)) if ran else None,
        "closing": str(to_decimal(ran.closing)) if ran else None,
        "warning": step.warning,
    }


def _equity(outcome: Outcome | None) -> list[list[str]]:
    if outcome is None:
        return []
    return [[day.day.isoformat(), str(to_decimal(day.closing))] for day in outcome.days]
