"""Ticks that could have made a minute bar. They are synthetic: no such trades took place.

>>> ticks = minute_ticks(Minute(0, 100, 104, 99, 101, 5_000, 40), "SPY", seed=1)
>>> ticks.price[[0, -1]].tolist(), ticks.price.max(), ticks.price.min(), ticks.size.sum()
([100, 101], 104, 99, 5000)

What is always so, for every minute: the first price is its open, the last its close, the highest
its high, the lowest its low, the sizes sum to its volume, and all times lie within it, in order.
What is so where the bar can have it: as many ticks as it had transactions, and its VWAP (to the
share, unless the prices in between leave no room).

The method, integers throughout:

1. The price goes from the open by way of high and low to the close. The low comes first three times
   in four when the minute rose, the high when it fell.
2. Between those it follows the straight line, plus a random walk of at most a third of the minute's
   range that is zero at both ends, plus a step of a tick between bid and ask; never past high or
   low.
3. Times are uniform. Sizes are mostly equal with a few large ones, then shares are moved between
   dear and cheap ticks until the VWAP is right.
4. The aggressor is the tick rule's, from the prices of this minute alone.

A minute's ticks depend on seed, symbol, minute and bar alone: not on the days or minutes before it,
nor on how they are read. `METHOD` is a part of the random numbers' key and changes when this does.
The numbers are PCG64's raw output, which numpy keeps the same between versions.
"""

from bisect import bisect_right
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.ticks import NS, TickColumns
from marketdata.sides import TickRule

METHOD: Final = 1
MINUTE_NS: Final = 60 * NS
MOST_TICKS: Final = 50_000
"""A minute never has more; the busiest of SPY have some ten thousand transactions."""
SHARES_A_TICK: Final = 100
"""Where the number of transactions is not known."""
SHORTEST_LEG: Final = 10
"""A tenth of the minute lies between two of open, high, low and close: less would be a leap."""
WEIGHTS: Final = np.array([1] * 9 + [2] * 3 + [4, 4, 8, 20], np.int64)
"""Of sizes, by four random bits; six more make each half to one and a half times as large."""

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


class Minute(NamedTuple):
    """A bar: start in UTC ns, prices in ticks, volume in lots. `transactions` 0 and `notional` None
    are unknown; `notional` is VWAP times volume, in ticks times lots."""

    ts: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    transactions: int = 0
    notional: int | None = None

    @property
    def needed(self) -> int:
        """The fewest ticks that can make this bar."""
        between = len({self.high, self.low} - {self.open, self.close})
        return 1 if self.open == self.close and not between else 2 + between

    @property
    def possible(self) -> bool:
        """Whether any trades can have made it."""
        inside = self.low <= self.open <= self.high and self.low <= self.close <= self.high
        return inside and self.low > 0 and self.volume >= self.needed


