"""Keeps a line: connects, waits until it is lost, and connects again; at once, then less often."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from trading.brokers.adapter import BrokerError
from trading.brokers.rithmic.access import Access, Timing

log = structlog.get_logger(__name__)

SPREAD: Final = (0.75, 1.25)


class Waits:
    """How long to wait before the next attempt: not at all, then doubled up to the longest."""

    def __init__(
        self, timing: Timing, spread: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._timing = timing
        self._spread = spread
        self.failures = 0

    def lived(self, seconds: float) -> None:
        """The connection that was just lost was up for so long."""
        if seconds >= self._timing.settled:
            self.failures = 0

    def next(self) -> float:
        """Seconds."""
        timing, failures = self._timing, self.failures
        self.failures += 1
        if not failures:
            return 0.0
        wait = timing.first_wait * 2.0 ** min(failures - 1, 16) * self._spread(*SPREAD)
        return min(wait, timing.longest_wait)


class Line:
    """One plant's line. `plant` is the one that is up, None while there is none; `why` says what
    the last one was lost for, and `generation` counts those that came up."""

    def __init__(
        self,
        access: Access,
        make: Callable[[], Any],
        *,
        came: Callable[[Any], Awaitable[None]],
        went: Callable[[str], None],
        refusable: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access
        self.plant: Any = None
        self.why = "not connected yet"
        self.generation = 0
        self.up_at = 0.0
        self._there = asyncio.Event()
        self._make = make
        self._came = came
        self._went = went
        self._refusable = refusable
        self._sleep = sleep
        self._steady = steady

    @property
    def up(self) -> bool:
        return self.plant is not None and self.plant.ready

    def need(self, error: type[BrokerError] = BrokerError) -> Any:
        """The plant; the error when the line is down."""
        if not self.up:
            raise error(f"Rithmic is not connected: {self.why}")
        return self.plant

    async def there(self) -> Any:
        """The plant; waits a moment for one that is on its way. BrokerError without one."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.access.timing.answer):
                await self._there.wait()
        return self.need()

    async def keep(self) -> None:
        """For ever. If it is `refusable`, LoginRefused when Rithmic does not let us in the first
        time: it never will. Later, or on a second line, it has another reason, as a session of
        ours that it has not closed yet."""
        from trading.brokers.rithmic.plants import LoginRefused

        waits = Waits(self.access.timing)
        while True:
            plant, since = self._make(), self._steady()
            try:
                await plant.open()
                await self._came(plant)
                self.plant = plant
                self.generation += 1
                self.up_at = since = self._steady()
                self._there.set()
                reason = await plant.lost
                waits.lived(self._steady() - since)
            except LoginRefused as refused:
                if self._refusable and not self.generation:
                    raise
                reason = str(refused)
            except BrokerError as error:
                reason = str(error)
            finally:
                self.plant = None
                self._there.clear()
                await plant.close()
            self.why = reason
            self._went(reason)
            await self._sleep(waits.next())
