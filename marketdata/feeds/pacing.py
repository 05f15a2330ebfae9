"""Plays ticks at a speed: 1 is real time in event time, 20 is twenty times that, MAX at once.

    pacer = Pacer(feed.blocks(), speed=10)
    async for ticks in pacer:          # groups of what is due, some 20 ms of wall clock each
        engine.push(ticks)
    pacer.now()                        # the event time that the clock stands at, for beats

- Event time runs with the wall clock times the speed, from the first tick (or `start`). It waits
  for ticks that have not been given out, so a beat at `now()` cannot overtake one.
- Being late never loses ticks: what is due comes in one larger group.
- A silence longer than `max_gap_s` of event time (a halt, a weekend) is cut to that length.
- The speed can be changed while it plays; 0 pauses.
- The source's own work (decoding a file, simulating a day) is done in a thread, a block ahead.

Clock and sleep are injected, so that tests need no time.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.ticks import NS, TickColumns
from marketdata.errors import FeedError
from marketdata.feeds import part

MAX: Final = math.inf
GROUP_NS: Final = 20_000_000
GROUP_TICKS: Final = 1 << 16


class Pacer:
    """An async iterator of groups of due ticks. Iterate it once."""

    def __init__(
        self,
        blocks: Iterable[TickColumns],
        speed: float = 1.0,
        *,
        start: int | None = None,
        max_gap_s: float | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        _check(speed)
        self.speed = speed
        self._blocks = iter(blocks)
        self._clock = clock
        self._sleep = sleep
        self._max_gap = None if max_gap_s is None else int(max_gap_s * NS)
        self._started = start is not None
        self._event, self._wall = start or 0, clock()  # these two are the same moment
        self._given = start or 0
        self._next: int | None = None
        self._ended = False

    def set_speed(self, speed: float) -> None:
        """Go on at this speed from here; 0 pauses, MAX does not wait at all."""
        _check(speed)
        self._set_clock(self.now())
        self.speed = speed

    def now(self) -> int:
        """Event time, UTC ns: as far as the clock has come, not past a tick still to be given."""
        if self.speed == MAX or not self._started:
            return self._given
        event = self._reached()
        if not self._ended:
            event = min(event, self._given if self._next is None else self._next)
        return max(event, self._given)

    async def __aiter__(self) -> AsyncIterator[TickColumns]:
        ahead = self._fetch()
        try:
            while (block := await ahead) is not None:
                ahead = self._fetch()
                # A tick that is out of order is due with the one before it.
                due = np.maximum.accumulate(block.ts)
                position = 0
                while position < len(due):
                    end = self._due(due, position)
                    if end > position:
                        yield part(block, slice(position, end))
                    position = end
                    await self._sleep(self._rest())
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
        self._ended = True

    def _fetch(self) -> "asyncio.Task[TickColumns | None]":
        return asyncio.create_task(asyncio.to_thread(_next_block, self._blocks))

    def _due(self, due: npt.NDArray[np.int64], position: int) -> int:
        """Where the ticks that are due by now end."""
        following = int(due[position])
        if not self._started:
            self._started = True
            self._set_clock(following)
        if self.speed == MAX:
            end = len(due)
        else:
            self._cut_silence(following)
            end = int(np.searchsorted(due, self._reached(), side="right"))
        end = min(end, position + GROUP_TICKS)
        if end > position:
            self._given = int(due[end - 1])
        self._next = int(due[end]) if end < len(due) else None
        if self._next is not None:
            self._cut_silence(self._next)
        return end

    def _cut_silence(self, following: int) -> None:
        if self._max_gap is not None and self._reached() < following - self._max_gap:
            self._set_clock(following - self._max_gap)

    def _reached(self) -> int:
        return self._event + int((self._clock() - self._wall) * self.speed)

    def _set_clock(self, event: int) -> None:
        self._event, self._wall = event, self._clock()

    def _rest(self) -> float:
        """Seconds until about the next tick, at least one group's; 0 lets others run at once.

        Never longer than a moment, because the speed may be changed meanwhile.
        """
        if self.speed == MAX or self._next is None:
            return 0.0
        if self.speed == 0:
            return 10 * GROUP_NS / NS
        wall = (self._next - self._reached()) / self.speed
        return min(max(wall, GROUP_NS), 10 * GROUP_NS) / NS


def _next_block(blocks: Iterator[TickColumns]) -> TickColumns | None:
    return next(blocks, None)


def _check(speed: float) -> None:
    if not speed >= 0:
        raise FeedError(f"speed {speed} is not possible; 1 is real time, 0 pauses, inf is at once")
