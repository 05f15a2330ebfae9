"""Equity along random paths, compiled: what each comes to, and where all of them are on the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np

from backtests.stress.draws import AS_RUN, DAYS, ORDER, TRADES, draw_path, key_of
from backtests.stress.errors import StressError
from backtests.stress.ledger import MOST_UNITS, Floats, Ints, Ledger
from engine.compiled import inner, njit

METHODS: Final = {"days": DAYS, "trades": TRADES, "order": ORDER}
MOST_PATHS: Final = 100_000
MARKS: Final = 100
"""In how many stretches the fan chart shows the way."""
MONTH: Final = 21
QUARTER: Final = 63
"""Trading days of a month, and of a quarter."""
NEVER: Final = -1


class Column(IntEnum):
    """Of each path. Balances and drawdowns (closed trades, from the highest balance so far, which
    begins with the opening one) in units; times in trading days."""

    FINAL = 0
    LOW = 1  # lowest balance, the opening one included
    DRAWDOWN = 2
    STREAK = 3  # most losses in a row; a trade of exactly 0 ends them, as in the account
    UNDER_WATER = 4  # longest stretch of days that end below the highest balance
    RECOVERY = 5  # from the bottom of the deepest drawdown to a new high; NEVER
    LOSING_MONTHS = 6
    LOSING_QUARTERS = 7
    LIMIT_DAYS = 8  # on which closed trades lost the day's limit


@inner
def _limit(balance: Any, rules: Any) -> Any:
    """The day's loss limit that the balance's tier has."""
    found = rules.tier_limit[0]
    for i in range(1, len(rules.tier_from)):
        if rules.tier_from[i] <= balance:
            found = rules.tier_limit[i]
    return found


class Rules(NamedTuple):
    """What every path has: its balance and the highest so far at the beginning, from which balance
    on which tier's daily loss limit holds, and the days after which its balance is noted."""

    opening: int
    high: int
    tier_from: Ints
    tier_limit: Ints
    marks: Ints


@inner
def _walk(seq: Any, ends: Any, rules: Any, row: Any, fan: Any, p: Any) -> Any:
    """One path's columns into `row`, its balances at the marks into column `p` of `fan`; the
    deepest drawdown as a part of the balance from which it came."""
    opening, marks = rules.opening, rules.marks
    balance = low = month = quarter = opening
    peak = rules.high
    drawdown = streak = longest = under = longest_under = 0
    months = quarters = limit_days = 0
    fell_from = trough = recovery = 0
    deep = 0.0
    k = mark = 0
    tightest = rules.tier_limit.min()
    if marks[0] == 0:
        fan[0, p] = opening
        mark = 1
    for d in range(len(ends)):
        day_pnl = 0
        limited = False
        while k < ends[d]:
            pnl = seq[k]
            k += 1
            balance += pnl
            day_pnl += pnl
            streak = (streak + 1) * (pnl < 0)
            longest = max(longest, streak)
            low = min(low, balance)
            peak = max(peak, balance)
            fall = peak - balance
            if fall > drawdown:
                drawdown, fell_from, trough, recovery = fall, peak, d, NEVER
            if fall > deep * peak:
                deep = fall / peak
            if day_pnl <= -tightest and not limited:
                limited = day_pnl <= -_limit(balance, rules)
        if recovery == NEVER and peak > fell_from:
            recovery = d - trough
        limit_days += limited
        under = under + 1 if balance < peak else 0
        longest_under = max(longest_under, under)
        if (d + 1) % MONTH == 0:
            months += balance < month
            month = balance
        if (d + 1) % QUARTER == 0:
            quarters += balance < quarter
            quarter = balance
        if marks[mark] == d + 1:
            fan[mark, p] = balance
            mark += 1
    row[Column.FINAL], row[Column.LOW], row[Column.DRAWDOWN] = balance, low, drawdown
    row[Column.STREAK], row[Column.UNDER_WATER] = longest, longest_under
    row[Column.RECOVERY], row[Column.LIMIT_DAYS] = recovery, limit_days
    row[Column.LOSING_MONTHS], row[Column.LOSING_QUARTERS] = months, quarters
    return deep


@njit
def _walk_drawn(
    seed: int, first: int, end: int, method: int, block: int, net: Any, starts: Any, days: int,
    longest: int, rules: Any, table: Any, depth: Any, fan: Any,
) -> None:  # fmt: skip
    picked = np.empty(days, np.int64)
    ends = np.empty(days, np.int64)
    seq = np.empty(longest, np.int64)
    for p in range(first, end):
        draw_path(key_of(seed, p), method, block, net, starts, picked, seq, ends)
        depth[p] = _walk(seq, ends, rules, table[p], fan, p)


@njit
def _walk_given(seq: Any, ends: Any, rules: Any, table: Any, depth: Any, fan: Any, p: int) -> None:
    depth[p] = _walk(seq, ends, rules, table[p], fan, p)


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
        _walk_given(seq, ends, rules, paths.table, paths.depth, paths.fan, p)
    return paths


def _walked(
    ledger: Ledger, method: int, paths: int, seed: int, block: int, days: int, chunk: int
) -> Paths:
    rules, found = _rules(ledger, days), _empty(paths, days)
    longest = int(np.diff(ledger.starts).max()) * days
    for first in range(0, paths, chunk):
        _walk_drawn(
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
