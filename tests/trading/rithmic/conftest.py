"""The local Rithmic, and async_rithmic's own client connected to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from async_rithmic import (
    OrderPlacement,
    OrderType,
    ReconnectionSettings,
    RetrySettings,
    RithmicClient,
    TransactionType,
)
from async_rithmic.enums import SysInfraType

from tests.servers.rithmic import RithmicServer

PLANTS = [SysInfraType.ORDER_PLANT, SysInfraType.PNL_PLANT]


@pytest.fixture
async def server() -> AsyncIterator[RithmicServer]:
    """The local Rithmic, with a market at 5000."""
    async with RithmicServer() as made:
        made.trade("MESZ6", "5000")
        yield made


def client_of(server: RithmicServer, **credentials: str) -> RithmicClient:
    """The library's client, which trusts the server and does not wait long for anything."""
    logging.getLogger("rithmic").setLevel(logging.CRITICAL)
    client = RithmicClient(
        **{
            "user": server.user,
            "password": server.password,
            "system_name": server.systems[0],
            "app_name": "tests",
            "app_version": "1",
            "url": server.url,
        }
        | credentials,
        manual_or_auto=OrderPlacement.AUTO,
        reconnection_settings=ReconnectionSettings(backoff_type="constant", interval=0.01),
        retry_settings=RetrySettings(max_retries=1, timeout=5.0),
    )
    client.ssl_context.load_verify_locations(server.ca)
    return client


class Heard:
    """What a client was told."""

    def __init__(self, client: RithmicClient) -> None:
        self.orders: list[Any] = []  # 351
        self.exchange: list[Any] = []  # 352
        self.brackets: list[Any] = []
        self.positions: list[Any] = []
        self.accounts: list[Any] = []
        self.ups: list[str] = []
        client.on_rithmic_order_notification += self.orders.append
        client.on_exchange_order_notification += self.exchange.append
        client.on_bracket_update += self.brackets.append
        client.on_instrument_pnl_update += self.positions.append
        client.on_account_pnl_update += self.accounts.append
        client.on_connected += self.ups.append

    def of(self, number: int) -> list[Any]:
        """The 352s with a notify_type."""
        return [each for each in self.exchange if each.notify_type == number]

    async def filled(self, count: int) -> list[Any]:
        """The fills, when there are so many."""
        await until(lambda: len(self.of(5)) >= count)
        return self.of(5)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; the test's limit is ten seconds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def connected(client: RithmicClient, *more: int) -> AsyncIterator[RithmicClient]:
    """Logged in to orders and positions, and to further plants."""
    try:
        await client.connect(plants=[*PLANTS, *more], plant_connect_delay=0)
        await client.subscribe_to_pnl_updates()
        yield client
    finally:
        await leave(client)


async def leave(client: RithmicClient) -> None:
    """Drop the lines. The library's own `disconnect` may wait for a reader that does not notice
    that it is to end, for the end of a line that nobody reads any more, or a minute for a login."""
    for plant in client.plants.values():
        while running := [each for each in plant._bg_tasks if not each.done()]:
            for task in running:
                task.cancel()
            if plant.ws is not None:
                plant.ws.transport.abort()
            await asyncio.sleep(0)


async def give(client: RithmicClient, **more: Any) -> list[Any]:
    """An order to buy two at market, or what is said otherwise. Answers the acknowledgement."""
    given = {
        "order_id": "A-1-E",
        "symbol": "MESZ6",
        "exchange": "CME",
        "qty": 2,
        "transaction_type": TransactionType.BUY,
        "order_type": OrderType.MARKET,
    }
    return await client.submit_order(**given | more)


@pytest.fixture
async def client(server: RithmicServer) -> AsyncIterator[RithmicClient]:
    """Connected to orders and positions."""
    async with connected(client_of(server)) as made:
        yield made


@pytest.fixture
def heard(client: RithmicClient) -> Heard:
    return Heard(client)
