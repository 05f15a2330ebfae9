"""`python -m tests.browser.server PORT BARS SECONDS SPEED`: the real application on a fake market.

Django, login, static files and the consumer are the real ones; only `live_snapshot` is replaced and
frames come from a task here. Commands for a test arrive as POST /test/NAME:

    drop       every socket is cut, without a goodbye
    silence    no more frames; the sockets stay
    resume     frames again
    stall      frames go on, the feed does not
    lose       the next closed bar's frame is lost on its way
"""

import asyncio
import contextlib
import os
import sys
import time
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")

import django

django.setup()

# Models and consumers exist only once Django is set up.
import uvicorn  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402

from tests.browser.market import Market, market_with_history  # noqa: E402
from trading import consumers  # noqa: E402

USER, PASSWORD = "trader", "only for the browser tests"
FRAME_S = 0.1


class Stage:
    def __init__(self, market: Market, speed: float) -> None:
        self.market = market
        self.speed = speed
        self.sockets: set[asyncio.Task[None]] = set()
        self.silent = False
        self.stalled_at: float | None = None
        self.losing = False
        from tradebot.asgi import application

        self.application = application
        consumers.live_snapshot = market.snapshot

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            task = asyncio.current_task()
            assert task is not None
            self.sockets.add(task)
            try:
                await self.application(scope, receive, send)
            except asyncio.CancelledError:
                # As a dying server would: the connection ends, no reason is given.
                with contextlib.suppress(RuntimeError):
                    await send({"type": "websocket.close", "code": 1012})
            finally:
                self.sockets.discard(task)
        elif scope["type"] == "http" and scope["path"].startswith("/test/"):
            self.command(scope["path"].removeprefix("/test/"))
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self.application(scope, receive, send)

    def command(self, name: str) -> None:
        if name == "drop":
            for task in list(self.sockets):
                task.cancel()
        elif name in ("silence", "resume"):
            self.silent = name == "silence"
            self.stalled_at = None
        elif name == "stall":
            self.stalled_at = time.monotonic()
        elif name == "lose":
            self.losing = True

    async def frames(self) -> None:
        layer = get_channel_layer()
        while True:
            await asyncio.sleep(FRAME_S)
            feed: dict[str, Any] = {}
            if self.stalled_at is None:
                self.market.advance(FRAME_S * self.speed)
            else:
                age = int((time.monotonic() - self.stalled_at) * 1000)
                feed = {"age_ms": age, "tps": 0, "state": "stale" if age > 30_000 else "live"}
            if self.silent:
                continue
            frame = self.market.frame(**feed)
            if self.losing and frame["bars"]:
                self.losing = False
                continue
            await layer.group_send(consumers.GROUP, {"type": "live.frame", "frame": frame})


async def main(port: int, bars: int, seconds: int, speed: float) -> None:
    stage = Stage(market_with_history(bars, seconds=seconds), speed)
    server = uvicorn.Server(
        uvicorn.Config(
            stage, port=port, lifespan="off", log_level="warning", ws="websockets-sansio"
        )
    )
    source = asyncio.create_task(stage.frames())
    await server.serve()
    source.cancel()


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    if not users.filter(username=USER).exists():
        users.create_superuser(USER, password=PASSWORD)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
