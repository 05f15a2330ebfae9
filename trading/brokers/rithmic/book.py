"""The orders of the account as Rithmic told them, ours and others, and what to say about them.

- Every notice passes `take` or, if it is of an answer, `learn`, in any number and repeated: a word
  is said once. It has an id derived from the order and what happened, so that the same notice makes
  the same word even in another process.
- An order is ours by the tag that it went out with. What belongs to its bracket is ours by the
  entry's basket (`original`, or what it is linked to), or by the entry's tag, which Rithmic repeats
  on it or not. There are as many stops and targets as fills of the entry.
- A fill is its basket and the exchange's id. More fills than an order has lots, or a price off the
  grid, are no fills: they are differences, which halt.
- Orders of others are kept too: they close our position without telling us, and `state` shows them.

No network, no clock. Sizes are lots, times UTC ns.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from engine.commands import (
    ReportAmendReject,
    ReportCancelled,
    ReportDifference,
    ReportReject,
    ReportWorking,
)
from engine.events import Fill
from trading.brokers.adapter import BrokerOrder, Word
from trading.brokers.rithmic import ids
from trading.brokers.rithmic.contracts import ticks
from trading.brokers.rithmic.notices import FillNotice, Notice, What

OVER: Final = ("filled", "cancelled", "rejected")
NO_REASON: Final = "Rithmic gave no reason"
ENDED: Final[dict[str, Literal["filled", "cancelled", "rejected"]]] = {
    "filled": "filled",
    "cancelled": "cancelled",
    "rejected": "rejected",
}


@dataclass(slots=True, kw_only=True)
class Known:
    """An order at Rithmic. `id` and `trade` are "" when it is not ours."""

    basket: str
    id: str
    trade: str
    role: Literal["entry", "stop", "target", "exit", "foreign"]
    contract: str
    exchange: str
    side: int
    size: int
    price_type: int
    parent: str
    day: date
    price: Decimal | None = None
    limit: Decimal | None = None
    filled: int = 0  # by the fills that were seen
    told: int = 0  # by Rithmic's own count
    status: Literal["working", "filled", "cancelled", "rejected"] = "working"
    reason: str = ""
    touched: int = 0

    @property
    def over(self) -> bool:
        return self.status != "working"

    def order(self) -> BrokerOrder:
        """As whoever asks for it gets it."""
        filled = max(self.filled, self.told)
        partial = self.status == "working" and filled > 0
        return BrokerOrder(
            id=self.id, key=self.basket, symbol=self.contract, role=self.role, side=self.side,
            size=self.size or filled, filled=filled, status="partial" if partial else self.status,
            price=self.price, parent=self.parent, reason=self.reason,
        )  # fmt: skip


class Book:
    """`day` is the trading day; `roll` to the next."""

    def __init__(self, account: str, day: date) -> None:
        self.account = account
        self.day = day
        self.count = 0
        """Goes up with every notice."""
        self.fills = 0
        """Goes up with every fill that is new."""
        self._refused: dict[str, str] = {}
        self._waiting: dict[str, tuple[What, ...]] = {}
        self._orders: dict[str, Known] = {}
        self._fills: dict[str, date] = {}
        self._elsewhere: dict[str, int] = {}  # lots of a trade that others closed
        self._said: dict[str, date] = {}
        self._sent: dict[str, date] = {}  # by this process

    # What is known

    def sent(self, order_id: str) -> None:
        """We give this order to Rithmic now."""
        self._sent[order_id] = self.day

    @contextmanager
    def awaiting(self, order_id: str, *refusals: What) -> Iterator[None]:
        """Meanwhile such refusals of the order are no words: whoever waits takes `refusal`."""
        self._waiting[order_id] = refusals
        try:
            yield
        finally:
            del self._waiting[order_id]
            self._refused.pop(order_id, None)

    def refusal(self, order_id: str) -> str:
        """Why the order that is waited for was refused, "" if that was not told (yet)."""
        return self._refused.get(order_id, "")

    def told_of_refusal(self, order_id: str) -> None:
        """Whoever waited tells it: no word of ours follows."""
        self._once(f"{order_id}:rejected")

    def get(self, basket: str) -> Known | None:
        return self._orders.get(basket)

    def of(self, order_id: str) -> list[Known]:
        """The orders with our id: one, or several stops or targets."""
        return [each for each in self._orders.values() if each.id == order_id]

    def working(self, order_id: str) -> list[Known]:
        return [each for each in self.of(order_id) if not each.over]

    def all(self) -> Iterator[Known]:
        yield from self._orders.values()

    def held(self, trade: str) -> int:
        """Lots of a trade that are held, by the fills: entered, less what closed them, others'
        orders included."""
        held = -self._elsewhere.get(trade, 0)
        for each in self._orders.values():
            if each.trade == trade:
                held += each.filled if each.role == "entry" else -each.filled
        return held

    def leaving(self, trade: str) -> int:
        """Lots that exits on their way still close."""
        return sum(
            each.size - each.filled
            for each in self._orders.values()
            if each.trade == trade and each.role == "exit" and not each.over
        )

    def executed(self, basket: str, fill_id: str) -> bool:
        """Whether a fill was taken."""
        return fill_key(basket, fill_id) in self._fills

    def __len__(self) -> int:
        """Everything that is kept."""
        days = len(self._fills) + len(self._said) + len(self._sent)
        return days + len(self._orders) + len(self._elsewhere)

    def roll(self, day: date) -> None:
        """Another trading day: what is over and of an earlier one is forgotten."""
        self.day = day
        open_trades = {each.trade for each in self._orders.values() if each.trade}
        open_trades = {trade for trade in open_trades if self._open(trade)}
        kept = {
            basket: each
            for basket, each in self._orders.items()
            if not each.over or each.day >= day or each.trade in open_trades
        }
        baskets = set(kept)
        self._orders = kept
        self._elsewhere = {
            trade: lots for trade, lots in self._elsewhere.items() if trade in open_trades
        }
        self._fills = {
            key: when
            for key, when in self._fills.items()
            if when >= day or key.partition("-")[0] in baskets
        }
        self._said = {key: when for key, when in self._said.items() if when >= day}
        self._sent = {key: when for key, when in self._sent.items() if when >= day}

    def _open(self, trade: str) -> bool:
        orders = [each for each in self._orders.values() if each.trade == trade]
        return self.held(trade) != 0 or any(not each.over for each in orders)

    # What is told

    def learn(self, notices: Iterable[Notice]) -> list[Word]:
        """All of an answer. Entries come before their brackets, which are known by them; the words
        for fills come before those for how orders ended, which is how it was."""
        told = list(notices)
        orders = [each for each in told if each.fill is None]
        orders.sort(key=lambda each: (each.original != "", each.ts))
        ended = [word for each in orders for word in self.take(each)]
        fills = [each for each in told if each.fill is not None]
        fills.sort(key=lambda each: (each.ts, self._role(each.basket) != "entry"))
        return [word for each in fills for word in self.take(each)] + ended

    def _role(self, basket: str) -> str:
        known = self._orders.get(basket)
        return known.role if known is not None else ""

    def take(self, notice: Notice) -> list[Word]:
        """A notice; the words that follow from it."""
        if not notice.basket or notice.account not in ("", self.account):
            return []
        self.count += 1
        order = self._orders.get(notice.basket)
        fresh = order is None
        if order is None:
            order = self._orders[notice.basket] = self._new(notice)
        order.touched = self.count
        if notice.what != "fill":
            self._describe(order, notice)
        words = list(self._fill(order, notice, notice.fill)) if notice.fill is not None else []
        if not (fresh and notice.snapshot and self._silent(order, notice)):
            words += self._happened(order, notice)
        return words

    def _silent(self, order: Known, notice: Notice) -> bool:
        """What was over before this process heard of it, and was not sent by it, is no news."""
        return notice.what in OVER and order.id not in self._sent

    def _new(self, notice: Notice) -> Known:
        trade, role, parent = self._whose(notice)
        order_id = ""
        if role == "entry" or role == "exit":
            order_id = notice.tag
        elif role != "foreign":
            order_id = ids.child(trade, role)
        return Known(
            basket=notice.basket, id=order_id, trade=trade, role=role, contract=notice.contract,
            exchange=notice.exchange, side=notice.side, size=notice.size,
            price_type=notice.price_type, parent=parent, day=self.day,
        )  # fmt: skip

    def _whose(
        self, notice: Notice
    ) -> tuple[str, Literal["entry", "stop", "target", "exit", "foreign"], str]:
        """Trade, role and the entry's basket."""
        ours = ids.parse(notice.tag)
        if ours is not None and ours.role == "exit":
            return ours.trade, "exit", ""
        entry = self._entry_of(notice)
        trade = entry.trade if entry is not None else ""
        if ours is not None and ours.role == "entry":
            trade = ours.trade
            if entry is None and notice.leg in ("market", ""):
                return trade, "entry", ""
        if not trade:
            return "", "foreign", notice.original
        parent = entry.basket if entry is not None else notice.original
        # A market order within a bracket is a stop that Rithmic turned into one.
        return trade, "target" if notice.leg == "target" else "stop", parent

    def _entry_of(self, notice: Notice) -> Known | None:
        """Our entry whose bracket an order belongs to."""
        for basket in (notice.original, *notice.linked):
            near = self._orders.get(basket)
            if near is not None and near.role != "entry" and near.parent:
                near = self._orders.get(near.parent)
            if near is not None and near.role == "entry":
                return near
        tagged = self.of(notice.tag) if notice.tag else []
        return next((each for each in tagged if each.role == "entry"), None)

    def _describe(self, order: Known, notice: Notice) -> None:
        order.size = notice.size or order.size
        order.told = max(order.told, notice.filled)
        order.side = notice.side or order.side
        order.contract = notice.contract or order.contract
        order.exchange = notice.exchange or order.exchange
        order.price_type = notice.price_type or order.price_type
        if notice.what not in ("not_modified", "not_cancelled"):
            order.price = notice.price if notice.price is not None else order.price
            order.limit = notice.limit if notice.limit is not None else order.limit
        ended = ENDED.get(notice.what)
        if ended is not None:
            order.reason = notice.reason or order.reason
            order.status = order.status if order.over else ended

    def _fill(self, order: Known, notice: Notice, fill: FillNotice) -> Iterator[Word]:
        key = fill_key(order.basket, fill.id)
        if key in self._fills:
            return
        too_much = order.size and order.filled + fill.size > order.size
        if not fill.id or fill.size <= 0 or too_much:
            reason = (
                f"Rithmic tells a fill {fill.id or 'without id'} of {fill.size} at {fill.price} "
                f"for {order.id or order.basket}, which has {order.filled} of {order.size} already"
            )
            yield from self._difference(key, notice.ts, reason)
            return
        price = ticks(order.contract, fill.price)
        if order.id and price is None:
            reason = f"{order.id}: a fill at {fill.price} is off the grid of {order.contract}"
            yield from self._difference(key, notice.ts, reason)
            return
        self._fills[key] = self.day
        self.fills += 1
        if not order.id:
            self._closed_elsewhere(order, fill.size)
        order.filled += fill.size
        if order.filled >= order.size and not order.over:
            order.status = "filled"
        if order.id and price is not None:
            yield Fill(id=key, order_id=order.id, ts=notice.ts, price=price, size=fill.size)

    def _closed_elsewhere(self, order: Known, size: int) -> None:
        """A fill of somebody else's order closes what we hold, if it is the other way."""
        for each in self._orders.values():
            if each.role != "entry" or each.contract != order.contract or each.side != -order.side:
                continue
            closed = min(size, self.held(each.trade))
            if closed > 0:
                self._elsewhere[each.trade] = self._elsewhere.get(each.trade, 0) + closed
                size -= closed

    def _happened(self, order: Known, notice: Notice) -> Iterator[Word]:
        """The words for what became of an order of ours."""
        if not order.id:
            return
        ts, what = notice.ts, notice.what
        if what in ("rejected", "not_modified", "not_cancelled"):
            if what in self._waiting.get(order.id, ()):
                self._refused[order.id] = notice.reason or NO_REASON
            else:
                yield from self._refusal(order, notice)
        elif what in ("working", "modified") and not order.over:
            name = f"{order.id}:working"
            if self._once(name):
                yield ReportWorking(id=name, ts=ts, order_id=order.id)
        elif order.status == "cancelled" and what != "fill" and self._all_over(order):
            name = f"{order.id}:cancelled:{order.basket}"
            if self._once(name):
                reason = notice.reason or "taken back at the broker"
                yield ReportCancelled(id=name, ts=ts, order_id=order.id, reason=reason)

    def _refusal(self, order: Known, notice: Notice) -> Iterator[Word]:
        reason = notice.reason or NO_REASON
        if notice.what == "rejected":
            name = f"{order.id}:rejected"
            if order.parent:  # one of several, perhaps
                name += f":{order.basket}"
            if self._once(name):
                yield ReportReject(id=name, ts=notice.ts, order_id=order.id, reason=reason)
        elif notice.what == "not_modified" and order.price is not None:
            price = ticks(order.contract, order.price)
            # 351 and 352 both tell it, a moment apart and each with a number of its own.
            name = f"{order.id}:kept:{order.basket}:{notice.ts // 10**9}"
            if price is not None and self._once(name):
                yield ReportAmendReject(
                    id=name, ts=notice.ts, order_id=order.id, price=price, reason=reason
                )

    def _all_over(self, order: Known) -> bool:
        """Whether nothing works any more under the id. A bracket's entry may bring more of it."""
        if any(not each.over for each in self.of(order.id)):
            return False
        return order.role in ("entry", "exit") or not self.working(f"{order.trade}-E")

    def _difference(self, key: str, ts: int, reason: str) -> Iterator[Word]:
        name = f"{key}:difference"
        if self._once(name):
            yield ReportDifference(id=name, ts=ts, reason=reason)

    def _once(self, name: str) -> bool:
        if name in self._said:
            return False
        self._said[name] = self.day
        return True


def fill_key(basket: str, fill_id: str) -> str:
    """A fill's id for us: an exchange's may come again, a basket does not."""
    return f"{basket}-{fill_id}"
