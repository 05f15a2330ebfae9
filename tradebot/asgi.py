"""The ASGI application: pages over HTTP, live data over WebSocket.

A socket is taken from our own pages only (its Origin must be an allowed host), knows its user, and
is held to what `trading.socket_guard` says.
Where nothing is configured, the server's first request also sees to backtests that an earlier
server left unfinished: there is no worker to do it.
"""

import asyncio
import os
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")

pages = get_asgi_application()

# These import models, which exist only once Django is set up.
from backtests import control  # noqa: E402
from backtests import routing as backtests_routing  # noqa: E402
from tradebot.static_files import StaticFirst  # noqa: E402
from trading import routing as trading_routing  # noqa: E402
from trading.observing.sockets import SocketCounts  # noqa: E402
from trading.socket_guard import SocketGuard  # noqa: E402

sockets = trading_routing.websocket_urlpatterns + backtests_routing.websocket_urlpatterns

log = structlog.get_logger(__name__)


class Application(ProtocolTypeRouter):
    """Routes by protocol."""

    _looked: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._looked is None and not control.on_workers():
            self._looked = asyncio.create_task(look_after_runs(), name="backtests")
        await super().__call__(scope, receive, send)


async def look_after_runs() -> None:
    """Go on with backtests that were left unfinished. Pages do without, if that fails."""
    try:
        await sync_to_async(_recover, thread_sensitive=False)()
    except Exception:  # a database that is not there is said by every page
        log.exception("runs_not_looked_after")


def _recover() -> None:
    try:
        control.recover()
    finally:
        connection.close()


application = Application(
    {
        "http": StaticFirst(pages),
        "websocket": AllowedHostsOriginValidator(
            # The stubs want a type that is private to them.
            AuthMiddlewareStack(SocketCounts(SocketGuard(URLRouter(sockets))))  # type: ignore[arg-type]
        ),
    }
)
