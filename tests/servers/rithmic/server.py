"""The server: TLS, connections, who is told what, and all that a test may do to it."""

import asyncio
import logging
import pickle
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request

from tests.servers.rithmic.book import Account, Contract, Fill, Order
from tests.servers.rithmic.certificate import certified
from tests.servers.rithmic.exchange import Exchange, Notice
from tests.servers.rithmic.messages import (
    account_update,
    bracket_update,
    fill_notice,
    frame,
    make,
    notices,
    position_update,
    unknown,
)
from tests.servers.rithmic.report import Plain, report
from tests.servers.rithmic.session import GARBAGE, UNKNOWN_TEMPLATE, Session
from tests.servers.rithmic.trouble import Trouble, Troubles

SYSTEM = "Rithmic Test"
MES = Contract(symbol="MESZ6", product="MES")
ACCOUNT = "SIM-1"
ORDERS, BRACKETS, POSITIONS = "accounts", "brackets", "positions"

Told = tuple[str, str, bytes]
"""Which subscription, which account, the frame."""


class RithmicServer:
    """See above; `options` are the exchange's. `folder` keeps certificates, and `state` (a file)
    what the exchange has, from one process to the next."""

    def __init__(
        self,
        contracts: Iterable[Contract] = (MES,),
        accounts: Iterable[str | Account] = (ACCOUNT,),
        *,
        port: int = 0,
        folder: Path | None = None,
        state: Path | None = None,
        clock: Callable[[], int] = time.time_ns,
        seed: int = 0,
        heartbeat: float = 30.0,
        systems: Iterable[str] = (SYSTEM,),
        user: str = "trader",
        password: str = "secret",
        **options: Any,
    ) -> None:
        self.systems = tuple(systems)
        self.user, self.password = user, password
        self.heartbeat = heartbeat
        self.heartbeats = 0
        self.hanging = False
        self.handshakes = asyncio.Event()
        self.handshakes.set()
        self.shaking = 0  # connections whose handshake is not answered yet
        self.logins: list[int] = []  # plants
        self.port = port
        self.state = state
        self.troubles = Troubles(seed)
        self._scratch = tempfile.TemporaryDirectory(prefix="rithmic-") if folder is None else None
        self._tls, self.ca = certified(Path(self._scratch.name) if self._scratch else folder)  # type: ignore[arg-type]
        known = [each if isinstance(each, Account) else Account(each) for each in accounts]
        self.exchange = Exchange(contracts, known, clock, self.troubles, **options)
        if state is not None and state.exists():
            self._load(state)
        self.exchange.tell = self._tell
        self._listener: Server | None = None
        self._place: socket.socket | None = None
        self._sessions: set[Session] = set()
        self._again: asyncio.Task[None] | None = None
        self._told: list[Told] | None = None
        self._kept: list[Told] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self._place is not None:
            self._place.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"wss://127.0.0.1:{self.port}"

    # Its life

    async def start(self) -> None:
        """Listen, on the port it had before."""
        if self._place is None:
            # Bound and not listening: the port stays ours while connections are refused.
            self._place = socket.socket()
            self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._place.bind(("127.0.0.1", self.port))
            self.port = self._place.getsockname()[1]
        if self._listener is None:
            self._listener = await serve(
                self._serve, "127.0.0.1", self.port, ssl=self._tls, compression=None,
                ping_interval=None, close_timeout=0.2, open_timeout=None, logger=_quiet(),
                process_request=self._shake_hands, reuse_port=True,
            )  # fmt: skip

    async def stop(self) -> None:
        """Break every line and refuse new ones. What the exchange has stays."""
        if self._again is not None:
            self._again.cancel()
        self.handshakes.set()
        self.cut()
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.close()
            await listener.wait_closed()
        self.save()

    def refuse(self, seconds: float | None = None) -> None:
        """Refuse new connections until `start`, or so long; those that are there stay."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.close(close_connections=False)
        if seconds is not None:
            self._again = asyncio.create_task(self._start_after(seconds))

    async def _start_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.start()

    def save(self) -> None:
        """Write the state file, if there is one."""
        if self.state is not None:
            fresh = self.state.with_suffix(".new")
            fresh.write_bytes(pickle.dumps(self.exchange.state()))
            fresh.replace(self.state)

    def _load(self, state: Path) -> None:
        # Our own file, written by `save`.
        self.exchange.restore(pickle.loads(state.read_bytes()))

    async def _shake_hands(self, _line: ServerConnection, _request: Request) -> None:
        self.shaking += 1
        await self.handshakes.wait()
        self.shaking -= 1

    async def _serve(self, line: ServerConnection) -> None:
        session = Session(self, line)
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    # The market

    def trade(self, symbol: str, price: Decimal | str | int, ts: int | None = None) -> None:
        """A trade at a price (a whole number is ticks)."""
        exchange = self.exchange
        ticks = exchange.contract(symbol).ticks(price)
        exchange.trade(symbol, ticks, exchange.clock() if ts is None else ts)

    def trades(self, symbol: str, prices: Iterable[Any]) -> None:
        """Trades in a row: prices, or pairs of price and time (UTC ns)."""
        for each in prices:
            price, ts = each if isinstance(each, list | tuple) else (each, None)
            self.trade(symbol, price, ts)

    def manual_order(
        self, account: str, symbol: str, side: int, size: int, *, kind: str = "market",
        price: Decimal | str | int | None = None, trigger: Decimal | str | int | None = None,
        tag: str = "",
    ) -> str:  # fmt: skip
        """Somebody else gives an order in the account; at market it is filled as any other is.
        Answers its basket."""
        contract = self.exchange.contract(symbol)
        wish = Order(
            basket="", account=account, symbol=symbol, side=side, size=size, kind=kind, tag=tag,
            role="foreign", price=None if price is None else contract.ticks(price),
            trigger=None if trigger is None else contract.ticks(trigger),
        )  # fmt: skip
        return self.exchange.submit(wish).basket

    def cancel(self, basket: str, text: str = "") -> None:
        """Somebody else, or the exchange, takes an order back."""
        self.exchange.cancel(basket, text)

    def reject(self, basket: str, text: str) -> None:
        """The exchange throws a working order out."""
        self.exchange.throw_out(basket, text)

    def margin(self, product: str, rate: Decimal | str) -> None:
        """The margin per contract from now on."""
        self.exchange.margins[product] = Decimal(rate)

    def report(self, account: str = "") -> Plain:
        """What happened in an account (the first, if none is named), as plain values."""
        return report(self.exchange, account)

    # Misbehaviour

    def trouble(self, what: str, **details: Any) -> Trouble:
        """Something will go wrong: `trouble.py` has what and when."""
        made = Trouble(what, **details)
        self.troubles.waiting.append(made)
        return made

    def calm(self) -> None:
        """No more troubles; fills that were held back are told."""
        self.troubles.waiting.clear()
        self.hang(hanging=False)
        self._flush()

    def hang(self, hanging: bool = True, *, handshakes: bool = True) -> None:
        """Take connections and requests and answer nothing, not even new connections' websocket
        handshakes unless those are wanted; or answer again."""
        self.hanging = hanging
        if hanging and not handshakes:
            self.handshakes.clear()
        else:
            self.handshakes.set()

    def cut(self, plant: int = 0) -> None:
        """Break the lines (of a plant: 2 orders, 4 positions)."""
        for each in self._of(plant):
            each.cut()

    def hang_up(self, plant: int = 0) -> None:
        """End the connections in order."""
        for each in self._of(plant):
            each.close()

    def force_logout(self, plant: int = 0) -> None:
        """77, and the end of the connection."""
        for each in self._of(plant):
            each.send(frame(make("ForcedLogout")))
            each.close()

    def babble(self, what: str, plant: int = 0) -> None:
        """Send what nobody can read: garbage, unknown_template, half_frame."""
        for each in self._of(plant):
            if what == "half_frame":
                each.tear(GARBAGE)
            else:
                each.send({"garbage": GARBAGE, "unknown_template": unknown(UNKNOWN_TEMPLATE)}[what])

    def fill_late(self, basket: str) -> None:
        """An order that is over is filled all the same, with what was left of it."""
        order = self.exchange.known(basket)
        at = order.price if order.price is not None else order.trigger
        if at is None:
            at = self.exchange.last[order.symbol]
        self.exchange.fill(order, order.size - order.filled, at, self.exchange.clock())

    def _of(self, plant: int) -> list[Session]:
        return [each for each in self._sessions if plant in (0, each.plant)]

    # Who is told what

    @contextmanager
    def held(self) -> Iterator[list[Told]]:
        """What is told meanwhile waits until the end, after the answer."""
        self._told = told = []
        try:
            yield told
        finally:
            self._told = None
            self.release(told)

    def release(self, told: list[Told]) -> None:
        """Send it to those who subscribed."""
        for subscription, account, data in told:
            for each in self._sessions:
                if account in getattr(each, subscription):
                    each.send(data)
        told.clear()

    def _say(self, *told: Told) -> None:
        if self._told is not None:
            self._told.extend(told)
        else:
            self.release(list(told))

    def _tell(self, notice: Notice) -> None:
        exchange, account = self.exchange, notice.account
        if notice.what == "position":
            self._say(
                (POSITIONS, account, frame(position_update(exchange, account, notice.symbol))),
                (POSITIONS, account, frame(account_update(exchange, account))),
            )
        elif notice.what == "bracket":
            assert notice.order is not None
            self._say((BRACKETS, account, frame(bracket_update(notice.order))))
        elif notice.what == "fill":
            assert notice.order is not None
            assert notice.fill is not None
            self._tell_fill(notice.order, notice.fill)
        else:
            self._say(*((ORDERS, account, frame(each)) for each in notices(exchange, notice)))

    def _tell_fill(self, order: Order, fill: Fill) -> None:
        told = (ORDERS, order.account, frame(fill_notice(self.exchange, order, fill)))
        trouble = self.troubles.take("fill", order.tag)
        what = trouble.what if trouble is not None else ""
        if what == "hold_fill":
            self._kept.append(told)
            return
        if what != "lose_fill":
            self._say(*([told] * (2 if what == "duplicate_fill" else 1)))
        self._flush()

    def _flush(self) -> None:
        kept, self._kept = self._kept, []
        self._say(*kept)


def _quiet() -> logging.Logger:
    """Broken lines are meant here: nobody wants to read of them."""
    logger = logging.getLogger("tests.rithmic")
    logger.setLevel(logging.CRITICAL)
    return logger
