"""Hearing what pages ask the pipelines for, over the channel layer."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from channels.layers import get_channel_layer

from trading.pipeline.core import worth_saying

log = structlog.get_logger(__name__)

AGAIN_S: Final = 1.0


async def hear(group: str, take: Callable[[dict[str, Any]], None]) -> None:
    """Hand every message of a group to `take`, which must not wait, until cancelled."""
    layer: Any = get_channel_layer()
    failures = 0
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(group, channel)
            while True:
                take(await layer.receive(channel))
        except Exception:
            failures += 1
            if worth_saying(failures):
                log.exception("requests_unreadable", group=group, failures=failures)
            await asyncio.sleep(AGAIN_S)
