"""A feed at a speed: the same ticks, when they are due."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ticks import NS, TickColumns, joined
from tests.trading.days import DAY, TickFeed, ticks
from trading.pacing import LONGEST_WAIT_S, SHORTEST_WAIT_S, Paced


class Clock:
    """Wall time that only passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0
        self.slept: list[float] = []

    def wall(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += int(Decimal(seconds) * NS)


def paced(feed: TickFeed, speed: float) -> tuple[Paced, Clock]:
    clock = Clock()
    return Paced(feed, speed, wall=clock.wall, sleep=clock.sleep), clock


@pytest.mark.parametrize("speed", [1, 100, 3_000])
def test_ticks_come_when_they_are_due_and_are_the_same(speed: float) -> None:
    whole = ticks(DAY)
    first = TickColumns(*(column[:2_000] for column in whole))
    feed, clock = paced(TickFeed([first]), speed)
    blocks, late = [], []
    for block in feed.blocks():
        blocks.append(block)
        late.append(clock.now - (block.ts - first.ts[0]) / speed)
    assert all(np.array_equal(a, b) for a, b in zip(joined(blocks), first, strict=True))
    assert min(map(min, late)) >= -1  # none too early, to the nanosecond that floats lose
    assert max(map(max, late)) <= LONGEST_WAIT_S * NS
    assert all(SHORTEST_WAIT_S <= wait <= LONGEST_WAIT_S for wait in clock.slept)
    assert feed.info is feed.feed.info
    assert (feed.counts, feed.progress) == (feed.feed.counts, feed.feed.progress)


@given(st.lists(st.integers(-NS, 20 * NS), min_size=1, max_size=50), st.integers(1, 20))
def test_ticks_that_arrive_late_keep_their_place(steps: list[int], most: int) -> None:
    ts = np.cumsum(np.array(steps, np.int64)) + 1_700_000_000 * NS
    ones = np.ones(len(ts))
    block = TickColumns(ts, ones.astype(np.int32), ones.astype(np.int32), ones.astype(np.int8))
    feed, _ = paced(TickFeed([block]), 50)
    found = list(feed.blocks(most))
    assert all(0 < len(one.ts) <= most for one in found)
    assert joined(found).ts.tolist() == ts.tolist()
