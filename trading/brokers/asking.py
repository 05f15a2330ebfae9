"""A line to the broker for one question or one order, without a pipeline.

What the broker reports meanwhile goes to `report`, or nowhere: who asks here looks at `state`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from trading.brokers.adapter import Adapter, BrokerError, Report, Word

LOOK_S: Final = 0.05


async def to_nobody(word: Word) -> None:
    """A report that nobody waits for."""


@asynccontextmanager
async def lined_up(
    adapter: Adapter, *, within_s: float, report: Report = to_nobody
) -> AsyncIterator[Adapter]:
    """The adapter with its line up, until the block is left. BrokerError when the line is not there
    within `within_s`, or can never be (login refused, account unknown)."""
    running = asyncio.create_task(adapter.run(report), name="broker-line")
    try:
        try:
            async with asyncio.timeout(within_s):
                while not adapter.up and not running.done():
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise BrokerError(f"no line to the broker within {within_s:g} s") from None
        if running.done():
            running.result()  # says why
            raise BrokerError("the line to the broker ended at once")
        yield adapter
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
