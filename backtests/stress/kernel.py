"""Random paths, compiled: what a path draws, and what its equity comes to.

A draw is a pure function of seed, path and its number in the path (SplitMix64 in counter mode:
Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). So a path is the same
whatever chunk it is computed in, and alone: nothing is carried from one draw to the next.

A number below n is taken of 32 bits by multiplication (Lemire 2019, without rejection): some
numbers are drawn more often than others by at most n / 2**32 of their share.

All of it is in one file: what numba keeps compiled is keyed by the file of the function that is
called, and would miss a change in another one.
"""

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np

from backtests.stress.ledger import Ints
from engine.compiled import inner, njit

DAYS, TRADES, ORDER, AS_RUN = range(4)
"""What a path is made of: days drawn with replacement, trades drawn with replacement, the same
trades in another order, or the run itself."""

GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
STREAM: Final = np.uint64(0xD1342543DE82EF95)
_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_B: Final = np.uint64(0x94D049BB133111EB)


@inner
def mixed(z: Any) -> Any:
    """64 bits to 64 bits that look unrelated."""
    z = (z ^ (z >> np.uint64(30))) * _A
    z = (z ^ (z >> np.uint64(27))) * _B
    return z ^ (z >> np.uint64(31))


@inner
def key_of(seed: Any, path: Any) -> Any:
    """Where a path's draws begin."""
    return mixed(mixed(np.uint64(seed) + GAMMA) + np.uint64(path) * STREAM)


@inner
def below(key: Any, number: Any, n: Any) -> Any:
    """Draw `number` of a path: 0 to n - 1."""
    bits = mixed(key + np.uint64(number + 1) * GAMMA)
    return np.int64(((bits >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32))


@inner
def draw_days(key: Any, n: Any, block: Any, picked: Any) -> None:
    """Fill `picked` with days 0 to n - 1: each block of consecutive ones (the first follows the
    last) begins at a day that is drawn."""
    first = 0
    for d in range(len(picked)):
        if d % block == 0:
            first = below(key, d // block, n)
        picked[d] = (first + d % block) % n


@inner
def draw_path(
    key: Any, method: Any, block: Any, net: Any, starts: Any, picked: Any, seq: Any, ends: Any
) -> None:
    """Fill `seq` with the path's P&L, trade by trade, and `ends` with where each day's end.

    Days of a path are as many as `picked` is long. But for DAYS each has as many trades as the
    run's day in its place.
    """
    n, trades = len(starts) - 1, len(net)
    if method == DAYS:
        draw_days(key, n, block, picked)
    else:
        for d in range(len(picked)):
            picked[d] = d % n
    if method == ORDER:
        for i in range(trades):
            seq[i] = net[i]
    k = 0
    for d in range(len(picked)):
        for i in range(starts[picked[d]], starts[picked[d] + 1]):
            if method == TRADES:
                seq[k] = net[below(key, k, trades)]
            elif method == ORDER:
                other = k + below(key, k, trades - k)
                seq[k], seq[other] = seq[other], seq[k]
            else:
                seq[k] = net[i]
            k += 1
        ends[d] = k


@njit
def shuffled_sums(seed: int, first: int, net: Any, sizes: Any, out: Any) -> None:
    """For each row of `out`: `net` in a random order, cut into groups of `sizes`, their sums."""
    values = np.empty_like(net)
    for row in range(len(out)):
        key = key_of(seed, first + row)
        values[:] = net
        k = 0
        for group in range(len(sizes)):
            total = 0
            for _ in range(sizes[group]):
                other = k + below(key, k, len(net) - k)
                values[k], values[other] = values[other], values[k]
                total += values[k]
                k += 1
            out[row, group] = total


@njit
def days_drawn(seed: int, path: int, n: int, block: int, picked: Any) -> None:
    """The days of one path, as `walk` draws them."""
    draw_days(key_of(seed, path), n, block, picked)


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
def walk_drawn(
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
def walk_given(seq: Any, ends: Any, rules: Any, table: Any, depth: Any, fan: Any, p: int) -> None:
    depth[p] = _walk(seq, ends, rules, table[p], fan, p)
