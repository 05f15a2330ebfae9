"""What the engine believes is at the broker, for whoever compares it with what the broker has.

Reading it changes nothing. With fills simulated nothing is at a broker, and all of it is empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.brackets import Role
from engine.events import OrderAmend, OrderIntent

State = Literal["sent", "working", "cancelling"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BelievedOrder:
    """An order that is not over: asked for, confirmed, or asked to be taken back (even if that was
    refused: it is still not wanted).

    `size` counts what it has filled; `price` is ticks, None at market. A bracket's stop and target
    are "sent" from the entry's first fill on: the broker works them by itself.
    """

    id: str
    trade_id: str
    role: Role
    symbol: str
    side: int
    size: int
    filled: int
    price: int | None
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """`positions` are signed lots by symbol, without zeros. `over` are ids of the recent trades'
    orders that are over, oldest first; `fills` the ids of fills that were booked, oldest first."""

    positions: Mapping[str, int] = field(default_factory=dict)
    orders: tuple[BelievedOrder, ...] = ()
    over: tuple[str, ...] = ()
    fills: tuple[str, ...] = ()


class Ledger:
    """Every order of the recent trades, from being sent until its trade is forgotten."""

    def __init__(self) -> None:
        self._alive: dict[str, BelievedOrder] = {}
        self._over: dict[str, str] = {}  # order, trade

    def __getitem__(self, order: str) -> BelievedOrder | None:
        """An order that is not over."""
        return self._alive.get(order)

    @property
    def alive(self) -> tuple[BelievedOrder, ...]:
        return tuple(self._alive.values())

    @property
    def over(self) -> tuple[str, ...]:
        return tuple(self._over)

    def is_over(self, order: str) -> bool:
        return order in self._over

    def send(self, intent: OrderIntent) -> None:
        """An order is sent. A stop or target that was said to be over before stays so."""
        if intent.id not in self._over:
            self._alive[intent.id] = BelievedOrder(
                id=intent.id, trade_id=intent.trade_id, role=intent.role, symbol=intent.symbol,
                side=intent.side, size=intent.size, filled=0, price=intent.price, state="sent",
            )  # fmt: skip

    def amend(self, amend: OrderAmend) -> None:
        """An order that is not over is asked to change."""
        order = self._alive[amend.id]
        self._alive[amend.id] = replace(order, price=amend.price, size=amend.size)

    def at(self, order: BelievedOrder, price: int) -> None:
        """An order works at a price."""
        self._alive[order.id] = replace(order, price=price)

    def see(self, order: BelievedOrder, state: State) -> None:
        """An order has come to a state."""
        self._alive[order.id] = replace(order, state=state)

    def fill(self, order: str, size: int) -> None:
        """An order filled; when it is whole, it is over."""
        if (found := self._alive.get(order)) is not None:
            filled = found.filled + size
            if filled >= found.size:
                self.end(order, found.trade_id)
            else:
                self._alive[order] = replace(found, filled=filled)

    def end(self, order: str, trade: str) -> None:
        """An order is over."""
        self._alive.pop(order, None)
        self._over[order] = trade

    def forget(self, trade: str) -> None:
        """A trade is not recent any more."""
        self._alive = {
            name: order for name, order in self._alive.items() if order.trade_id != trade
        }
        self._over = {name: of for name, of in self._over.items() if of != trade}
