"""The broker of a world: the local Rithmic in a thread with a loop of its own."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

from tests.servers.rithmic import ACCOUNT, SYSTEM, Account, Contract, RithmicServer

USER: Final = "trader"
PASSWORD: Final = "secret"
CASH: Final = Decimal(2_500)
ORDER_PLANT: Final = 2


def environment(port: int, ca: str) -> dict[str, str]:
    """What the trading process is told of it."""
    return {
        "RITHMIC_USER": USER,
        "RITHMIC_PASSWORD": PASSWORD,
        "RITHMIC_SYSTEM": SYSTEM,
        "RITHMIC_URL": f"wss://127.0.0.1:{port}",
        "RITHMIC_CA_FILE": ca,
        "RITHMIC_ACCOUNT": ACCOUNT,
        "CONFIRM_LIVE": ACCOUNT,
        # Hours pass in seconds here.
        "LIVE_ORDERS_PER_SECOND": "100",
        "LIVE_ORDERS_PER_MINUTE": "1000",
        "LIVE_ORDERS_PER_DAY": "10000",
    }


@dataclass(frozen=True, kw_only=True)
class Books:
    """What really happened at the exchange. Money in dollars, times UTC ns, prices in ticks."""

    tags: dict[str, int]  # how often an order came in
    fills: dict[str, tuple[str, int, int]]  # id -> tag or basket, signed size, price
    position: int
    working: int
    unprotected: list[float]  # seconds, each
    realised: Decimal
    commissions: Decimal
    troubles: dict[str, int]


class Broker:
    """A context manager; everything may be called from any thread."""

    def __init__(self, folder: Path, contract: str, clock: Callable[[], int]) -> None:
        self.contract = contract
        self.server = RithmicServer(
            [Contract(symbol=contract, product="MES", margin=Decimal(40))],
            [Account(ACCOUNT, cash=CASH)],
            folder=folder,
            clock=clock,
            user=USER,
            password=PASSWORD,
        )
        ledger = self.server.exchange.ledger
        note = ledger.note

        def note_by_the_wall(account: str, symbol: str, now: int, net: int, naked: int) -> None:
            note(account, symbol, time.time_ns(), net, naked)

        # How long a position is without a stop counts in real seconds, as a restart does.
        ledger.note = note_by_the_wall  # type: ignore[method-assign]
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self.server.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def _call(self, what: Any, *args: Any, **words: Any) -> Any:
        done: Future[Any] = Future()

        def call() -> None:
            try:
                done.set_result(what(*args, **words))
            except Exception as error:  # noqa: BLE001 - who asked is told
                done.set_exception(error)

        self.loop.call_soon_threadsafe(call)
        return done.result(30)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def ca(self) -> Path:
        return Path(self.server.ca)

    @property
    def logins(self) -> int:
        """At the order plant."""
        return self.server.logins.count(ORDER_PLANT)

    def trades(self, trades: list[tuple[int, int]]) -> None:
        """Trades meet the orders: prices in ticks, times."""
        self._call(self.server.trades, self.contract, trades)

    def misbehave(self, what: str, **words: Any) -> None:
        self._call(self.server.trouble, what, **words)

    def restart(self) -> None:
        """Gone, and back with everything it had."""
        self._wait(self.server.stop())
        self._wait(self.server.start())

    def books(self) -> Books:
        return self._call(self._books)  # type: ignore[no-any-return]

    def _books(self) -> Books:
        exchange, ledger = self.server.exchange, self.server.exchange.ledger
        position = exchange.position(ACCOUNT, self.contract)
        contract = exchange.contracts[self.contract]
        now = time.time_ns()
        return Books(
            tags=ledger.tags(),
            fills={
                fill.id: (fill.tag or fill.basket, fill.side * fill.size, fill.price)
                for fill in ledger.fills
            },
            position=position.net,
            working=sum(1 for order in exchange.orders.values() if order.open),
            unprotected=[
                (end - start) / 1e9
                for start, end in ledger.unprotected(ACCOUNT, self.contract, now)
            ],
            realised=position.realised * contract.tick_value,
            commissions=exchange.accounts[ACCOUNT].commissions,
            troubles=dict(self.server.troubles.happened),
        )
