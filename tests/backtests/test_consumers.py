"""The socket of backtests' pages: who may, and what they are told."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser, User

from backtests import storing
from backtests.consumers import GROUP, BacktestsConsumer
from backtests.models import Backtest
from backtests.pages.runs import progress_to_wire
from backtests.telling import progress
from tests.backtests.outcomes import outcome
from tests.trading.test_consumers import Socket
from trading.consumers import NOT_LOGGED_IN

pytestmark = pytest.mark.django_db(transaction=True)


@asynccontextmanager
async def connected(user: Any) -> AsyncIterator[Socket]:
    one = Socket(BacktestsConsumer.as_asgi(), user=user, path="/ws/backtests/")
    assert await one.open()
    yield one
    await one.close()


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def run() -> Backtest:
    return storing.create(outcome(days=3).plan, asked_from="page")


async def test_who_is_not_logged_in_is_told_so() -> None:
    async with connected(AnonymousUser()) as one:
        closed = await one.receive_output()
        assert (closed["type"], closed["code"]) == ("websocket.close", NOT_LOGGED_IN)


async def test_a_page_is_told_how_its_run_stands(user: User, run: Backtest) -> None:
    async with connected(user) as one:
        await one.send(text=json.dumps({"type": "sync", "have": run.pk}))
        assert await one.receive() == progress_to_wire(run)


async def test_progress_reaches_a_page_as_it_was_told(user: User, run: Backtest) -> None:
    async with connected(user) as one:
        await one.send(text='{"type": "ping"}')
        assert await one.receive() == {"type": "pong"}
        layer = get_channel_layer()
        assert layer is not None
        said = progress(run, date(2026, 11, 19))
        await layer.group_send(GROUP, said)
        assert await one.receive() == said | {"type": "backtest"}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("no json", "The message is not JSON."),
        ("[1]", 'The message is not an object like {"type": "sync", "have": 12}.'),
        ('{"type": "halt"}', "type is sync or ping."),
        ('{"type": "sync", "have": "1; drop table"}', "have is no run's number."),
        ('{"type": "sync", "have": 99999999999999999999}', "have is no run's number."),
        ('{"type": "sync", "have": 12345}', "There is no backtest 12345."),
    ],
)
async def test_nonsense_is_answered_and_the_connection_stays(
    user: User, text: str, answer: str
) -> None:
    async with connected(user) as one:
        await one.send(text=text)
        assert await one.receive() == {"type": "error", "message": answer}
        await one.send(text='{"type": "ping"}')
        assert await one.receive() == {"type": "pong"}


@pytest.mark.parametrize(
    ("origin", "welcome"), [(b"http://elsewhere.example", False), (b"http://localhost", True)]
)
async def test_another_sites_page_is_refused(origin: bytes, welcome: bool) -> None:
    from tradebot.asgi import application

    headers = [(b"host", b"localhost"), (b"origin", origin)]
    one = Socket(application, path="/ws/backtests/", headers=headers)
    assert await one.open() is welcome
