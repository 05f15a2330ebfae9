"""Many random paths of a run: what each comes to, and where all of them are on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from backtests.stress.errors import StressError
from backtests.stress.kernel import (
    AS_RUN,
    DAYS,
    ORDER,
    TRADES,
    Column,
    Rules,
    walk_drawn,
    walk_given,
)
from backtests.stress.ledger import MOST_UNITS, Floats, Ints, Ledger

METHODS: Final = {"days": DAYS, "trades": TRADES, "order": ORDER}
MOST_PATHS: Final = 100_000
MARKS: Final = 100
"""In how many stretches the fan chart shows the way."""


@dataclass(frozen=True, eq=False)
class Paths:
    """`table` has a row a path and a column each of `Column`, `depth` the deepest drawdown as a
    part of the highest balance before it, `fan` a row each of `marks` (days gone by)."""

    days: int
    marks: Ints
    table: Ints
    depth: Floats
    fan: Ints

    def __len__(self) -> int:
        return len(self.table)

    def column(self, column: Column) -> Ints:
        """One of the columns."""
        found: Ints = self.table[:, column]
        return found


def walk(
    ledger: Ledger, method: str, *, paths: int, seed: int, block: int = 1, days: int | None = None,
    chunk: int = 2_000,
) -> Paths:  # fmt: skip
    """`paths` random paths of `days` (the run's many) that begin with the run's opening balance.

    `block` is how many consecutive days are drawn together. The same for any `chunk`.
    """
    days = len(ledger.days) if days is None else days
    _check(ledger, method, paths, seed, block, days)
    return _walked(ledger, METHODS[method], paths, seed, block, days, chunk)


def as_run(ledger: Ledger) -> Paths:
    """The run itself as the only path."""
    return _walked(ledger, AS_RUN, 1, 0, 1, len(ledger.days), 1)


def along(ledger: Ledger, days: int, sequences: Sequence[tuple[Ints, Ints]]) -> Paths:
    """The paths of given P&L, trade by trade, and where each of `days` days ends in it."""
    rules, paths = _rules(ledger, days), _empty(len(sequences), days)
    for p, (seq, ends) in enumerate(sequences):
        walk_given(seq, ends, rules, paths.table, paths.depth, paths.fan, p)
    return paths


def _walked(
    ledger: Ledger, method: int, paths: int, seed: int, block: int, days: int, chunk: int
) -> Paths:
    rules, found = _rules(ledger, days), _empty(paths, days)
    longest = int(np.diff(ledger.starts).max()) * days
    for first in range(0, paths, chunk):
        walk_drawn(
            seed, first, min(first + chunk, paths), method, block, ledger.net, ledger.starts,
            days, longest, rules, found.table, found.depth, found.fan,
        )  # fmt: skip
    return found


def _rules(ledger: Ledger, days: int) -> Rules:
    risk = ledger.config.risk
    limits = [min(risk.loss_limit_units, tier.loss_limit_units) for tier in risk.tiers]
    return Rules(
        ledger.opening,
        ledger.peak,
        np.array([tier.min_balance_units for tier in risk.tiers], np.int64),
        np.array(limits, np.int64),
        _marks(days),
    )


def _marks(days: int) -> Ints:
    marks: Ints = np.unique(np.linspace(0, days, MARKS + 1).round().astype(np.int64))
    return marks


def _empty(paths: int, days: int) -> Paths:
    marks = _marks(days)
    return Paths(
        days, marks, np.zeros((paths, len(Column)), np.int64), np.zeros(paths),
        np.zeros((len(marks), paths), np.int64),
    )  # fmt: skip


def _check(ledger: Ledger, method: str, paths: int, seed: int, block: int, days: int) -> None:
    if method not in METHODS:
        raise StressError(f"method is {method!r}; it is one of {', '.join(METHODS)}")
    _between("the number of paths", paths, 1, MOST_PATHS)
    _between("seed", seed, 0, 2**63 - 1)
    _between("block", block, 1, len(ledger.days), "; the run has no more days")
    _between("horizon", days, 1, 10_000)
    most = int(np.diff(ledger.starts).max()) * days * int(np.abs(ledger.net).max(initial=0))
    if most + abs(ledger.opening) > MOST_UNITS:
        raise StressError("the run's amounts are too large to be added up along a path")
    if method == "order" and days != len(ledger.days):
        raise StressError(
            f"another order of the run's trades has its {len(ledger.days)} days, not {days}; "
            "resample days or trades for another horizon"
        )


def _between(what: str, value: int, low: int, high: int, why: str = "") -> None:
    if not low <= value <= high:
        raise StressError(f"{what} is {value}; it must be {low} to {high}{why}")
