"""What pages were told once and a page that joins has not heard: the last trades, and the trading
day's last large trades and sweeps. Nothing of it is stored; it is kept while the pipeline lives.

The publisher answers between two frames: what was told before is in the answer, and what is told
after it reaches the page later. So a page takes the answer as all there was, then goes on.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from channels.layers import get_channel_layer

from trading import wire
from trading.pipeline.core import worth_saying
from trading.pipeline.hearing import hear
from trading.pipeline.prints import MOST_PRINTS
from trading.watching import RECENT

log = structlog.get_logger(__name__)

MOST_KEPT: Final = 500
"""Large trades, and sweeps."""
MOST_ASKED: Final = 1_000
SEND_WITHIN_S: Final = 2.0

Tell = Callable[[str, wire.Json], Awaitable[None]]


class Recent:
    """`told` what pages are told; `answer` whoever asked."""

    def __init__(self, account: str) -> None:
        self.failures = 0
        self._account = account
        self._day: str | None = None
        self._prints: deque[list[int]] = deque(maxlen=MOST_PRINTS)
        self._large: deque[wire.Json] = deque(maxlen=MOST_KEPT)
        self._sweeps: deque[wire.Json] = deque(maxlen=MOST_KEPT)
        self._asked: dict[str, None] = {}  # channels, in the order in which they asked

    def told(self, message: wire.Json) -> None:
        """A message that goes to all pages."""
        match message["type"]:
            case "frame":
                day = message["session"]["day"]
                if self._day is not None and day != self._day:
                    self._forget()
                self._day = day
            case "prints":
                if message["left_out"]:
                    self._prints.clear()  # what is kept has no gap
                self._prints.extend(message["prints"])
            case "tape":
                self._large.extend(message["large"])
                self._sweeps.extend(message["sweeps"])

    def ask(self, request: dict[str, Any]) -> None:
        """A message of the group: `account`, and the `channel` of the page."""
        if request.get("account") == self._account and len(self._asked) < MOST_ASKED:
            self._asked[str(request["channel"])] = None

    async def answer(self, tell: Tell | None = None) -> None:
        """Send it to every page that asked, each once."""
        if not self._asked:
            return
        asked, self._asked = self._asked, {}
        message = self.message()
        for channel in asked:
            try:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await (tell or to_page)(channel, message)
            except Exception:  # the page begins empty, as if nobody had answered
                self.failures += 1
                if worth_saying(self.failures):
                    log.exception("recent_not_sent", failures=self.failures)

    def message(self) -> wire.Json:
        return {
            "type": "recent",
            "account_name": self._account,
            "prints": list(self._prints),
            "large": list(self._large),
            "sweeps": list(self._sweeps),
        }

    async def listen(self) -> None:
        """Hear what pages ask for, until cancelled."""
        await hear(RECENT, self.ask)

    def _forget(self) -> None:
        for kept in (self._prints, self._large, self._sweeps):
            kept.clear()


async def to_page(channel: str, message: wire.Json) -> None:
    layer: Any = get_channel_layer()
    if layer is not None:
        await layer.send(channel, {"type": "live.frame", "frame": message})
