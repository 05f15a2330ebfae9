"""Our questions to Rithmic: so many in a second, at once or spread out, never more."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable


class Pace:
    """`turn` returns when the next question may go out."""

    def __init__(
        self,
        per_second: int,
        *,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._turns: deque[float] = deque(maxlen=per_second)
        self._steady = steady
        self._sleep = sleep

    async def turn(self) -> None:
        now = at = self._steady()
        if len(self._turns) == self._turns.maxlen:
            at = max(now, self._turns[0] + 1.0)
        self._turns.append(at)
        if at > now:
            await self._sleep(at - now)
