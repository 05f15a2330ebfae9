"""What every socket is held to, whatever its page: it ends with its login, and is heard at a pace.

Rules: a login that ended (logged out, too old, another password, a user who may no longer log in)
closes its sockets within `LOOK_EVERY_S` with 4401, upon which a page asks to log in. Who says more
than a page ever does is heard slowly: TCP makes it wait, and nothing is kept for it. What cannot be
looked up, because the database is away, ends nothing: a live page is needed most then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any, Final

import structlog
from asgiref.sync import sync_to_async
from channels.auth import get_user
from django.conf import settings

from trading.consumers import NOT_LOGGED_IN
from trading.pipeline.ending import cancel

LOOK_EVERY_S: Final = 60.0
A_SECOND: Final = 50
AT_ONCE: Final = 200
"""Messages: a replay's slider that is dragged says some sixty a second, for seconds."""

Message = Mapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

log = structlog.get_logger(__name__)


class SocketGuard:
    """Around an ASGI application, within channels' authentication."""

    def __init__(self, application: Application, look_every_s: float = LOOK_EVERY_S) -> None:
        self._application = application
        self._look_every_s = look_every_s

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        pace = Pace(asyncio.get_running_loop().time())

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                await asyncio.sleep(pace.wait(asyncio.get_running_loop().time()))
            return message

        user = scope.get("user")
        if user is None or not user.is_authenticated:
            await self._application(scope, heard, send)
            return
        looking = asyncio.create_task(self._look(scope, send), name="socket-login")
        try:
            await self._application(scope, heard, send)
        finally:
            await cancel(looking)

    async def _look(
        self, scope: Mapping[str, Any], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        key = await sync_to_async(lambda: scope["session"].session_key, thread_sensitive=False)()
        while True:
            await asyncio.sleep(self._look_every_s)
            if not await logged_in(key, scope["user"].pk):
                await send({"type": "websocket.close", "code": NOT_LOGGED_IN})
                return


class Pace:
    """So many at once, then so many a second."""

    def __init__(self, now: float, *, at_once: int = AT_ONCE, a_second: int = A_SECOND) -> None:
        self._most, self._a_second = at_once, a_second
        self._may, self._then = float(at_once), now

    def wait(self, now: float) -> float:
        """Seconds for which one more has to wait."""
        self._may = min(self._most, self._may + (now - self._then) * self._a_second) - 1
        self._then = now
        return max(0.0, -self._may / self._a_second)


async def logged_in(session_key: str | None, user: int) -> bool:
    """Whether the login still is that user's."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    try:
        found = await get_user({"session": store(session_key)})  # type: ignore[typeddict-item]
    except Exception:
        log.exception("login_not_looked_up")
        return True
    return bool(found.pk == user)
