"""A broker's adapter in memory: what it says is set by the test, what it is told is kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from trading.brokers.adapter import (
    BrokerError,
    BrokerOrder,
    BrokerState,
    Execution,
    Order,
    Report,
)


@dataclass
class Double:
    """`refuses`: why the login fails; `silent`: the line never comes; `stuck`: flattening does
    nothing."""

    balance: Decimal | None = Decimal(2500)
    margins: Mapping[str, Decimal] = field(
        default_factory=lambda: {"MES": Decimal(30), "ES": Decimal(300)}
    )
    positions: dict[str, int] = field(default_factory=dict)
    orders: list[BrokerOrder] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    refuses: str = ""
    misfit: str = ""
    silent: bool = False
    stuck: bool = False
    up: bool = False
    flattened: int = 0

    def contract(self, symbol: str) -> str:
        return f"{symbol}M4"

    def follow(self, contract: str) -> None:
        """One contract is all that it knows."""

    async def run(self, report: Report) -> None:
        if self.refuses:
            raise BrokerError(self.refuses)
        self.up = not self.silent
        try:
            await asyncio.Event().wait()
        finally:
            self.up = False

    async def place(self, order: Order) -> None:
        raise AssertionError("nothing is ordered here")

    async def find(self, order_id: str) -> BrokerOrder | None:
        return next((order for order in self.orders if order.id == order_id), None)

    async def state(self) -> BrokerState:
        return BrokerState(
            orders=tuple(self.orders),
            positions=dict(self.positions),
            executions=tuple(self.executions),
            balance=self.balance,
        )

    async def margin(self, symbol: str) -> Decimal:
        if symbol not in self.margins:
            raise BrokerError(f"{symbol} is not traded")
        return self.margins[symbol]

    async def unfit(self, symbol: str) -> str:
        return self.misfit

    async def flatten_all(self) -> None:
        self.flattened += 1
        if not self.stuck:
            self.positions.clear()
            self.orders.clear()
