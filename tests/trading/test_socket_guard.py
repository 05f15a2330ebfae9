"""Every socket ends with its login, and is heard at a pace."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client

from tests.trading.test_consumers import Socket, sync
from trading import socket_guard
from trading.consumers import NOT_LOGGED_IN
from trading.routing import websocket_urlpatterns
from trading.socket_guard import Pace, SocketGuard

ENDS: dict[str, Any] = {
    "logged out": lambda client: client.post("/logout/"),
    "another password": lambda client: User.objects.update(password="another"),
    "may no longer log in": lambda client: User.objects.update(is_active=False),
    "too old": lambda client: _older(client),
}


def _older(client: Client) -> None:
    session = client.session
    session["login_begun"] = 0
    session.save()


def _socket(client: Client) -> Socket:
    application = AuthMiddlewareStack(SocketGuard(URLRouter(websocket_urlpatterns), 0.01))  # type: ignore[arg-type]
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    return Socket(application, headers=[(b"cookie", cookie)])


def _client() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("trader", password="long enough"))
    return client


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ENDS)
async def test_a_socket_ends_with_its_login(end: str) -> None:
    client = await sync_to_async(_client)()
    socket = _socket(client)
    assert await socket.open()
    assert (await sync(socket, None))["type"] == "snapshot"
    await sync_to_async(ENDS[end])(client)
    answer = await socket.receive_output(timeout=20)
    assert answer == {"type": "websocket.close", "code": NOT_LOGGED_IN}
    await socket.close()


@pytest.mark.django_db(transaction=True)
async def test_a_database_that_is_away_ends_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()

    async def away(scope: Any) -> Any:
        looked.set()
        raise OperationalError("gone")

    monkeypatch.setattr(socket_guard, "get_user", away)
    socket = _socket(await sync_to_async(_client)())
    assert await socket.open()
    await asyncio.wait_for(looked.wait(), 20)
    assert (await sync(socket, None))["type"] == "snapshot"
    await socket.close()


def test_so_many_are_heard_at_once_and_then_so_many_a_second() -> None:
    pace = Pace(100.0, at_once=3, a_second=10)
    assert [pace.wait(100.0) for _ in range(3)] == [0, 0, 0]
    assert pace.wait(100.0) == pytest.approx(0.1)
    assert pace.wait(100.1) == pytest.approx(0.1)
    assert pace.wait(100.2) == pytest.approx(0.1)
    assert pace.wait(200.0) == 0
