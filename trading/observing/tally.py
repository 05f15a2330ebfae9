"""Durations in buckets.

One thread or task adds, with two clock readings and a look into a table of a dozen numbers; any
may read. What a reader sees may lack the newest addition, and never more than that.
"""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

NS: Final = 1_000_000_000

MICRO: Final = tuple(
    int(microseconds * 1000)
    for microseconds in (2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 5e4, 1e5, 1e6)
)
"""2 microseconds to a second, ns: what is done in memory."""
MILLI: Final = tuple(
    int(milliseconds * 1_000_000)
    for milliseconds in (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4)
)
"""A fifth of a millisecond to half a minute, ns: what waits for a disk or a network."""


class Tally:
    """`bounds`: the buckets' upper ends, ns, ascending; what is above all is counted too."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[int] = MICRO) -> None:
        self.bounds = bounds
        self.clear()

    def add(self, ns: int) -> None:
        self.counts[bisect_left(self.bounds, ns)] += 1
        self.total += ns

    def clear(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0

    @property
    def count(self) -> int:
        return sum(self.counts)

    def buckets(self) -> tuple[list[tuple[str, float]], float]:
        """What Prometheus calls a histogram: how many took at most so many seconds, by seconds, and
        the sum of all in seconds."""
        counts, total = list(self.counts), self.total
        buckets, so_far = [], 0
        for bound, count in zip(self.bounds, counts, strict=False):
            so_far += count
            buckets.append((f"{bound / NS:g}", float(so_far)))
        return [*buckets, ("+Inf", float(so_far + counts[-1]))], total / NS
