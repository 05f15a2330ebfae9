"""What one page looks at beside its session: bars of another kind, made by the account's pipeline.

The page is in the group of its bars before they are asked for. While it looks, the pipeline is told
so every `ASK_EVERY_S`; a pipeline that was started anew sends a new snapshot then. When no pipeline
answers, the page is told, once, and goes on waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from trading.bar_views import ASK_EVERY_S, REQUESTS, BarView, group

RECENT: Final = "recent"
"""The group in which pipelines hear of pages that have just joined."""
ANSWER_S: Final = 5.0

Say = Callable[[dict[str, Any]], Awaitable[None]]


async def ask_recent(layer: Any, account: str, channel: str) -> None:
    """Ask the account's pipeline for what it told before the page joined. It comes as a frame does,
    or, when no pipeline runs, never."""
    request = {"type": "recent.asked", "account": account, "channel": channel}
    await layer.group_send(RECENT, request)


class Watching:
    """Used from one task; `leave` when the page is gone."""

    def __init__(self, layer: Any, channel: str, say: Say) -> None:
        self.bars: BarView | None = None
        self.account = ""
        self._layer = layer
        self._channel = channel
        self._say = say
        self._answered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def look(self, account: str, bars: BarView) -> None:
        """Look at these bars instead of others; the same again gets a new snapshot."""
        if (account, bars) != (self.account, self.bars):
            await self.leave()
            self.account, self.bars = account, bars
            await self._layer.group_add(group(account, bars.key), self._channel)
        else:
            self._stop()
        self._answered.clear()
        self._task = asyncio.create_task(self._keep(account, bars), name="watching")

    async def leave(self) -> None:
        """Look at none."""
        self._stop()
        if self.bars is not None:
            account, bars, self.bars = self.account, self.bars, None
            await self._layer.group_discard(group(account, bars.key), self._channel)
            await self._ask(account, bars, "leave")

    def heard(self, key: str) -> bool:
        """A message about bars came: whether they are the ones that are looked at."""
        if self.bars is None or self.bars.key != key:
            return False
        self._answered.set()
        return True

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep(self, account: str, bars: BarView) -> None:
        await self._ask(account, bars, "snapshot")
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._answered.wait()
        except TimeoutError:
            await self._say({
                "type": "error",
                "about": "view",
                "key": bars.key,
                "message": f"No running pipeline of {account} answers: bars of another kind are "
                "made by the one that trades it.",
            })  # fmt: skip
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            await self._ask(account, bars, "keep")

    async def _ask(self, account: str, bars: BarView, wants: str) -> None:
        request = {
            "type": "view.requested",
            "account": account,
            "bars": bars.as_json(),
            "channel": self._channel,
            "wants": wants,
        }
        await self._layer.group_send(REQUESTS, request)
