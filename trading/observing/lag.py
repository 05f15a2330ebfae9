"""How late the event loop is: what waits for it, a tick among others, waits so long.

A sleep of a quarter of a second is measured; what it takes longer is the lag.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric

from trading.observing.tally import MILLI, NS, Tally

EVERY_S: Final = 0.25


class Lag:
    """Of one loop."""

    def __init__(
        self,
        clock: Callable[[], int] = time.perf_counter_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.tally = Tally(MILLI)
        self._clock, self._sleep = clock, sleep

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            began = self._clock()
            await self._sleep(EVERY_S)
            self.tally.add(max(0, self._clock() - began - int(EVERY_S * NS)))


LAG: Final = Lag()


def families() -> Iterator[Metric]:
    """Nothing of a process that does not measure it."""
    lag = HistogramMetricFamily(
        "tradebot_loop_lag_seconds", "How late the event loop comes to what is due."
    )
    if LAG.tally.count:
        buckets, total = LAG.tally.buckets()
        lag.add_metric([], buckets, total)
    yield lag
