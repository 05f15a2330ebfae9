"""The adapter at the local Rithmic, and what it said."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from engine.commands import ReportLink
from engine.events import Fill, OrderAmend, OrderCancel, OrderIntent
from tests.servers.rithmic import ACCOUNT, RithmicServer
from tests.trading.rithmic.conftest import until
from trading.brokers.adapter import Word
from trading.brokers.rithmic.access import Access, Timing
from trading.brokers.rithmic.adapter import RithmicAdapter
from trading.brokers.rithmic.contracts import Contracts

W = TypeVar("W")

TRADE = "live-20261121-001"
QUICK = Timing(
    connect=5.0, answer=5.0, heartbeat=0.05, silence=5.0, stand_down=5.0, legs=5.0, atomic=0.0,
    settle=0.0, first_wait=0.01, longest_wait=0.05, goodbye=0.5, queries=1000,
)  # fmt: skip
"""Patient where something is to come, quick where something is to begin."""
HASTY = replace(QUICK, answer=0.7)
"""For what is never answered."""


def access_of(server: RithmicServer, timing: Timing = QUICK, **more: Any) -> Access:
    given = {
        "user": server.user,
        "password": server.password,
        "system": server.systems[0],
        "url": server.url,
        "account": ACCOUNT,
        "ca_file": str(server.ca),
    }
    return Access(**given | more, timing=timing)


class Desk:
    """An adapter that runs, and its words in their order."""

    def __init__(self, server: RithmicServer, adapter: RithmicAdapter) -> None:
        self.server = server
        self.adapter = adapter
        self.words: list[Word] = []
        self.task: asyncio.Task[None] | None = None

    async def report(self, word: Word) -> None:
        self.words.append(word)

    def of(self, kind: type[W]) -> list[W]:
        """The words of a kind."""
        return [word for word in self.words if isinstance(word, kind)]

    def fills(self, order: str = "") -> list[tuple[str, int, int]]:
        """Order, lots and price (ticks) of the fills, by their order's suffix."""
        return [
            (fill.order_id.rpartition("-")[2], fill.size, fill.price)
            for fill in self.of(Fill)
            if order in ("", fill.order_id.rpartition("-")[2])
        ]

    @property
    def position(self) -> int:
        """By the words alone."""
        sides = {"E": 1, "S": -1, "T": -1, "X": -1}
        return sum(sides[order[0]] * size for order, size, _ in self.fills())

    async def has(self, kind: type[W], count: int = 1) -> list[W]:
        """The words of a kind when there are so many."""
        await until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    async def filled(self, *orders: str) -> None:
        """Wait until these orders have fills."""
        await until(lambda: {order for order, _, _ in self.fills()} >= set(orders))

    async def legs(self, count: int = 2) -> None:
        """Wait until so many stops and targets work."""
        book = self.adapter.book
        roles = ("stop", "target")
        await until(lambda: sum(e.role in roles and not e.over for e in book.all()) == count)

    async def up_again(self, downs: int = 1) -> None:
        """Wait until the line was lost so often and is back."""
        await until(lambda: sum(not link.up for link in self.of(ReportLink)) >= downs)
        await until(lambda: self.adapter.up and self.of(ReportLink)[-1].up)

    # What the engine asks for

    async def enter(self, size: int = 2, trade: str = TRADE, side: int = 1) -> None:
        await self.adapter.place(
            OrderIntent(
                ts=1, id=f"{trade}-E", trade_id=trade, symbol="MES", role="entry", type="market",
                side=side, size=size, stop_ticks=16, target_ticks=24,
            )
        )  # fmt: skip

    async def entered(self, size: int = 2) -> None:
        """Enter, and wait for the fill and its bracket."""
        await self.enter(size)
        await self.filled("E")
        await self.legs()

    async def leave(self, size: int = 2, name: str = "X", trade: str = TRADE) -> None:
        await self.adapter.place(
            OrderIntent(
                ts=2, id=f"{trade}-{name}", trade_id=trade, symbol="MES", role="exit",
                type="market", side=-1, size=size,
            )
        )  # fmt: skip

    async def amend(self, price: int, part: str = "S") -> None:
        order = f"{TRADE}-{part}"
        await self.adapter.place(
            OrderAmend(ts=3, id=order, trade_id=TRADE, price=price, size=2, reason="trailing_stop")
        )

    async def cancel(self, part: str) -> None:
        order = f"{TRADE}-{part}"
        await self.adapter.place(OrderCancel(ts=4, id=order, trade_id=TRADE, reason="operator"))


@asynccontextmanager
async def desk_at(
    server: RithmicServer, timing: Timing = QUICK, *, wait: bool = True, **more: Any
) -> AsyncIterator[Desk]:
    """A desk whose line is up, until the block is left."""
    adapter = RithmicAdapter(access_of(server, timing, **more), Contracts("MESZ6"), ("MES",))
    desk = Desk(server, adapter)
    library = logging.getLogger("rithmic")
    before = library.handlers[:], library.propagate, library.level
    desk.task = asyncio.create_task(adapter.run(desk.report))
    try:
        if wait:
            await until(lambda: desk.of(ReportLink) or desk.task.done())
            if desk.task.done():
                desk.task.result()
        yield desk
    finally:
        desk.task.cancel()
        await asyncio.gather(desk.task, return_exceptions=True)
        library.handlers[:], library.propagate, library.level = before


def sent(server: RithmicServer, *templates: int) -> list[Any]:
    """What the server received of these templates."""
    return [each for each in server.exchange.ledger.received if each.template in templates]
