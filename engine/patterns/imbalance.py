"""Imbalances: one side's aggression against the other's, one price apart on the diagonal.

Buyers lift the ask at p while sellers hit the bid at p - 1: both prices trade in the same state of
the book, so the comparison is diagonal.
"""

from typing import Any

from engine.compiled import inner
from engine.names import Pattern
from engine.patterns.found import write

BUY, SELL = int(Pattern.BUY_IMBALANCE), int(Pattern.SELL_IMBALANCE)
STACKED_BUY, STACKED_SELL = int(Pattern.STACKED_BUY_IMBALANCE), int(Pattern.STACKED_SELL_IMBALANCE)


@inner
def mark(bid: Any, ask: Any, ratio: float, min_volume: int, buys: Any, sells: Any) -> None:
    """Set buys[k], sells[k] to the ratio where row k is imbalanced, else 0."""
    n = len(bid)
    for k in range(n):
        buys[k] = 0.0
        sells[k] = 0.0
        if k > 0 and ask[k] >= min_volume and ask[k] >= ratio * max(bid[k - 1], 1):
            buys[k] = ask[k] / max(bid[k - 1], 1)
        if k < n - 1 and bid[k] >= min_volume and bid[k] >= ratio * max(ask[k + 1], 1):
            sells[k] = bid[k] / max(ask[k + 1], 1)


@inner
def single(
    marks: Any, own: Any, other: Any, up: bool, low: int, step: int, found: Any, n: int
) -> int:
    """The strongest single imbalance of one side (`up`: buy) as one record."""
    best = -1
    count = 0
    for k in range(len(marks)):
        if marks[k] > 0:
            count += 1
            if (
                best < 0
                or marks[k] > marks[best]
                or (marks[k] == marks[best] and own[k] > own[best])
            ):
                best = k
    if best < 0:
        return n
    direction = 1 if up else -1
    return write(
        found, n, BUY if up else SELL, direction, low + best * step, min(marks[best] / 10.0, 1.0),
        own[best], other[best - direction], marks[best], count,
    )  # fmt: skip


@inner
def stacks(marks: Any, up: bool, at_least: int, low: int, step: int, found: Any, n: int) -> int:
    """Every maximal run of `at_least` or more adjacent imbalances of one side."""
    k = 0
    rows = len(marks)
    while k < rows:
        if marks[k] == 0:
            k += 1
            continue
        first = k
        while k < rows and marks[k] > 0:
            k += 1
        count = k - first
        if count >= at_least:
            bottom = low + first * step
            top = low + (k - 1) * step
            n = write(
                found, n, STACKED_BUY if up else STACKED_SELL, 1 if up else -1,
                bottom if up else top, min(count / 5.0, 1.0), bottom, top, count, 0.0,
            )  # fmt: skip
    return n


@inner
def imbalances(
    bid: Any, ask: Any, low: int, step: int, rules: Any, buys: Any, sells: Any, found: Any, n: int
) -> int:
    """All imbalance patterns of a bar; `buys` and `sells` are the marks of its rows."""
    n = single(buys, ask, bid, True, low, step, found, n)
    n = single(sells, bid, ask, False, low, step, found, n)
    n = stacks(buys, True, rules.stack_levels, low, step, found, n)
    return stacks(sells, False, rules.stack_levels, low, step, found, n)


@inner
def marked(marks: Any, low: int, step: int, prices: Any) -> int:
    """Put the marked rows' prices, ascending, into `prices`; how many."""
    n = 0
    for k in range(len(marks)):
        if marks[k] > 0:
            prices[n] = low + k * step
            n += 1
    return n
