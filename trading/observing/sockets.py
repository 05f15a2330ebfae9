"""Counts the WebSockets that are open, by the kind of page."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from trading.observing.metrics import SOCKETS

Application = Callable[[Any, Any, Any], Awaitable[None]]
ROUTES: Final = ("live", "replay", "backtests")


class SocketCounts:
    """Around an ASGI application: a socket counts from its acceptance to its end."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        route = route_of(scope["path"])
        accepted = False

        async def told(message: Mapping[str, Any]) -> None:
            nonlocal accepted
            if message["type"] == "websocket.accept" and not accepted:
                accepted = True
                SOCKETS.labels(route).inc()
            await send(message)

        try:
            await self._application(scope, receive, told)
        finally:
            if accepted:
                SOCKETS.labels(route).dec()


def route_of(path: str) -> str:
    """`/ws/live/` is `live`."""
    _, _, rest = path.partition("/ws/")
    name = rest.partition("/")[0]
    return name if name in ROUTES else "other"
