"""The days of a walk-forward: a fold's best is chosen on its train days and run on its test days.

The days are cut into folds + 1 blocks of equal length, a longer one first. Fold k is tested on
block k + 1 and trained on all blocks before it (anchored) or on the one before (rolling). From the
end of the train days `purge` days are taken out, whose open levels, streak and tier still reach
into the test, and `embargo` more, for what the market itself remembers. Test days never overlap and
are never skipped: together they are one stretch.

Lopez de Prado, Advances in Financial Machine Learning, 2018, sections 7.4 and 12.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from backtests.sweeps.errors import SweepError

LEAST_TRAIN: Final = 5
LEAST_PURGE: Final = 1
"""An account and its unfinished levels carry from one day to the next."""


@dataclass(frozen=True)
class Fold:
    number: int
    train: tuple[date, ...]
    left_out: tuple[date, ...]
    test: tuple[date, ...]


def folds(
    days: Sequence[date],
    count: int,
    *,
    rolling: bool = False,
    purge: int = LEAST_PURGE,
    embargo: int = 0,
) -> tuple[Fold, ...]:
    """SweepError when the days are too few, or train days would reach into the test."""
    if count < 2:
        raise SweepError(f"--walk-forward {count}: at least 2 folds, to compare them")
    if purge < LEAST_PURGE:
        raise SweepError(
            f"--purge {purge}: at least {LEAST_PURGE}; account and unfinished levels carry from "
            "one day to the next"
        )
    if embargo < 0:
        raise SweepError(f"--embargo {embargo}: it cannot be negative")
    blocks = count + 1
    least = LEAST_TRAIN + purge + embargo
    length = len(days) // blocks
    if length < least:
        raise SweepError(
            f"{len(days)} days give {count} folds of {length} days; each needs {LEAST_TRAIN} to "
            f"train on and {purge + embargo} between: take at least {least * blocks} days, or "
            "fewer folds"
        )
    first = len(days) - length * count
    starts = [0, *(first + length * number for number in range(blocks))]
    found = []
    for number in range(count):
        begin, end, until = starts[number], starts[number + 1], starts[number + 2]
        cut = end - purge - embargo
        train = days[begin if rolling else 0 : cut]
        found.append(Fold(number + 1, tuple(train), tuple(days[cut:end]), tuple(days[end:until])))
    return tuple(found)
