"""What time it is on the trading day, for all that compares a time with now.

A day can be run faster than it passes: whoever runs it so puts another clock in with `use`, in
every process. What is merely noted for people (when a row was written, when a command was given)
stays with the real time.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """`speed`: how many of its seconds pass in a real one."""

    speed: float

    def now_ns(self) -> int: ...


class RealClock:
    """The machine's."""

    speed = 1.0

    def now_ns(self) -> int:
        return time.time_ns()


_clock: Clock = RealClock()


def use(clock: Clock) -> None:
    """From now on this process goes by `clock`."""
    global _clock
    _clock = clock


def now_ns() -> int:
    """UTC nanoseconds."""
    return _clock.now_ns()


def now() -> datetime:
    """The same, to the microsecond."""
    return EPOCH + timedelta(microseconds=_clock.now_ns() // 1000)


def real(seconds: float) -> float:
    """How many real seconds these take: for timeouts and pauses."""
    return seconds / _clock.speed


async def sleep(seconds: float) -> None:
    await asyncio.sleep(real(seconds))


def pause(seconds: float) -> None:
    """Sleep, in a thread."""
    time.sleep(real(seconds))
