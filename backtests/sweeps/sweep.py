"""One search over all days, and what its best is worth. `docs/sweeps.md` describes the JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from backtests.metrics.columns import Floats
from backtests.sweeps.luck import Luck, luck
from backtests.sweeps.overfit import Overfit, overfit
from backtests.sweeps.plateau import Plateau, Slice, plateau, slices
from backtests.sweeps.search import Evaluate, Trial, best_of, runs
from backtests.sweeps.space import Space
from backtests.sweeps.spec import Spec
from engine.money import to_decimal

FORMAT: Final = 1


@dataclass(frozen=True, kw_only=True)
class Swept:
    """`trials` in the order in which they were tried. Without a `best` no point has a score, and
    nothing else is known."""

    spec: Spec
    space: Space
    trials: tuple[Trial, ...]
    best: Trial | None
    luck: Luck | None
    overfit: Overfit | None
    no_overfit: str
    plateau: Plateau | None
    slices: tuple[Slice, ...]

    @property
    def refused(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.refused]

    @property
    def ranked(self) -> list[Trial]:
        """Those with a score, the best first."""
        objective = self.spec.objective
        scored = [trial for trial in self.trials if trial.score(objective) is not None]
        return sorted(scored, key=lambda trial: (-(trial.score(objective) or 0.0), trial.point))

    @property
    def synthetic(self) -> bool:
        return any(trial.ran.synthetic for trial in self.trials if trial.ran)

    @property
    def inferred(self) -> bool:
        return any(trial.ran.inferred for trial in self.trials if trial.ran)

    def as_json(self) -> dict[str, Any]:
        spec = self.spec
        return {
            "format": FORMAT,
            "kind": "sweep",
            "symbol": spec.plan.symbol,
            "first": spec.plan.days[0].isoformat(),
            "last": spec.plan.days[-1].isoformat(),
            "days": len(spec.plan.days),
            "missing": len(spec.plan.missing),
            "synthetic": self.synthetic,
            "inferred": self.inferred,
            "method": spec.method,
            "objective": spec.objective,
            "seed": spec.seed,
            "parameters": [asdict(each) for each in self.space.parameters],
            "points": [point_json(self.space, trial) for trial in self.trials],
            "best": self.trials.index(self.best) if self.best else None,
            "luck": asdict(self.luck) if self.luck else None,
            "overfit": asdict(self.overfit) if self.overfit else None,
            "no_overfit": self.no_overfit,
            "plateau": asdict(self.plateau) if self.plateau else None,
            "slices": [asdict(each) for each in self.slices],
        }


def sweep(spec: Spec, evaluate: Evaluate) -> Swept:
    """Search, and judge what was found."""
    varied = spec.space
    trials = spec.search(runs(varied, spec.plan, evaluate))
    best = best_of(trials, spec.objective)
    series = returns(trials)
    if best is None or best.ran is None:
        return Swept(
            spec=spec, space=varied, trials=tuple(trials), best=None, luck=None, overfit=None,
            no_overfit="no point has a score", plateau=None, slices=(),
        )  # fmt: skip
    found = overfit(series, purge=spec.purge)
    return Swept(
        spec=spec,
        space=varied,
        trials=tuple(trials),
        best=best,
        luck=luck(best.ran.returns, series),
        overfit=None if isinstance(found, str) else found,
        no_overfit=found if isinstance(found, str) else "",
        plateau=plateau(varied, trials, best, spec.objective),
        slices=tuple(slices(varied, trials, best, spec.objective)),
    )


def returns(trials: Sequence[Trial]) -> Floats:
    """Daily returns (days x trials) of all that were run: also of those without a trade, which were
    trials too. Points that are the same configuration count once."""
    by_config = {trial.ran.config: trial.ran.returns for trial in trials if trial.ran}
    if not by_config:
        return np.zeros((0, 0))
    return np.column_stack(list(by_config.values()))


def point_json(space: Space, trial: Trial) -> dict[str, Any]:
    """A trial as the result keeps it: without its days, which the study's parts hold."""
    ran = trial.ran
    return {
        "values": space.settings(trial.point),
        "refused": trial.refused,
        "config": ran.config if ran else None,
        "scores": dict(ran.scores) if ran else None,
        "trades": ran.trades if ran else None,
        "wins": ran.wins if ran else None,
        "net": str(to_decimal(ran.net)) if ran else None,
    }
