"""Sockets of the real server under people who mean harm."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.contrib.auth.models import User
from django.test import Client
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from trading.pipeline.server import PageServer, bind
from trading.routing import websocket_urlpatterns
from trading.socket_guard import SocketGuard
from trading.socket_protocol import SocketProtocol

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN_S = 20

PING = {"type": "ping"}


class Desk:
    """A server, and pages of one login."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie
        self.here = f"127.0.0.1:{port}"

    def open(self, **asked: Any) -> Any:
        origin = asked.pop("origin", f"http://{self.here}")
        headers = {"Cookie": f"sessionid={self.cookie}"}
        return connect(
            f"ws://{self.here}/ws/live/", origin=origin, additional_headers=headers, **asked
        )


def _cookie() -> str:
    client = Client()
    client.force_login(User.objects.create_user("trader"))
    return str(client.cookies["sessionid"].value)


@pytest.fixture
async def served() -> AsyncIterator[tuple[Desk, list[SocketProtocol]]]:
    """The server, and its ends of the sockets."""
    ends: list[SocketProtocol] = []

    class Seen(SocketProtocol):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            ends.append(self)

    guarded = SocketGuard(URLRouter(websocket_urlpatterns))  # type: ignore[arg-type]
    application = ProtocolTypeRouter(
        {"websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(guarded))}  # type: ignore[arg-type]
    )
    listener = bind("127.0.0.1", 0)
    server = PageServer(listener, application)  # type: ignore[arg-type]
    server._server.config.ws = Seen
    server._server.config.ws_ping_interval = 0.5
    server._server.config.ws_ping_timeout = 0.5
    server.start()
    try:
        yield Desk(listener.getsockname()[1], await sync_to_async(_cookie)()), ends
    finally:
        await server.stop()


@pytest.fixture
def desk(served: tuple[Desk, list[SocketProtocol]]) -> Desk:
    return served[0]


async def answer(page: ClientConnection, message: dict[str, Any]) -> Any:
    await page.send(json.dumps(message))
    async with asyncio.timeout(WITHIN_S):
        return json.loads(await page.recv())


async def works(desk: Desk) -> bool:
    async with desk.open() as page:
        return bool(await answer(page, PING) == {"type": "pong"})


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "http://127.0.0.1.evil.example"])
async def test_another_sites_page_gets_no_socket_with_the_traders_cookie(
    desk: Desk, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with desk.open(origin=origin):
            pass
    assert refused.value.response.status_code == 403
    assert await works(desk)


@pytest.mark.parametrize(
    "text", ["", "null", "[" * 900, '{"type": ["sync"]}', '{"type": "sync", "have": 1e400}', "\0"]
)
async def test_nonsense_is_answered_and_the_socket_stays(desk: Desk, text: str) -> None:
    async with desk.open() as page:
        await page.send(text)
        async with asyncio.timeout(WITHIN_S):
            assert json.loads(await page.recv())["type"] == "error"
        assert await answer(page, PING) == {"type": "pong"}
