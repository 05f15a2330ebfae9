"""All figures of a process as the text that Prometheus reads."""

import asyncio
from collections.abc import Iterator
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from trading.observing import rows
from trading.observing.figures import TradingCollector
from trading.observing.metrics import whole

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class _One:
    """A registry of one family, or a part of it."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family


async def exposed(*, database: bool = True) -> bytes:
    """Call it in the pipeline's loop, where there is one. Writing the text takes a few
    milliseconds, so others have their turn after each family."""
    families = [*TradingCollector().collect(), *whole().collect()]
    if database:
        families += await rows.families()
    text = bytearray()
    for family in families:
        if family.samples:
            text += generate_latest(_One(family))
            await asyncio.sleep(0)
    return bytes(text)
