"""Puts the journal on disk before an order leaves, without waiting for a disk that hangs."""

import asyncio
from collections.abc import Callable


class Sync:
    """`put` runs in a thread, one at a time: behind one that hangs no second is begun."""

    def __init__(self, put: Callable[[], None]) -> None:
        self._put = put
        self._running: asyncio.Future[None] | None = None

    async def done(self, seconds: float) -> str:
        """Put on disk all that is journalled now; "" or why it is not there."""
        hanging = self._running
        if hanging is not None:
            await asyncio.wait((hanging,), timeout=seconds)
            if not hanging.done():
                return f"the disk has not answered for more than {seconds:g} s"
        running = self._running = asyncio.ensure_future(asyncio.to_thread(self._put))
        await asyncio.wait((running,), timeout=seconds)
        if not running.done():
            return f"the disk did not answer within {seconds:g} s"
        self._running = None
        error = running.exception()
        return "" if error is None else str(error) or repr(error)
