"""The orders that work at the broker or the simulated exchange, by what the engine said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.events import AmendRejected, Event, OrderAmend, OrderIntent, OrderUpdate
from trading import wire

if TYPE_CHECKING:
    from engine.status import Status

OVER = ("filled", "cancelled", "rejected", "lost")


@dataclass(slots=True)
class Working:
    """One order that is not over. `price` is ticks, None at market; sizes are lots."""

    intent: OrderIntent
    price: int | None
    size: int
    filled: int = 0

    def to_wire(self) -> wire.Json:
        order = self.intent
        return {
            "id": order.id,
            "trade": order.trade_id,
            "symbol": order.symbol,
            "role": order.role,
            "kind": order.type,
            "side": int(order.side),
            "size": int(self.size),
            "filled": int(self.filled),
            "price": None if self.price is None else int(self.price),
            "t": wire.millis(order.ts),
        }


class WorkingOrders:
    """Orders by id, in the order in which they were sent."""

    def __init__(self) -> None:
        self._orders: dict[str, Working] = {}

    def see(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case OrderIntent():
                    self._orders[event.id] = Working(event, event.price, event.size)
                case OrderAmend(id=name, price=price, size=size):
                    if (order := self._orders.get(name)) is not None:
                        order.price, order.size = price, size
                case AmendRejected(id=name, price=price):
                    if (order := self._orders.get(name)) is not None:
                        order.price = price
                case OrderUpdate(id=name, status=status) if status in OVER:
                    self._orders.pop(name, None)
                case OrderUpdate(id=name, filled=filled):
                    if (order := self._orders.get(name)) is not None:
                        order.filled = filled

    def to_wire(self, status: "Status") -> list[wire.Json]:
        """All that work. Where the engine has no bracket, none does."""
        if status.position is None and status.waiting is None:
            self._orders.clear()
        return [order.to_wire() for order in self._orders.values()]
