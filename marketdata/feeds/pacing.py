"""Plays ticks at a speed: 1 is real time in event time, 20 is twenty times that, MAX is all at once.

    pacer = Pacer(feed.blocks(), speed=10)
    async for ticks in pacer:          # groups of what is due, some 20 ms of wall clock each
        engine.push(ticks)
    pacer.now()                        # the event time that the clock stands at, for beats

- Event time runs with the wall clock times the speed, from the first tick (or `start`). It never runs
  ahead of ticks that have not been given out, so a beat at `now()` cannot overtake a due tick.
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

from engine.ticks import NS, TickColumns
from marketdata.errors import FeedError

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
        self._event: int | None = start
        self._wall = clock()
        self._given = start if start is not None else 0
        self._next: int | None = None

    def set_speed(self, speed: float) -> None:
        """Go on at this speed from here; 0 pauses, MAX does not wait at all."""
        _check(speed)
        if self._event is not None and self.speed != MAX:
            self._event, self._wall = self.now(), self._clock()
        elif self.speed == MAX:
            self._event, self._wall = self._given, self._clock()
        self.speed = speed

    def now(self) -> int:
        """Event time, UTC ns: as far as the clock has come, but not past a tick still to be given."""
        if self._event is None or self.speed == MAX:
            return self._given
        event = self._event + int((self._clock() - self._wall) * self.speed)
        return event if self._next is None else max(min(event, self._next), self._given)

    async def __aiter__(self) -> AsyncIterator[TickColumns]:
        ahead = asyncio.ensure_future(asyncio.to_thread(_next_block, self._blocks))
        try:
            while (block := await ahead) is not None:
                ahead = asyncio.ensure_future(asyncio.to_thread(_next_block, self._blocks))
                async for group in self._play(block):
                    yield group
        finally:
            ahead.cancel()
        self._next = None

    async def _play(self, block: TickColumns) -> AsyncIterator[TickColumns]:
        # A tick that is out of order is due with the one before it.
        due = np.maximum.accumulate(block.ts)
        position, size = 0, len(due)
        if self._event is None:
            self._event, self._wall = int(due[0]), self._clock()
        while position < size:
            self._next = int(due[position])
            reached = self._reach(self._next)
            end = int(np.searchsorted(due, reached, side="right"))
            end = min(end, position + GROUP_TICKS)
            if end > position:
                self._given = int(due[end - 1])
                self._next = int(due[end]) if end < size else None
                yield TickColumns(*(column[position:end] for column in block))
                position = end
            await self._rest(int(due[position]) if position < size else None)

    def _reach(self, following: int) -> int:
        """How far event time has come, after a silence that is too long was cut."""
        if self.speed == MAX:
            return 2**63 - 1
        assert self._event is not None
        if self._max_gap is not None and following - max(self._given, self._event) > self._max_gap:
            self._event, self._wall = following - self._max_gap, self._clock()
        return self._event + int((self._clock() - self._wall) * self.speed)

    async def _rest(self, following: int | None) -> None:
        """Let others run; until about the next tick is due, and at least one group's time."""
        if self.speed == MAX or following is None:
            await self._sleep(0)
        elif self.speed == 0:
            await self._sleep(GROUP_NS / NS)
        else:
            assert self._event is not None
            wall = self._wall + (following - self._event) / self.speed - self._clock()
            # Not longer than a moment: the speed may be changed meanwhile.
            await self._sleep(min(max(wall, GROUP_NS), 10 * GROUP_NS) / NS)


def _next_block(blocks: Iterator[TickColumns]) -> TickColumns | None:
    return next(blocks, None)


def _check(speed: float) -> None:
    if not speed >= 0:
        raise FeedError(f"speed {speed} is not possible; 1 is real time, 0 pauses, inf is at once")
