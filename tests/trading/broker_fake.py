"""An exchange in memory behind the adapter's Protocol, which misbehaves when it is told to.

`faults` are what happens to the next orders, in turn:

    drop      does not arrive, and that is known
    vanish    does not arrive, and that is not known
    lose      arrives, its answer does not
    hang      arrives, and nothing is ever answered
    refuse    is refused
    reject    is taken and rejected a moment later

Market orders fill at `price` at once unless `slow`; a word that `deaf` says yes to is not reported.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from engine.commands import (
    ReportCancelled,
    ReportLink,
    ReportReject,
    ReportWorking,
)
from engine.events import Fill, OrderAmend, OrderCancel, OrderIntent
from engine.instruments import instrument
from trading.brokers.adapter import (
    BrokerError,
    BrokerOrder,
    BrokerState,
    Execution,
    NotSent,
    Order,
    OutcomeUnknown,
    Refused,
    Report,
    Word,
)

CONTRACTS = {"MES": "MESM4", "ES": "ESM4"}


async def nothing(word: Word) -> None:
    """Nobody listens."""


@dataclass
class FakeBroker:
    """The adapter and the exchange behind it."""

    price: int = 21_000  # ticks
    up: bool = True
    faults: deque[str] = field(default_factory=deque)
    slow: bool = False
    mute: bool = False  # does not answer questions
    deaf: Callable[[Word], bool] = lambda word: False
    flattens: bool = True
    balance: Decimal | None = Decimal(2_500)
    margins: dict[str, Decimal] = field(
        default_factory=lambda: dict.fromkeys(CONTRACTS, Decimal(40))
    )
    orders: dict[str, BrokerOrder] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    placed: list[Order] = field(default_factory=list)
    """Everything that arrived."""
    asked: list[str] = field(default_factory=list)
    flattened: int = 0
    report: Report = nothing
    ts: int = 0
    words: int = 0
    distances: dict[str, tuple[int, int]] = field(default_factory=dict)

    # The adapter

    def contract(self, symbol: str) -> str:
        return CONTRACTS[symbol]

    def follow(self, contract: str) -> None:
        """One contract is all that it knows."""

    async def run(self, report: Report) -> None:
        self.report = report
        await self.link(self.up)
        await asyncio.Event().wait()

    async def place(self, order: Order) -> None:
        fault = self.faults.popleft() if self.faults else ""
        if not self.up or fault == "drop":
            raise NotSent("the line is down")
        if fault == "vanish":
            raise OutcomeUnknown("no answer")
        if fault == "refuse":
            raise Refused("not today")
        self.placed.append(order)
        await self._take(order, rejected=fault == "reject")
        if fault == "lose":
            raise OutcomeUnknown("no answer")
        if fault == "hang":
            await asyncio.Event().wait()

    async def find(self, order_id: str) -> BrokerOrder | None:
        self.asked.append(order_id)
        self._answers()
        return self.orders.get(order_id)

    async def state(self) -> BrokerState:
        self._answers()
        return BrokerState(
            orders=tuple(self.orders.values()),
            positions={name: lots for name, lots in self.positions.items() if lots},
            executions=tuple(self.executions),
            balance=self.balance,
            margins=self.margins,
        )

    async def margin(self, symbol: str) -> Decimal:
        if not self.up or symbol not in self.margins:
            raise BrokerError("no answer")
        return self.margins[symbol]

    async def unfit(self, symbol: str) -> str:
        return ""

    async def flatten_all(self) -> None:
        self._answers()
        self.flattened += 1
        if not self.flattens:
            return
        for order in list(self.orders.values()):
            if not order.over:
                await self.cancelled(order.id or order.key, "flattened")
        for contract, lots in list(self.positions.items()):
            if lots:
                await self.trade(contract, -1 if lots > 0 else 1, abs(lots))

    # What happens at the exchange

    async def link(self, up: bool) -> None:
        self.up = up
        await self.tell(ReportLink(**self._word(), up=up))

    async def fill(self, order_id: str, size: int, price: int | None = None) -> Fill | None:
        """An order of ours fills."""
        order = self.orders[order_id]
        filled = order.filled + size
        status = "filled" if filled >= order.size else "partial"
        self.orders[order_id] = replace(order, filled=filled, status=status)
        fill = self._execution(order_id, order.symbol, order.side, size, price)
        await self.tell(fill)
        if order.role == "entry":
            await self._protect(order, fill.price, filled)
        else:
            await self._settle_bracket(order_id.rpartition("-")[0], order.symbol)
        return fill

    async def cancelled(self, order_id: str, reason: str) -> None:
        self.orders[order_id] = replace(self.orders[order_id], status="cancelled", reason=reason)
        await self.tell(ReportCancelled(**self._word(), order_id=order_id, reason=reason))

    async def trade(self, contract: str, side: int, size: int, price: int | None = None) -> None:
        """Somebody else trades in the account."""
        self._execution("", contract, side, size, price)

    def foreign(self, contract: str, side: int, size: int) -> str:
        """Somebody else's order works in the account; its key."""
        key = f"foreign{len(self.orders)}"
        self.orders[key] = BrokerOrder(
            id="", key=key, symbol=contract, role="foreign", side=side, size=size, filled=0,
            status="working", price=Decimal(1),
        )  # fmt: skip
        return key

    async def tell(self, word: Word) -> None:
        if not self.deaf(word):
            await self.report(word)

    # Inside

    def _answers(self) -> None:
        if self.mute or not self.up:
            raise BrokerError("no answer")

    def _word(self) -> dict[str, object]:
        self.words += 1
        return {"id": f"b{self.words}", "ts": self.ts}

    def _execution(
        self, order_id: str, contract: str, side: int, size: int, price: int | None
    ) -> Fill:
        number = len(self.executions) + 1
        price = price or self.price
        self.executions.append(Execution(
            id=f"x{number}", order_id=order_id, key=order_id or f"k{number}", symbol=contract,
            side=side, size=size, price=instrument("MES").price(price), ts=self.ts,
        ))  # fmt: skip
        self.positions[contract] = self.positions.get(contract, 0) + side * size
        return Fill(id=f"x{number}", order_id=order_id, ts=self.ts, price=price, size=size)

    async def _take(self, order: Order, *, rejected: bool) -> None:
        match order:
            case OrderCancel(id=name):
                if name not in self.orders or self.orders[name].over:
                    raise Refused("no such working order")
                await self.cancelled(name, "asked for")
            case OrderAmend(id=name, price=price, size=size):
                if rejected or name not in self.orders or self.orders[name].over:
                    raise Refused("no such working order")
                worth = instrument("MES").price(price)
                self.orders[name] = replace(self.orders[name], price=worth, size=size)
            case OrderIntent():
                await self._new(order, rejected)

    async def _new(self, order: OrderIntent, rejected: bool) -> None:
        self.orders[order.id] = BrokerOrder(
            id=order.id, key=f"k-{order.id}", symbol=CONTRACTS[order.symbol],
            role="entry" if order.role == "entry" else "exit", side=order.side, size=order.size,
            filled=0, status="rejected" if rejected else "working",
            reason="rejected by the exchange" if rejected else "",
        )  # fmt: skip
        self.distances[order.id] = (order.stop_ticks, order.target_ticks)
        if rejected:
            reason = "rejected by the exchange"
            await self.tell(ReportReject(**self._word(), order_id=order.id, reason=reason))
            return
        await self.tell(ReportWorking(**self._word(), order_id=order.id))
        if order.role == "exit":
            await self._stand_down(order.trade_id)
        if not self.slow:
            await self.fill(order.id, order.size)

    async def _protect(self, entry: BrokerOrder, price: int, filled: int) -> None:
        trade = entry.id.rpartition("-")[0]
        stop, target = self.distances[entry.id]
        for suffix, role, at in (
            ("S", "stop", price - entry.side * stop), ("T", "target", price + entry.side * target),
        ):  # fmt: skip
            name = f"{trade}-{suffix}"
            if name in self.orders:
                self.orders[name] = replace(self.orders[name], size=filled)
                continue
            self.orders[name] = BrokerOrder(
                id=name, key=f"k-{name}", symbol=entry.symbol, role=role, side=-entry.side,
                size=filled, filled=0, status="working", price=instrument("MES").price(at),
                parent=entry.key,
            )  # fmt: skip

    async def _stand_down(self, trade: str) -> None:
        for name in (f"{trade}-S", f"{trade}-T"):
            if name in self.orders and not self.orders[name].over:
                await self.cancelled(name, "stood down")

    async def _settle_bracket(self, trade: str, contract: str) -> None:
        """The broker takes back what is left of a bracket when nothing is held."""
        if not self.positions.get(contract, 0):
            await self._stand_down(trade)
