"""Waiting for what may never come: a broker that hangs, a disk that does not answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; TimeoutError when it takes longer.

    What takes too long is cancelled and not waited for: a library may swallow a cancellation.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.add_done_callback(_heard)
        task.cancel()
        raise TimeoutError(f"no answer within {seconds:g} s")
    return task.result()


def _heard(task: asyncio.Task[Any]) -> None:
    """The end of what nobody waited for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("late_failure", task=task.get_name(), error=repr(error))


def backed_off(first: float, longest: float, tries: int) -> float:
    """Seconds to wait before another try: twice as long each time."""
    return min(first * float(2 ** min(tries, 30)), longest)
