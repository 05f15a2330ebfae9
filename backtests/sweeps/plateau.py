"""Whether the best point stands on a plateau or is a peak by itself, and the map around it.

A setting that works works about as well one step to either side. What stands alone was fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from backtests.sweeps.search import Trial
from backtests.sweeps.space import Point, Space

ISOLATED: Final = 1 / 3
WIDE: Final = 2 / 3
LEAST_POINTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """How the points one step from the best do. `score` is how much of the best's lead over the
    median point its median neighbour keeps: 1 as good as the best, 0 as good as any, below 0 worse.
    None when too few were run, or no point leads.

    `neighbours` counts those that exist, `run` those that were run, `refused` those that the
    configuration refuses.
    """

    score: float | None
    neighbours: int
    run: int
    refused: int
    best: float
    of_neighbours: float | None
    of_all: float
    says: str

    @property
    def isolated(self) -> bool:
        return self.score is not None and self.score < ISOLATED


def plateau(space: Space, trials: Sequence[Trial], best: Trial, objective: str) -> Plateau:
    """Of the trials' best, which has a score."""
    own = best.score(objective) or 0.0
    known = {trial.point: trial for trial in trials}
    around = space.neighbours(best.point)
    tried = [known[point] for point in around if point in known]
    refused = sum(1 for trial in tried if trial.refused)
    # One without a trade has no score and does no better than nothing.
    scores = [trial.score(objective) or 0.0 for trial in tried if not trial.refused]
    of_all = median(trial.score(objective) or 0.0 for trial in trials if not trial.refused)
    lead = own - of_all
    middle = median(scores) if scores else None
    enough = sum(1 for trial in trials if not trial.refused) >= LEAST_POINTS
    score = (middle - of_all) / lead if middle is not None and lead > 0 and enough else None
    return Plateau(
        score=score,
        neighbours=len(around),
        run=len(scores),
        refused=refused,
        best=own,
        of_neighbours=middle,
        of_all=of_all,
        says=_says(score, len(around), len(scores), lead)
        if enough
        else f"Fewer than {LEAST_POINTS} points: a plateau cannot be told from a peak.",
    )


def _says(score: float | None, around: int, ran: int, lead: float) -> str:
    if not around:
        return "No parameter has an order: there are no neighbours to compare with."
    if not ran:
        return f"None of the best point's {around} neighbours was run: it may be a peak by itself."
    if lead <= 0 or score is None:
        return "The best point is no better than the middle one: these parameters change nothing."
    seen = f"its neighbours keep {max(score, 0.0):.0%} of its lead over the middle point"
    if ran < around:
        seen += f" ({ran} of {around} were run)"
    if score < ISOLATED:
        return f"An isolated peak: {seen}. Expect it not to last."
    return f"{'A plateau' if score >= WIDE else 'A narrow peak'}: {seen}."


@dataclass(frozen=True)
class Slice:
    """Two parameters' values against each other, all others as at the best point. `scores` is
    rows (of `down`) of columns (of `across`); None where nothing was run or there is no score."""

    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    scores: tuple[tuple[float | None, ...], ...]
    best: tuple[int, int]


def slices(space: Space, trials: Sequence[Trial], best: Trial, objective: str) -> list[Slice]:
    """One for each pair of parameters that have more than one value; with a single such parameter
    one of a single row."""
    known = {trial.point: trial.score(objective) for trial in trials}
    axes = [at for at, each in enumerate(space.parameters) if len(each.values) > 1]
    if len(axes) == 1:
        across = space.parameters[axes[0]]
        row = tuple(known.get(_moved(best.point, {axes[0]: i})) for i in range(len(across.values)))
        return [Slice(across.name, "", across.values, ("",), (row,), (0, best.point[axes[0]]))]
    found = []
    for first, second in combinations(axes, 2):
        down, across = space.parameters[first], space.parameters[second]
        scores = tuple(
            tuple(
                known.get(_moved(best.point, {first: row, second: column}))
                for column in range(len(across.values))
            )
            for row in range(len(down.values))
        )
        at = (best.point[first], best.point[second])
        found.append(Slice(across.name, down.name, across.values, down.values, scores, at))
    return found


def _moved(point: Point, to: dict[int, int]) -> Point:
    return tuple(to.get(axis, at) for axis, at in enumerate(point))