def minute_ticks(minute: Minute, symbol: str, seed: int) -> TickColumns:
    """The ticks of a minute that is `possible`."""
    count = _count(minute)
    key = [METHOD, seed, minute.ts // MINUTE_NS, *symbol.encode()]
    random = np.random.PCG64(np.random.SeedSequence(key))
    choices = random.random_raw(8).astype(np.uint64)
    price = _prices(minute, count, choices, random.random_raw(count))
    size = _sizes(minute.volume, random.random_raw(count))
    if minute.notional is not None:
        size = _steered(price, size, minute.notional)
    ts = minute.ts + np.sort((random.random_raw(count) % np.uint64(MINUTE_NS)).astype(np.int64))
    price32 = price.astype(np.int32)
    side = TickRule()(price32)
    side[side == 0] = 1 if choices[7] & np.uint64(1) else -1  # before the first change
    return TickColumns(ts, price32, size.astype(np.int32), side)


def _count(minute: Minute) -> int:
    wanted = minute.transactions or minute.volume // SHARES_A_TICK
    return max(minute.needed, min(wanted, minute.volume, MOST_TICKS))


# Prices


def _prices(minute: Minute, count: int, choices: Words, words: Words) -> Ints:
    at, through = _waypoints(minute, count, choices)
    if count == 1:
        return through
    number = np.arange(count)
    leg = np.minimum(np.searchsorted(at, number, "right") - 1, len(at) - 2)
    done, length = number - at[leg], at[leg + 1] - at[leg]
    line = through[leg] + (through[leg + 1] - through[leg]) * done // length
    walk = np.cumsum((words % np.uint64(3)).astype(np.int64) - 1)
    walk -= walk[at[leg]] + (walk[at[leg + 1]] - walk[at[leg]]) * done // length
    peak, most = int(np.abs(walk).max()), -(-(minute.high - minute.low) // 3)
    if peak > most:
        walk = walk * most // peak
    at_ask = np.cumsum(words >> np.uint64(62) == 0) % 2  # changes every fourth time
    price = np.clip(line + walk + at_ask, minute.low, minute.high)
    price[at] = through
    return np.asarray(price, np.int64)


def _waypoints(minute: Minute, count: int, choices: Words) -> tuple[Ints, Ints]:
    """Numbers of the ticks whose price is given, and those prices."""
    if count == 1:
        return np.zeros(1, np.int64), np.array([minute.open])
    rose = minute.close - minute.open
    usual = int(choices[0] % np.uint64(4)) < (3 if rose else 2)
    low_first = usual if rose >= 0 else not usual
    extremes = (minute.low, minute.high) if low_first else (minute.high, minute.low)
    ends = (minute.open, minute.close)
    between = [price for price in dict.fromkeys(extremes) if price not in ends]
    shortest = max(1, (count - 1) // SHORTEST_LEG)
    free = count - 1 - (len(between) + 1) * shortest
    drawn = sorted(word % (free + 1) for word in choices[1 : 1 + len(between)].tolist())
    at = [0, *(shortest * k + word for k, word in enumerate(drawn, 1)), count - 1]
    return np.array(at), np.array([minute.open, *between, minute.close])


# Sizes


def _sizes(volume: int, words: Words) -> Ints:
    """At least one each, in all `volume`."""
    bits = (words & np.uint64(1023)).astype(np.int64)
    weights = WEIGHTS[bits & 15] * (32 + (bits >> 4))
    return 1 + _apportioned(weights, volume - len(words))


def _apportioned(weights: Ints, total: int) -> Ints:
    """`total` as whole parts in proportion to the weights; never more than a weight while the total
    is not more than their sum."""
    sums = np.cumsum(weights)
    if not total:
        return np.zeros(len(weights), np.int64)
    whole, rest = divmod(total, int(sums[-1]))
    parts: Ints = np.diff(rest * sums // sums[-1], prepend=0)
    return whole * weights + parts


def _steered(price: Ints, size: Ints, notional: int) -> Ints:
    """Sizes of the same sum, each still at least one, with the sum of price * size nearest to
    `notional`."""
    order = np.argsort(price, kind="stable")
    levels, starts = np.unique(price[order], return_index=True)
    spare = size[order] - 1  # what can be moved
    missing = notional - int((price * size).sum())
    missing -= _shift(price[order], spare, missing)
    held = np.add.reduceat(spare, starts)
    wanted = _levelled(levels.tolist(), held.tolist(), missing)
    ends = [*starts[1:].tolist(), len(order)]
    for k in np.flatnonzero(np.array(wanted) != held).tolist():
        level = slice(int(starts[k]), ends[k])
        spare[level] = _apportioned(spare[level] + 1, wanted[k])
    steered = np.empty_like(size)
    steered[order] = spare + 1
    return steered


def _shift(price: Ints, spare: Ints, missing: int) -> int:
    """Move spare shares (in place) from the cheaper to the dearer half of the sorted ticks, or
    back, in proportion, until about `missing` is gained. Returns the gain."""
    half = int(np.searchsorted(price, (int(price[0]) + int(price[-1])) // 2, "right"))
    low, high = slice(half), slice(half, None)
    source, target = (low, high) if missing > 0 else (high, low)
    if not len(spare[high]) or not spare[source].any() or not missing:
        return 0
    before = int((price * spare).sum())
    weights = spare[target] + 1
    held, room = int(spare[source].sum()), int(weights.sum())
    # What a share gains in the mean, times held times room.
    gain = int((price[target] * weights).sum()) * held
    gain -= int((price[source] * spare[source]).sum()) * room
    moved = min(held, missing * held * room // gain)
    spare[target] += _apportioned(weights, moved)
    spare[source] -= _apportioned(spare[source], moved)
    return int((price * spare).sum()) - before


def _levelled(levels: list[int], held: list[int], missing: int) -> list[int]:
    """Shares by level after moving as few levels' shares as it takes to gain `missing`."""
    if missing < 0:
        mirrored = _levelled([-level for level in reversed(levels)], held[::-1], -missing)
        return mirrored[::-1]
    held = held.copy()
    for k, level in enumerate(levels):
        while held[k] and (up := bisect_right(levels, level + missing) - 1) > k:
            step = levels[up] - level
            moved = min(held[k], missing // step)
            held[k] -= moved
            held[up] += moved
            missing -= moved * step
    return held
