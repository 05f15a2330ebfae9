"""Volume profile: point of control and value area of a bar's dense levels.

The value area is the market-profile method: pairs of prices from the POC outwards until 70 % of
the volume is in (Steidlmayer; CBOT Market Profile handbook), not the busiest prices by rank.
"""

from bisect import bisect_right
from itertools import count, repeat
from math import sqrt
from operator import mul
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.compiled import inner, njit
from engine.ticks import MAX_LADDER

Volumes = npt.NDArray[np.int64]


@njit
def point_of_control(total: Any) -> int:
    """Index of the most volume; of equals the nearest to the middle, then the lower."""
    best = 0
    last = len(total) - 1
    for k in range(1, len(total)):
        nearer = abs(2 * k - last) < abs(2 * best - last)
        if total[k] > total[best] or (total[k] == total[best] and nearer):
            best = k
    return best


@njit
def value_area(total: Any, poc: int) -> Any:
    """Indices (low, high) of the 70 % value area around `poc`."""
    n = len(total)
    volume = total.sum()
    inside = total[poc]
    low = high = poc
    while 10 * inside < 7 * volume:
        above = 0
        below = 0
        for step in range(1, 3):
            if high + step < n:
                above += total[high + step]
            if low - step >= 0:
                below += total[low - step]
        if (above >= below and high < n - 1) or low == 0:
            inside += above
            high = min(high + 2, n - 1)
        else:
            inside += below
            low = max(low - 2, 0)
    return low, high


@inner
def spread(total: Any, low: int, reference: int) -> float:
    """Sum of volume * (price - reference)^2, ticks squared: what VWAP bands are made of.

    In float64: the squares of a busy day of fine ticks pass 64 bits, and bands are an indicator.
    """
    squares = 0.0
    for k in range(len(total)):
        squares += total[k] * float(low + k - reference) ** 2
    return squares


def deviation(notional: int, volume: int, squares: float, reference: int) -> float:
    """Volume-weighted standard deviation around the VWAP, in ticks."""
    mean = notional / volume - reference
    return sqrt(max(squares / volume - mean * mean, 0.0))


def nodes(total: Volumes) -> tuple[Volumes, Volumes]:
    """Indices of high and low volume nodes: local maxima and minima of the volume averaged over
    three prices. A plateau counts once, at its middle; the ends of the profile are no nodes."""
    if len(total) < 3:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    padded = np.concatenate([[0], total, [0]])
    smooth = 2 * (padded[:-2] + padded[1:-1] + padded[2:])  # six times the mean
    smooth[[0, -1]] = smooth[[0, -1]] // 2 * 3  # at the ends of two prices
    starts = np.flatnonzero(np.concatenate([[True], smooth[1:] != smooth[:-1]]))
    ends = np.concatenate([starts[1:], [len(smooth)]]) - 1
    level = smooth[starts]
    inner = slice(1, -1)
    rises, falls = level[1:-1] > level[:-2], level[1:-1] > level[2:]
    middle = (starts + ends)[inner] // 2
    return middle[rises & falls], middle[~rises & ~falls]


class Vwap(NamedTuple):
    """Volume-weighted average price, exact as notional / volume, and its standard deviation.

    Prices in ticks; the deviation is the population's, weighted by volume.
    """

    notional: int
    volume: int
    deviation: float

    @property
    def price(self) -> float:
        return self.notional / self.volume

    def band(self, deviations: float) -> tuple[float, float]:
        """The prices so many standard deviations below and above."""
        return (
            self.price - deviations * self.deviation,
            self.price + deviations * self.deviation,
        )


@njit
def _gather(levels: Any, low: int, volumes: Any) -> None:
    """Add levels of int64 [n, 4] to volumes from price `low` up."""
    for k in range(len(levels)):
        row = levels[k, 0] - low
        for column in range(3):
            volumes[row, column] += levels[k, column + 1]


class Profile:
    """Volume by price over any stretch: a session, a day, a composite of days.

    It is at most MAX_LADDER prices wide, as a bar is. Where volume lies further apart (a bad first
    tick, a market that was quoted anew) what is too far from the busiest price is left out.

    >>> profile = Profile()
    >>> profile.add(np.array([[100, 5, 7, 0], [101, 2, 9, 1]]))
    >>> profile.low, profile.total.tolist()
    (100, [12, 12])
    """

    def __init__(self) -> None:
        self.low = 0
        self.volumes = np.zeros((0, 3), np.int64)

    def add(self, levels: Volumes) -> None:
        """Take levels as a bar publishes them: int64 [n, 4] of price, bid, ask, unknown."""
        if not len(levels):
            return
        low, high = int(levels[:, 0].min()), int(levels[:, 0].max())
        if len(self.volumes):
            high = max(high, self.low + len(self.volumes) - 1)
            low = min(low, self.low)
        if high - low >= MAX_LADDER:
            self._keep_near(np.concatenate([self.levels, levels]))
            return
        wider = np.zeros((high - low + 1, 3), np.int64)
        wider[self.low - low : self.low - low + len(self.volumes)] = self.volumes
        _gather(levels, low, wider)
        self.low, self.volumes = low, wider

    def _keep_near(self, levels: Volumes) -> None:
        """Begin anew with what is near the price with the most volume, of equals the lowest."""
        prices, which = np.unique(levels[:, 0], return_inverse=True)
        volume = np.zeros(len(prices), np.int64)
        np.add.at(volume, which, levels[:, 1:].sum(axis=1))
        busiest = int(prices[volume.argmax()])
        self.low, self.volumes = 0, np.zeros((0, 3), np.int64)
        self.add(levels[np.abs(levels[:, 0] - busiest) < MAX_LADDER // 2])

    @property
    def total(self) -> Volumes:
        """Volume at each price from `low` up."""
        summed: Volumes = self.volumes.sum(axis=1)
        return summed

    @property
    def levels(self) -> Volumes:
        """int64 [n, 4]: price, bid, ask, unknown; only prices that traded."""
        traded = np.flatnonzero(self.total)
        return np.column_stack([traded + self.low, self.volumes[traded]])

    def summary(self) -> tuple[int, int, int]:
        """POC, VAH and VAL in ticks. The profile must not be empty."""
        total = self.total
        poc = point_of_control(total)
        low, high = value_area(total, poc)
        return self.low + int(poc), self.low + int(high), self.low + int(low)

    def vwap(self) -> Vwap | None:
        """Of all its volume; None without any."""
        total: list[int] = self.total.tolist()
        volume = sum(total)
        if not volume:
            return None
        above = sum(map(mul, total, count()))  # whole numbers of any length
        squares = sum(map(mul, total, map(pow, count(), repeat(2))))
        variance = (volume * squares - above * above) / (volume * volume)
        return Vwap(self.low * volume + above, volume, sqrt(variance))


class DayVolume:
    """The levels of a trading day's closed bars, from which a profile may begin anywhere."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._levels: list[Volumes] = []

    def add(self, end: int, levels: Volumes) -> None:
        """The next bar, its levels as published."""
        self._ends.append(end)
        self._levels.append(levels)

    def profile(self, after: int, to: int | None = None) -> Profile:
        """Of the bars that ended after `after` and not after `to` (UTC ns; None: of all since)."""
        first = bisect_right(self._ends, after)
        last = len(self._ends) if to is None else bisect_right(self._ends, to)
        profile = Profile()
        if first < last:
            profile.add(np.concatenate(self._levels[first:last]))
        return profile
