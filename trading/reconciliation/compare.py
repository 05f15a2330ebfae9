"""What differs between the engine's beliefs and the broker, and what is done about it.

| kind | what it is | remedy |
| --- | --- | --- |
| fill_missing | the broker executed an order of ours, and the engine has not heard of it | adopt |
| closed_elsewhere | somebody else's executions closed what we hold, to the lot | adopt |
| fill_not_taken | a fill was given to the engine, which has no use for it | warn |
| order_confirmed | believed on its way; the broker works it | tell |
| order_over | believed to work; cancelled or rejected at the broker | tell |
| order_not_there | believed sent or working; the broker lists none | ask; lost if it has none |
| order_cancelling | believed to be taken back; it still works | cancel |
| price_differs | stop or target works at another price | tell |
| stop_missing | held, and no stop works for all of it | tell: the engine closes at market |
| target_missing | held, and no target works | tell: the stop remains |
| target_short | held, and the target works for less | warn |
| orphan | an order of ours works that is over for us | cancel |
| foreign_order | an order that is not ours works in the account | halt |
| position_differs | the position is another than all fills make it | halt |
| position_elsewhere | a position in a contract that we do not trade | halt |
| off_grid | a price of the broker's that is no multiple of the tick | halt |
| balance_differs | flat, and the balance is further off than the tolerance | warn |
| unsettled | an order is under way, so the position says nothing yet | look again |

Nothing here waits or remembers. Whoever looks concludes from two looks that agree, for what is
asked from the broker takes a moment and may cross what is under way; only fills and confirmations
are taken at the first, as they are known by their ids and do no harm twice.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Any, Final

from engine.beliefs import Beliefs, BelievedOrder
from engine.commands import (
    Command,
    ReportAmendReject,
    ReportCancelled,
    ReportReject,
    ReportWorking,
)
from engine.errors import OffGridError
from engine.events import Fill
from engine.instruments import Instrument
from trading.brokers.adapter import BrokerOrder, BrokerState, Execution

Fields = dict[str, Any]
"""What a word says besides its id and time."""


class Remedy(StrEnum):
    ADOPT = "adopt"  # give `fill` to the engine
    TELL = "tell"  # give the engine the word `says`
    ASK = "ask"  # find the order; lost if the broker has none
    CANCEL = "cancel"  # take the order back
    HALT = "halt"  # no entries until it is gone and a person resumed
    WARN = "warn"
    WAIT = "wait"  # look again


ORDER_ID: Final = re.compile(r"(?P<account>.+)-\d{8}-\d+-[A-Z]\d*")
"""`<account>-<yyyymmdd>-<nnn>-E|S|T|X[n]`."""
AT_ONCE: Final = ("fill_missing", "order_confirmed")
"""Kinds that one look concludes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`subject` is an order, fill or contract. `says` is a word's kind and fields."""

    kind: str
    subject: str
    ours: str
    theirs: str
    remedy: Remedy
    fill: Fill | None = None
    says: tuple[type[Command], Fields] | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The same in two looks that see the same."""
        return self.kind, self.subject, self.theirs

    @property
    def text(self) -> str:
        return f"{self.kind} {self.subject}: we have {self.ours}, the broker {self.theirs}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OurSide:
    """What we believe. `contracts` by symbol; `busy` are orders that something is under way for;
    `given` are fills that the engine was given by a look before this one."""

    account: str
    beliefs: Beliefs
    contracts: Mapping[str, str]
    spec: Instrument
    busy: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    balance: Decimal = Decimal(0)
    tolerance: Decimal = Decimal(0)


def compare(ours: OurSide, state: BrokerState) -> tuple[Difference, ...]:
    """All differences, fills first and in the order of their time, then words about orders."""
    return tuple(Comparison(ours, state).differences())


def is_of(account: str, order_id: str) -> bool:
    """Whether an order's id is one that we made for an account; other names may begin alike."""
    found = ORDER_ID.fullmatch(order_id)
    return found is not None and found["account"] == account


def trade_of(order_id: str) -> str:
    """The trade that an order belongs to."""
    return order_id.rpartition("-")[0]


