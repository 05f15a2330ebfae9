"""The queue of inputs before the engine, and how long each waited in it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from trading.observing.tally import Tally
from trading.pipeline.core import Input


class Inputs(asyncio.Queue[Input | None]):
    """Bounded, first in first out; None is the end of the data. `waited`: until it was taken."""

    def __init__(self, most: int, *, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self.waited = Tally()
        self._clock = clock
        self._came: deque[int] = deque()
        super().__init__(most)

    # asyncio.Queue says of these that they may be replaced.

    def _put(self, item: Input | None) -> None:
        self._came.append(self._clock())
        super()._put(item)

    def _get(self) -> Input | None:
        self.waited.add(self._clock() - self._came.popleft())
        return super()._get()
