"""Ends tasks for certain."""

import asyncio
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 5
PATIENCE_S: Final = 1.0


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait for them; what failed in them is logged.

    A cancellation can get lost in a library (redis' client swallows one that comes while it
    connects), so it is repeated, and a task that will not end is left behind and named.
    """
    left = set(tasks)
    for _ in range(ATTEMPTS):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=PATIENCE_S)
    for task in left:
        log.error("task_will_not_end", task=task.get_name())
    for task in set(tasks) - left:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("task_failed", task=task.get_name(), error=repr(error))
