"""Orders on their way to the broker, in the order in which they leave.

What closes a position or takes an order back goes before changes, and these before entries; among
equals the first that came. Nothing waits behind an order that cannot leave yet.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.events import OrderAmend, OrderCancel, OrderIntent
from trading.brokers.adapter import Order


@dataclass(slots=True, kw_only=True)
class Outgoing:
    """An order, and how far it got. Times are the dispatcher's clock, seconds."""

    order: Order
    number: int
    since: float
    behind_ns: int = 0  # so old was then what it was wanted for
    not_before: float = 0.0
    tries: int = 0
    sent: float = 0.0  # when it last may have left
    unknown: bool = False  # whether it arrived is not known: it is asked for, not sent
    reason: str = ""  # why it did not leave last time
    asked: int = 0  # questions in a row without an answer
    cleared: bool = False  # all checks were passed
    none_seen: int = 0  # answers in a row that the broker has no such order
    delayed: bool = False  # what was true when it was wanted may not be any more
    placing: bool = False
    withdrawn: bool = False  # not wanted any more, and it had not left
    escalated: bool = False

    @property
    def rank(self) -> int:
        if self.unknown or isinstance(self.order, OrderCancel):
            return 0
        if isinstance(self.order, OrderAmend):
            return 1
        return 2 if self.order.role == "entry" else 0

    @property
    def here(self) -> bool:
        """It is known not to be at the broker, nor on its way."""
        return not self.unknown and not self.placing

    @property
    def is_entry(self) -> bool:
        return isinstance(self.order, OrderIntent) and self.order.role == "entry"

    @property
    def is_exit(self) -> bool:
        return isinstance(self.order, OrderIntent) and self.order.role == "exit"


@dataclass
class Queue:
    """What waits, also what is being worked on."""

    clock: Callable[[], float]
    waiting: list[Outgoing] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _number: int = 0

    def __iter__(self) -> Iterator[Outgoing]:
        return iter(list(self.waiting))

    def put(self, order: Order, behind_ns: int = 0) -> None:
        self._number += 1
        out = Outgoing(order=order, number=self._number, since=self.clock(), behind_ns=behind_ns)
        self.waiting.append(out)
        self.changed.set()

    def __contains__(self, out: Outgoing) -> bool:
        return any(one is out for one in self.waiting)

    def done(self, out: Outgoing) -> None:
        self.waiting = [one for one in self.waiting if one is not out]
        self.changed.set()

    def unknown(self) -> list[str]:
        """Ids of orders whose outcome is not known."""
        return [out.order.id for out in self.waiting if out.unknown]

    def next(self) -> tuple[Outgoing | None, float | None]:
        """What is due first; if nothing is, the seconds until something will be (None: not before
        something changes). A change or a cancellation waits until its order's outcome is known."""
        now, unknown = self.clock(), self.unknown()
        able = [out for out in self.waiting if out.unknown or out.order.id not in unknown]
        due = [out for out in able if out.not_before <= now]
        if due:
            return min(due, key=lambda out: (out.rank, out.number)), None
        return None, min((out.not_before - now for out in able), default=None)