@dataclass
class Comparison:
    """One look. Its methods are the rules, in the order in which they are looked at."""

    ours: OurSide
    state: BrokerState
    adopted: list[Execution] = field(default_factory=list)

    def differences(self) -> Iterator[Difference]:
        fills = list(self._fills())
        yield from fills
        positions = list(self._positions())
        yield from positions
        yield from chain(self._orders(), self._others(), self._balance())

    # Fills

    def _fills(self) -> Iterator[Difference]:
        known = set(self.ours.beliefs.fills)
        for execution in sorted(self.state.executions, key=lambda execution: execution.ts):
            if execution.id in known or not self._is_ours(execution.order_id):
                continue
            if execution.id in self.ours.given:
                yield self._differs(
                    "fill_not_taken", execution.id, "no use for it", described(execution),
                    Remedy.WARN,
                )  # fmt: skip
            else:
                yield self._adopt("fill_missing", execution, execution.order_id, "no such fill")

    def _adopt(self, kind: str, execution: Execution, order: str, mine: str) -> Difference:
        try:
            price = self.ours.spec.ticks(execution.price)
        except OffGridError as error:
            return self._differs("off_grid", execution.id, "a grid", str(error), Remedy.HALT)
        self.adopted.append(execution)
        fill = Fill(
            id=execution.id, order_id=order, ts=execution.ts, price=price, size=execution.size
        )
        return Difference(
            kind=kind, subject=execution.id, ours=mine, theirs=described(execution),
            remedy=Remedy.ADOPT, fill=fill,
        )  # fmt: skip

    # Positions

    def _positions(self) -> Iterator[Difference]:
        if self._under_way():
            yield self._differs("unsettled", "position", "orders under way", "", Remedy.WAIT)
            return
        expected: dict[str, int] = {}
        for symbol, lots in self.ours.beliefs.positions.items():
            expected[self._contract(symbol)] = lots
        for execution in self.adopted:
            lots = execution.side * execution.size
            expected[execution.symbol] = expected.get(execution.symbol, 0) + lots
        traded = set(self.ours.contracts.values())
        for contract in sorted({*expected, *self.state.positions}):
            mine, theirs = expected.get(contract, 0), self.state.positions.get(contract, 0)
            if mine == theirs:
                continue
            closing = self._closed_elsewhere(contract, mine, theirs)
            if closing is not None:
                yield from closing
            elif contract in traded or mine:
                yield self._differs(
                    "position_differs", contract, f"{mine:+d}", f"{theirs:+d}", Remedy.HALT
                )
            else:
                yield self._differs(
                    "position_elsewhere", contract, "none", f"{theirs:+d}", Remedy.HALT
                )

    def _closed_elsewhere(self, contract: str, mine: int, theirs: int) -> list[Difference] | None:
        """Other people's executions that explain the difference to the lot; None: they do not."""
        trade = self._trade()
        entered = [e.ts for e in self.state.executions if e.order_id == f"{trade}-E"]
        if not trade or not entered or not 0 <= theirs * (1 if mine > 0 else -1) < abs(mine):
            return None
        known = set(self.ours.beliefs.fills)
        others = [
            execution
            for execution in sorted(self.state.executions, key=lambda execution: execution.ts)
            if execution.symbol == contract and not self._is_ours(execution.order_id)
        ]
        number = sum(execution.id in known for execution in others)
        found, left = [], mine
        for execution in others:
            closes = execution.side * mine < 0 and execution.ts >= min(entered)
            if execution.id in known | self.ours.given or not closes:
                continue
            number += 1
            left += execution.side * execution.size
            found.append((execution, f"{trade}-F{number}"))
            if left == theirs:
                return [
                    self._adopt("closed_elsewhere", execution, order, f"{mine:+d} held")
                    for execution, order in found
                ]
        return None

    def _under_way(self) -> bool:
        """Whether an entry or exit is, whose fill may be in one of both views only."""
        return any(not order.endswith(("-S", "-T")) for order in self.ours.busy)

    # Orders of ours

    def _orders(self) -> Iterator[Difference]:
        theirs = {order.id: order for order in self.state.orders if order.id}
        leaving = any(order.role == "exit" for order in self.ours.beliefs.orders)
        for mine in self.ours.beliefs.orders:
            if mine.id in self.ours.busy:
                continue
            found = theirs.get(mine.id)
            protects = mine.role in ("stop", "target") and mine.state != "cancelling"
            if not protects or leaving or not self._held(mine):
                yield from self._order(mine, found)
            elif not self._under_way():
                yield from self._protection(mine, found)

    def _order(self, mine: BelievedOrder, found: BrokerOrder | None) -> Iterator[Difference]:
        filled = mine.filled + sum(e.size for e in self.adopted if e.order_id == mine.id)
        if filled >= mine.size:
            return
        if found is None:
            yield self._differs("order_not_there", mine.id, mine.state, "none", Remedy.ASK)
        elif found.status in ("cancelled", "rejected"):
            yield self._word("order_over", mine, found.status, *self._end(found))
        elif not found.over and mine.state == "sent":
            yield self._confirmed(mine, found)
        elif not found.over and mine.state == "cancelling":
            yield self._differs(
                "order_cancelling", mine.id, mine.state, found.status, Remedy.CANCEL
            )

    def _confirmed(self, mine: BelievedOrder, found: BrokerOrder) -> Difference:
        fields = {"order_id": mine.id}
        return self._word("order_confirmed", mine, found.status, ReportWorking, fields)

    def _end(self, found: BrokerOrder) -> tuple[type[Command], Fields]:
        kind = ReportReject if found.status == "rejected" and not found.filled else ReportCancelled
        return kind, {"order_id": found.id, "reason": found.reason or f"{found.status} there"}

    def _protection(self, mine: BelievedOrder, found: BrokerOrder | None) -> Iterator[Difference]:
        held = self._held(mine)
        if not self.state.positions.get(self._contract(mine.symbol), 0):
            return  # what there is no position for needs no stop: positions are looked at
        entry = f"{mine.trade_id}-E"
        parents = {order.key for order in self.state.orders if order.id == entry}
        working = [
            order
            for order in self.state.orders
            if not order.over
            and order.role == mine.role
            and (order.id == mine.id or order.parent in parents)
        ]
        covered = sum(order.size - order.filled for order in working)
        if covered < held and mine.role == "stop":
            yield self._word(
                "stop_missing", mine, f"{covered} covered of {held}", ReportCancelled,
                {"order_id": mine.id, "reason": "no stop works for all that is held"},
            )  # fmt: skip
        elif not covered:
            yield self._word(
                "target_missing", mine, "none", ReportCancelled,
                {"order_id": mine.id, "reason": "no target works"},
            )  # fmt: skip
        elif covered < held:
            yield self._differs(
                "target_short", mine.id, f"{held} held", f"{covered} covered", Remedy.WARN
            )
        elif found is not None and not found.over:
            if mine.state == "sent":
                yield self._confirmed(mine, found)
            if found.price is not None:
                yield from self._price(mine, found.price)

    def _price(self, mine: BelievedOrder, price: Decimal) -> Iterator[Difference]:
        try:
            ticks = self.ours.spec.ticks(price)
        except OffGridError as error:
            yield self._differs("off_grid", mine.id, "a grid", str(error), Remedy.HALT)
            return
        if ticks != mine.price:
            yield self._word(
                "price_differs", mine, f"{ticks} ticks", ReportAmendReject,
                {"order_id": mine.id, "price": ticks, "reason": "the broker works it there"},
            )  # fmt: skip

    # Orders that we do not believe in

    def _others(self) -> Iterator[Difference]:
        believed = {order.id for order in self.ours.beliefs.orders}
        alive = {trade_of(order) for order in believed} | {
            trade_of(execution.order_id) for execution in self.adopted
        }
        for order in self.state.orders:
            if order.over or order.id in believed or order.id in self.ours.busy:
                continue
            what = f"{order.role} {order.side * (order.size - order.filled):+d} {order.symbol}"
            if not self._is_ours(order.id):
                yield self._differs("foreign_order", order.key, "none", what, Remedy.HALT)
            elif trade_of(order.id) not in alive or order.role in ("entry", "exit"):
                yield self._differs("orphan", order.id, "over", what, Remedy.CANCEL)

    # The account

    def _balance(self) -> Iterator[Difference]:
        theirs, ours = self.state.balance, self.ours
        flat = not self.state.positions and not ours.beliefs.positions and not self.adopted
        if theirs is None or not flat or abs(theirs - ours.balance) <= ours.tolerance:
            return
        yield self._differs(
            "balance_differs", ours.account, f"{ours.balance:.2f}", f"{theirs:.2f}", Remedy.WARN
        )

    # What the rules have in common

    def _is_ours(self, order_id: str) -> bool:
        return is_of(self.ours.account, order_id)

    def _held(self, order: BelievedOrder) -> int:
        """Lots of the position that an order belongs to."""
        return abs(self.ours.beliefs.positions.get(order.symbol, 0))

    def _contract(self, symbol: str) -> str:
        return self.ours.contracts.get(symbol, symbol)

    def _trade(self) -> str:
        """The trade that is going on; that of the last entry, if none of its orders is left."""
        beliefs = self.ours.beliefs
        entries = (trade_of(name) for name in reversed(beliefs.over) if name.endswith("-E"))
        return next((order.trade_id for order in beliefs.orders), "") or next(entries, "")

    def _differs(
        self, kind: str, subject: str, ours: str, theirs: str, remedy: Remedy
    ) -> Difference:
        return Difference(kind=kind, subject=subject, ours=ours, theirs=theirs, remedy=remedy)

    def _word(
        self, kind: str, mine: BelievedOrder, theirs: str, says: type[Command], fields: Fields
    ) -> Difference:
        believed = mine.state if mine.price is None else f"{mine.state} at {mine.price} ticks"
        return Difference(
            kind=kind, subject=mine.id, ours=believed, theirs=theirs, remedy=Remedy.TELL,
            says=(says, fields),
        )  # fmt: skip


def described(execution: Execution) -> str:
    return f"{execution.side * execution.size:+d} {execution.symbol} at {execution.price:f}"
