"""The order in which points are tried: all of a grid, or what Optuna's sampler asks for.

What is tried depends on the space, the seed and the scores alone, never on how many workers there
are or which is the fastest: points are asked for in batches of a fixed size, a batch is run whole,
and its scores are told in the order in which its points were asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from backtests.plan import Plan
from backtests.sweeps.ran import Ran
from backtests.sweeps.space import Point, Space, asked, whole_grid

if TYPE_CHECKING:
    from optuna.trial import Trial as Suggested

BATCH: Final = 8
"""Points that Optuna is asked for at once: more than it has workers, few enough to learn from."""


class Evaluate(Protocol):
    """Runs plans, anywhere and in any order; what came of each, in the order given."""

    def __call__(self, plans: Sequence[Plan]) -> list[Ran]: ...


@dataclass(frozen=True)
class Trial:
    """A point with what came of it, or why the configuration refuses it."""

    point: Point
    ran: Ran | None
    refused: str = ""

    def score(self, objective: str) -> float | None:
        return self.ran.scores[objective] if self.ran else None


Run = Callable[[Sequence[Point]], list[Trial]]


def runs(space: Space, base: Plan, evaluate: Evaluate) -> Run:
    """How points are run: the plan with each one's settings; refused ones not at all."""

    def run(points: Sequence[Point]) -> list[Trial]:
        wanted = asked(space, base.config, points)
        plans = [replace(base, config=each.config) for each in wanted if each.config is not None]
        done = iter(evaluate(plans))
        return [
            Trial(each.point, None if each.config is None else next(done), each.refused)
            for each in wanted
        ]

    return run


def grid(space: Space, run: Run) -> list[Trial]:
    """Every point, once."""
    return run(whole_grid(space))


def with_optuna(
    space: Space, run: Run, *, trials: int, objective: str, seed: int, batch: int = BATCH
) -> list[Trial]:
    """What a seeded tree-structured Parzen estimator asks for, in the order in which it did; a
    point that it asks for again is not run again and not counted again."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    known: dict[Point, Trial] = {}
    left = trials
    while left > 0 and len(known) < space.size:
        suggested = [study.ask() for _ in range(min(batch, left))]
        left -= len(suggested)
        points = [_point(space, each) for each in suggested]
        new = [point for point in dict.fromkeys(points) if point not in known]
        known |= {trial.point: trial for trial in run(new)}
        for each, point in zip(suggested, points, strict=True):
            score = known[point].score(objective)
            if score is None:
                # Refused, or without a trade: worse than anything that has a score.
                study.tell(each, state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(each, score)
    return list(known.values())


def _point(space: Space, suggested: "Suggested") -> Point:
    """Positions: of numbers as whole numbers, whose order the sampler learns from."""
    found = []
    for each in space.parameters:
        last = len(each.values) - 1
        if each.ordered:
            found.append(suggested.suggest_int(each.name, 0, last))
        else:
            found.append(suggested.suggest_categorical(each.name, list(range(last + 1))))
    return tuple(found)


def best_of(trials: Sequence[Trial], objective: str) -> Trial | None:
    """The one with the greatest score; of equals the first point of the space."""
    scored = [(score, trial) for trial in trials if (score := trial.score(objective)) is not None]
    if not scored:
        return None
    return max(scored, key=lambda each: (each[0], tuple(-at for at in each[1].point)))[1]
