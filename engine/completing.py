"""Which trade of a bar completed a pattern.

A pattern is complete from the trade on from which it held in every prefix of the bar's trades up
to the close: the same pattern, direction and price, found by the functions that found it at the
close. So a single imbalance counts from when it was the strongest of its side, and what only the
close can complete (absorption by the close's position, divergence by the bar's delta) falls out of
the same rule.
"""

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt

from engine.closing import rows_of
from engine.compiled import inner, njit
from engine.errors import InputError
from engine.events import Bar, Details, Signal
from engine.indicators import HISTORY
from engine.names import Pattern
from engine.patterns import FOUND, details_of
from engine.patterns.absorption import absorptions
from engine.patterns.divergence import divergences
from engine.patterns.exhaustion import exhaustions
from engine.patterns.imbalance import imbalances, mark
from engine.patterns.unfinished import revisited, unfinished
from engine.ticks import TickColumns

SHOWN: Final = 5
"""Trades shown: the completing one and those before it at the rows concerned."""
ROOM: Final = 16  # records of a bar that are no stacks
LAST_IMBALANCE, LAST_EXHAUSTION = (
    int(Pattern.STACKED_SELL_IMBALANCE),
    int(Pattern.SELLING_EXHAUSTION),
)
LAST_ABSORPTION = int(Pattern.BUYING_ABSORPTION)
LAST_DIVERGENCE = int(Pattern.BULLISH_DELTA_DIVERGENCE)
LAST_UNFINISHED = int(Pattern.UNFINISHED_LOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """A trade of the bar and what it changed: the volume of its side in its row, and the delta.

    `number` counts the bar's trades from 1; `row` is the row's price; volumes are lots.
    """

    number: int
    ts: int
    price: int
    size: int
    side: int
    row: int
    before: int
    after: int
    delta: int
    completing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """`number` is the completing trade's, of `trades` in the bar; `strength` and `details` are the
    pattern's with that trade. Rows `low` to `high` (prices) are those that the pattern is made of;
    `prints` are the last trades in them, in order, ending with the completing one."""

    number: int
    trades: int
    strength: float
    details: Details
    low: int
    high: int
    prints: tuple[Print, ...]

    @property
    def at_the_close(self) -> bool:
        """Whether the bar's last trade completed it."""
        return self.number == self.trades


@inner
def _family(
    pattern: int, levels: Any, low: int, close: int, history: Any, memory: Any, rules: Any,
    found: Any,
) -> int:  # fmt: skip
    """Find the pattern's family in a bar of these dense levels; how many records."""
    step = rules.row_ticks
    bid, ask, total, base = rows_of(levels, low, step)
    if pattern <= LAST_IMBALANCE:
        buys, sells = np.empty(len(bid)), np.empty(len(bid))
        mark(bid, ask, rules.ratio, rules.min_volume, buys, sells)
        return imbalances(bid, ask, base, step, rules, buys, sells, found, 0)
    if pattern <= LAST_EXHAUSTION:
        return exhaustions(bid, ask, base, step, rules, found, 0)
    if pattern <= LAST_ABSORPTION:
        wide = len(levels) - 1
        position = 0.5 if wide == 0 else (close - low) / wide
        return absorptions(bid, ask, total, base, step, position, rules, found, 0)
    if pattern <= LAST_DIVERGENCE:
        return divergences(history, len(history) - 1, rules, found, 0)
    if pattern <= LAST_UNFINISHED:
        return unfinished(bid, ask, base, step, rules, found, 0)
    held = memory.copy()
    n, _ = revisited(total, base, step, held, len(held), found, 0)
    return int(n)


@inner
def _matching(found: Any, n: int, pattern: int, direction: int, price: int) -> int:
    """Index of the record that is the one looked for, or -1."""
    for k in range(n):
        f = found[k]
        if f.pattern == pattern and f.direction == direction and f.price == price:
            return k
    return -1


@njit
def _complete_from(
    price: Any, size: Any, side: Any, low: int, levels: Any, history: Any, memory: Any,
    rules: Any, found: Any, pattern: int, direction: int, at: int, best: Any,
) -> int:  # fmt: skip
    """Index of the completing trade; the number of trades if the whole bar has no such pattern.

    `levels` (zeros) has room for the bar from `low` on, `history` ends with the bar's row; both are
    written. `best[0]` becomes the record at the completing trade.
    """
    count = len(price)
    last = history[len(history) - 1]
    delta = 0
    for k in range(count):
        levels[price[k] - low, side[k] + 1] += size[k]
        delta += np.int64(side[k]) * size[k]
    first, end = 0, len(levels)
    k = count
    while k > 0:
        last.high, last.low, last.delta = low + end - 1, low + first, delta
        n = _family(
            pattern, levels[first:end], low + first, price[k - 1], history, memory, rules, found
        )
        here = _matching(found, n, pattern, direction, at)
        if here < 0:
            return k
        best[0] = found[here]
        k -= 1
        levels[price[k] - low, side[k] + 1] -= size[k]
        delta -= np.int64(side[k]) * size[k]
        while k > 0 and levels[first].sum() == 0:
            first += 1
        while k > 0 and levels[end - 1].sum() == 0:
            end -= 1
    return 0


def completion(
    signal: Signal,
    bar: Bar,
    ticks: TickColumns,
    before: list[tuple[int, int, int]],
    rules: npt.NDArray[np.void],
) -> Completion:
    """When the trades of a bar had made a signal of it.

    `ticks` are the bar's good trades, `before` high, low and delta of the trading day's bars before
    it (the last few are enough), `rules` a `compiled_rules` record. InputError if the trades are
    not the bar's or the bar has no such pattern.
    """
    count = len(ticks.ts)
    if count != bar.trades or int(ticks.size.sum()) != bar.volume:
        raise InputError(
            f"bar {bar.start} has {bar.trades} trades and {bar.volume} lots, not "
            f"{count} and {ticks.size.sum()}"
        )
    step = int(rules[0]["row_ticks"])
    kept = before[-int(rules[0]["divergence_bars"]) :]
    history = np.zeros(len(kept) + 1, HISTORY)
    for name, column in zip(("high", "low", "delta"), zip(*kept, strict=True), strict=False):
        history[name][:-1] = column
    width = bar.high - bar.low + 1
    found, best = np.zeros(width + ROOM, FOUND), np.zeros(1, FOUND)
    index: int = _complete_from(
        ticks.price, ticks.size, ticks.side, bar.low, np.zeros((width, 3), np.int64), history,
        np.array([[signal.price, signal.direction]], np.int64), rules[0], found,
        int(signal.pattern), signal.direction, signal.price, best,
    )  # fmt: skip
    if index == count:
        raise InputError(f"bar {bar.start} has no {signal.pattern.name} at {signal.price}")
    low, high = concerned(signal, bar, step, int(rules[0]["absorption_levels"]))
    return Completion(
        number=index + 1,
        trades=count,
        strength=float(best[0]["strength"]),
        details=details_of(signal.pattern, best[0]["details"].tolist()),
        low=low,
        high=high,
        prints=_prints(ticks, index, low, high, step),
    )


def concerned(signal: Signal, bar: Bar, step: int, absorption_levels: int) -> tuple[int, int]:
    """The lowest and highest row (prices) that a signal is made of; of divergence the whole bar."""
    bottom, top = bar.low // step * step, bar.high // step * step
    price, pattern = signal.price, signal.pattern
    figures = cast(dict[str, int], signal.details)
    depth = (absorption_levels - 1) * step
    match pattern:
        case Pattern.BUY_IMBALANCE:
            return price - step, price
        case Pattern.SELL_IMBALANCE:
            return price, price + step
        case Pattern.STACKED_BUY_IMBALANCE:
            return figures["low"] - step, figures["high"]
        case Pattern.STACKED_SELL_IMBALANCE:
            return figures["low"], figures["high"] + step
        case Pattern.BUYING_EXHAUSTION:
            return price - (figures["levels"] - 1) * step, price
        case Pattern.SELLING_EXHAUSTION:
            return price, price + (figures["levels"] - 1) * step
        case Pattern.SELLING_ABSORPTION:
            return max(top - depth, bottom), top
        case Pattern.BUYING_ABSORPTION:
            return bottom, min(bottom + depth, top)
        case Pattern.BEARISH_DELTA_DIVERGENCE | Pattern.BULLISH_DELTA_DIVERGENCE:
            return bottom, top
        case _:
            return price, price


def _prints(ticks: TickColumns, index: int, low: int, high: int, step: int) -> tuple[Print, ...]:
    """The completing trade and the last ones before it in rows low to high."""
    rows = ticks.price.astype(np.int64) // step * step
    inside = np.flatnonzero((rows[:index] >= low) & (rows[:index] <= high))
    sizes = ticks.size.astype(np.int64)
    deltas = np.cumsum(sizes * ticks.side)
    shown = []
    for k in [*inside[1 - SHOWN :].tolist(), index]:
        same = (rows[: k + 1] == rows[k]) & (ticks.side[: k + 1] == ticks.side[k])
        after = int(sizes[: k + 1][same].sum())
        shown.append(
            Print(
                number=k + 1, ts=int(ticks.ts[k]), price=int(ticks.price[k]), size=int(sizes[k]),
                side=int(ticks.side[k]), row=int(rows[k]), before=after - int(sizes[k]),
                after=after, delta=int(deltas[k]), completing=k == index,
            )
        )  # fmt: skip
    return tuple(shown)
