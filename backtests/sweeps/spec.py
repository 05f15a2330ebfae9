"""What a sweep is asked, checked: all that its result depends on but the ticks and the code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from backtests.plan import Plan
from backtests.sweeps.errors import SweepError
from backtests.sweeps.folds import Fold, folds
from backtests.sweeps.ran import OBJECTIVES
from backtests.sweeps.search import Run, Trial, grid, with_optuna
from backtests.sweeps.space import Space, space, whole_grid

METHODS: Final = ("grid", "optuna")
MOST_TRIALS: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class Spec:
    """`plan` is the backtest that the points vary; `walk_forward` 0 is one search over all its
    days, else how many folds. `trials` counts for Optuna."""

    plan: Plan
    parameters: tuple[str, ...]
    method: str = "grid"
    objective: str = "sharpe"
    trials: int = 100
    seed: int = 1
    walk_forward: int = 0
    rolling: bool = False
    purge: int = 1
    embargo: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise SweepError(f"--method {self.method!r}: it is {' or '.join(METHODS)}")
        if self.objective not in OBJECTIVES:
            names = ", ".join(OBJECTIVES)
            raise SweepError(f"--objective {self.objective!r}: it is one of {names}")
        if not 1 <= self.trials <= MOST_TRIALS:
            raise SweepError(f"--trials {self.trials}: it must be 1 to {MOST_TRIALS:,}")
        if not 0 <= self.seed < 2**32:
            raise SweepError(f"--seed {self.seed}: it must be 0 to {2**32 - 1}")
        if len(self.plan.days) < 2:
            raise SweepError("a sweep needs at least 2 stored days to compare its points on")

    @property
    def space(self) -> Space:
        """What is varied; SweepError when that makes no sense."""
        return space(self.parameters, self.plan.config)

    def check(self) -> int:
        """How many backtests it will run at most; SweepError when it cannot be run."""
        each = len(whole_grid(self.space)) if self.method == "grid" else self.trials
        if not self.walk_forward:
            return min(each, self.space.size)
        count = len(self.folds())
        return min(each, self.space.size) * count + count

    def folds(self) -> tuple[Fold, ...]:
        """The days of each fold of a walk-forward."""
        return folds(
            self.plan.days, self.walk_forward, rolling=self.rolling, purge=self.purge,
            embargo=self.embargo,
        )  # fmt: skip

    def search(self, run: Run) -> list[Trial]:
        """The points that the method tries."""
        if self.method == "grid":
            return grid(self.space, run)
        return with_optuna(
            self.space, run, trials=self.trials, objective=self.objective, seed=self.seed
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "plan": self.plan.as_json(),
            "parameters": list(self.parameters),
            "method": self.method,
            "objective": self.objective,
            "trials": self.trials,
            "seed": self.seed,
            "walk_forward": self.walk_forward,
            "rolling": self.rolling,
            "purge": self.purge,
            "embargo": self.embargo,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The spec that `as_json` gave this for."""
        given = {name: content[name] for name in cls.__dataclass_fields__}
        given |= {
            "plan": Plan.from_json(content["plan"]),
            "parameters": tuple(content["parameters"]),
        }
        return cls(**given)

    @property
    def digest(self) -> str:
        """16 hex digits that name it."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
