"""Blocks of a feed become the engine's inputs, in the order and at the time in which they are due.

- A recorded or simulated market is read ahead, one block, in a thread: decoding never holds up the
  loop.
- At speed N event time runs N times as fast as the wall clock. While nothing is due, beats tell the
  engine how late it is, a grace behind the clock. While the next block is still being read there
  are none: event time must not overtake ticks that are yet to come.
- At speed `max` there is no clock and no beat.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.ticks import NS, TickColumns
from engine.ticks import part as some
from marketdata.feeds import StoredTicks
from trading.pipeline.core import Beat, WarmUp

SLICE_TICKS: Final = 1 << 14
"""Most ticks in one push: about a millisecond, so that the page stays alive."""
BEAT_NS: Final = NS // 4
GRACE_NS: Final = NS // 4
SHORTEST_WAIT_S: Final = 0.002

Ticks = TickColumns | StoredTicks
Sleep = Callable[[float], Awaitable[None]]


class EventClock:
    """Event time as a function of wall time: `speed` times as fast, from an anchor."""

    def __init__(self, speed: float, *, wall: Callable[[], int] = time.monotonic_ns) -> None:
        self.speed = speed
        self._wall = wall
        self._anchor = (0, wall())

    def start(self, ts: int) -> None:
        """It is `ts` now."""
        self._anchor = (ts, self._wall())

    def now(self) -> int:
        ts, wall = self._anchor
        return ts + int((self._wall() - wall) * self.speed)

    def seconds_until(self, ts: int) -> float:
        """Wall seconds until event time `ts`; negative when it is over."""
        return (ts - self.now()) / self.speed / NS


def part(ticks: Ticks, start: int, stop: int) -> Ticks:
    """The ticks [start, stop) without copying."""
    if isinstance(ticks, StoredTicks):
        return ticks.part(slice(start, stop))
    return some(ticks, slice(start, stop))


async def read_ahead(blocks: Iterator[Ticks]) -> AsyncIterator[Ticks]:
    """The blocks, each read in a thread while the one before is being used."""
    loop = asyncio.get_running_loop()
    reader = ThreadPoolExecutor(1, thread_name_prefix="feed")
    try:
        pending = loop.run_in_executor(reader, next, blocks, None)
        while (block := await pending) is not None:
            pending = loop.run_in_executor(reader, next, blocks, None)
            yield block
    finally:
        reader.shutdown(wait=False, cancel_futures=True)


async def inputs(
    blocks: AsyncIterator[Ticks],
    clock: EventClock | None,
    *,
    warm_until: int = 0,
    warming: bool = False,
    sleep: Sleep = asyncio.sleep,
) -> AsyncIterator[Ticks | Beat | WarmUp]:
    """Ticks before `warm_until` at once as warm-up, the rest by the clock (None: at once).
    `warming`: what came before these blocks was warm-up."""
    started = False
    async for block in blocks:
        reached = np.maximum.accumulate(block.ts)
        at, count = 0, len(reached)
        if not started:
            started = True
            warmed, warming = warming, int(reached[0]) < warm_until
            if warming != warmed:
                yield WarmUp(warming)
            if clock and not warming:
                clock.start(max(int(reached[0]), warm_until))
        if warming:
            before = int(np.searchsorted(reached, warm_until, "left"))
            for start in range(0, before, SLICE_TICKS):
                yield part(block, start, min(start + SLICE_TICKS, before))
            at = before
            if at == count:
                continue
            warming = False
            yield WarmUp(False)
            if clock:
                clock.start(warm_until)
        if clock is None:
            for start in range(at, count, SLICE_TICKS):
                yield part(block, start, min(start + SLICE_TICKS, count))
            continue
        async for item in _paced(block, reached, at, clock, sleep):
            yield item
    if warming:
        yield WarmUp(False)


async def _paced(
    block: Ticks,
    reached: npt.NDArray[np.int64],
    at: int,
    clock: EventClock,
    sleep: Sleep,
) -> AsyncIterator[Ticks | Beat]:
    count = len(reached)
    grace = int(GRACE_NS * clock.speed)
    while at < count:
        now = clock.now()
        due = min(int(np.searchsorted(reached, now, "right")), at + SLICE_TICKS)
        if due > at:
            yield part(block, at, due)
            at = due
            continue
        if at and now - grace > reached[at - 1]:
            yield Beat(now - grace)
        wait = clock.seconds_until(int(reached[at]))
        await sleep(min(max(wait, SHORTEST_WAIT_S), BEAT_NS / NS))
