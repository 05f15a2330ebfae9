"""A feed at a speed: its ticks come when they are due, N times as fast as they once did.

The ticks are the same, and so is what an engine makes of them; only blocks are cut otherwise.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from engine.ticks import TickColumns, part
from marketdata.feeds import BLOCK_TICKS, Counts, Feed, FeedInfo
from trading.pipeline.stream import EventClock

READ_TICKS: Final = 1 << 12
SHORTEST_WAIT_S: Final = 0.05
LONGEST_WAIT_S: Final = 0.25


class Paced:
    """Another feed, slower."""

    def __init__(
        self,
        feed: Feed,
        speed: float,
        *,
        wall: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.feed = feed
        self._clock = EventClock(speed, wall=wall)
        self._sleep = sleep

    @property
    def info(self) -> FeedInfo:
        return self.feed.info

    @property
    def counts(self) -> Counts:
        return self.feed.counts

    @property
    def progress(self) -> float:
        return self.feed.progress

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """The ticks from the start, each block when its last one is due."""
        reached, started = 0, False
        for block in self.feed.blocks(min(max_ticks, READ_TICKS)):
            due_at = np.maximum.accumulate(np.maximum(block.ts, reached))
            reached, at = int(due_at[-1]), 0
            if not started:
                self._clock.start(int(due_at[0]))
                started = True
            while at < len(due_at):
                due = int(np.searchsorted(due_at, self._clock.now(), "right"))
                if due > at:
                    yield part(block, slice(at, due))
                    at = due
                else:
                    wait = self._clock.seconds_until(int(due_at[at]))
                    self._sleep(min(max(wait, SHORTEST_WAIT_S), LONGEST_WAIT_S))
