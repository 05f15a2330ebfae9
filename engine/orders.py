"""The orders of our one bracket: sent, changed, taken back, filled; in simulation and live alike.

The desk decides when to enter and to close; here it is carried out and said as events. Orders are
simulated (here) or at a broker (`engine.at_broker`). A method that takes fills says whether one of
them closed the bracket, which the desk then settles.
"""

from typing import Literal, NamedTuple

from engine.beliefs import Beliefs
from engine.brackets import Bracket, BracketState, Role
from engine.config import FillRules
from engine.errors import InputError
from engine.events import Details, Event, Fill, Filled, InputIgnored, OrderUpdate
from engine.exchange import NEVER_LOW, Protection, SimulatedExchange
from engine.footprint import ALWAYS, FAR, INF_PRICE, ScanState
from engine.names import ExitReason
from engine.ticks import MAX_TS

Change = Literal["working", "partial", "filled", "cancelled", "rejected", "lost"]


class Closed(NamedTuple):
    """A bracket that is over, and the time of what follows from it."""

    bracket: Bracket
    at: int


class Unbooked(NamedTuple):
    """A broker's fill that fits nothing we have: what it is, in words."""

    reason: str


class Orders:
    """What both kinds of orders have in common.

    `state` is the scan's: a position's extremes are kept in it. `events` is the engine's list;
    `telling` is whether the events of orders and fills are made, `link` whether orders arrive.
    """

    def __init__(self, state: ScanState, events: list[Event], *, telling: bool, link: bool) -> None:
        self.bracket: Bracket | None = None
        self.telling = telling
        self.link = link
        self._state = state
        self._events = events

    def watch(self) -> tuple[int, int, int]:
        """What the scan shall stop for: price at or below, at or above, time of an order."""
        bracket = self.bracket
        if bracket is None:
            return NEVER_LOW, INF_PRICE, FAR
        low, high, order_at = self._awaited()
        if bracket.state is BracketState.OPEN:
            move = bracket.next_move()
            if bracket.direction * (self._best(bracket) - move) >= 0:  # seen while it was closing
                order_at = ALWAYS
            elif bracket.direction > 0:
                high = min(high, move)
            else:
                low = max(low, move)
        return low, high, order_at

    def _awaited(self) -> tuple[int, int, int]:
        """What the orders alone wait for."""
        return NEVER_LOW, INF_PRICE, FAR

    def _best(self, bracket: Bracket) -> int:
        """The best trade since the entry; before the first one a price that none is worse than."""
        best: int = self._state.run_high if bracket.direction > 0 else self._state.run_low
        return best

    def _better_stop(self, bracket: Bracket, price: int) -> tuple[int, ExitReason] | None:
        """Where a trade at `price` moves the stop, and what does; None: it stays."""
        best = self._best(bracket)
        return bracket.better_stop(max(best, price) if bracket.direction > 0 else min(best, price))

    def _forget_extremes(self) -> None:
        self._state.run_high, self._state.run_low = NEVER_LOW, INF_PRICE

    def _say_filled(
        self, bracket: Bracket, fill: Fill, role: Role, ts: int, market: int | None = None
    ) -> None:
        """`market` is the price of the trade that gave the fill, where that is known."""
        side = bracket.direction if role == "entry" else -bracket.direction
        self._events.append(
            Filled(
                ts=ts, fill=fill, trade_id=bracket.id, role=role, side=side,
                fee=bracket.fee_of(fill), market=market,
            )
        )  # fmt: skip

    def _ignore(self, fill: Fill, reason: str, **more: int) -> None:
        details: Details = {"id": fill.id, "order": fill.order_id, **more}
        self._events.append(InputIgnored(ts=fill.ts, what="fill", reason=reason, details=details))

    def _update(
        self, ts: int, order: str, status: Change, *, filled: int = 0, reason: str = ""
    ) -> None:
        if not self.telling:
            return
        update = OrderUpdate(ts=ts, id=order, status=status, filled=filled, reason=reason)
        self._events.append(update)


class SimulatedOrders(Orders):
    """Orders at the simulated exchange, which fills them whole; a cancellation is at once."""

    def __init__(
        self, fills: FillRules, state: ScanState, events: list[Event], telling: bool
    ) -> None:
        super().__init__(state, events, telling=telling, link=True)
        self._exchange = SimulatedExchange(fills)

    def _awaited(self) -> tuple[int, int, int]:
        low, high = self._exchange.watch
        return low, high, self._exchange.order_at

    def beliefs(self) -> Beliefs:
        """Nothing is at a broker."""
        return Beliefs()

    def left_over(self) -> str:
        """No order outlives its trade."""
        return ""

    def enter(self, ts: int, bracket: Bracket) -> None:
        """Send the entry of a new bracket."""
        self.bracket = bracket
        if self.telling:
            self._events.append(bracket.intent("entry", ts, bracket.signal.pattern.name))
        self._exchange.send(bracket.order_id("entry"), bracket.direction, bracket.size, ts)

    def trade(self, ts: int, price: int) -> Closed | None:
        """A trade meets our orders; then it may move the stop."""
        bracket, closed = self.bracket, None
        if bracket is None:
            return None
        fill = self._exchange.trade(ts, price)
        bracket.working = self._exchange.stop
        if fill is not None:
            closed = self._apply(bracket, fill, price)
        if bracket.state is BracketState.OPEN:
            moved = self._better_stop(bracket, price)
            if moved is not None:
                bracket.ask(*moved)
                if self.telling:
                    self._events.append(bracket.amend("stop", ts, moved[1].value))
                self._exchange.move_stop(bracket.asked, ts)
        return closed

    def close(self, bracket: Bracket, ts: int, why: ExitReason, reason: str) -> int:
        """Send an exit order for what none closes yet; its lots, 0 if there is nothing."""
        if not bracket.uncovered:
            return 0
        order = bracket.close_early(ts, why, reason)
        if self.telling:
            self._events.append(order)
        self._exchange.send(order.id, order.side, order.size, ts)
        return order.size

    def cancel_entry(self, ts: int, why: ExitReason, reason: str) -> str:
        """Take back an entry that has not filled; what was done, in words."""
        bracket = self.bracket
        if bracket is None or bracket.state is not BracketState.WAITING:
            return "no entry waits"
        self._forget(bracket)
        self._update(ts, bracket.order_id("entry"), "cancelled", reason=reason)
        return "waiting entry cancelled"

    def rejected(self, ts: int, order: str, reason: str) -> None:
        """A broker refused an order: an entry that has not filled is none, an exit is to be asked
        for again."""
        self._update(ts, order, "rejected", reason=reason)
        bracket = self.bracket
        if bracket is None:
            return
        if bracket.role_of(order) == "entry" and not bracket.entered:
            self._forget(bracket)
        elif order in bracket.leaving():
            bracket.exit_rejected(order)
            self._exchange.recall()

    def _forget(self, bracket: Bracket) -> None:
        bracket.state = BracketState.CANCELLED
        self.bracket = None
        self._exchange.cancel()

    def finish(self, ts: int, price: int) -> Closed | None:
        """The data ended: take back a waiting entry, close a position at `price`."""
        self.cancel_entry(ts, ExitReason.END_OF_DATA, "the data ended")
        bracket = self.bracket
        if bracket is None:
            return None
        self.close(bracket, ts, ExitReason.END_OF_DATA, "the data ended")
        bracket.closing_for = ExitReason.END_OF_DATA
        (order,) = bracket.leaving()
        side, size = -bracket.direction, bracket.held
        fill = self._exchange.close_out(order, side, size, ts, price)
        return self._apply(bracket, fill, price)

    def on_fill(self, fill: Fill) -> Closed | Unbooked | None:
        """A broker's execution changes nothing here."""
        require_possible(fill)
        bracket = self.bracket
        if bracket is None or bracket.role_of(fill.order_id) is None:
            self._ignore(fill, "unknown order")
        else:
            self._ignore(fill, "the exchange is simulated")
        return None

    def _apply(self, bracket: Bracket, fill: Fill, market: int | None = None) -> Closed | None:
        """Book a fill against a trade at `market`."""
        role = bracket.role_of(fill.order_id)
        if role is None:
            raise InputError(f"fill {fill.id}: {fill.order_id} is no order of {bracket.id}")
        if self.telling:
            self._say_filled(bracket, fill, role, fill.ts, market)
        if role == "entry":
            self._entered(bracket, fill)
            return None
        bracket.fill_exit(fill, role)
        self._update(fill.ts, fill.order_id, "filled", filled=fill.size)
        self.bracket = None
        return Closed(bracket, fill.ts)

    def _entered(self, bracket: Bracket, fill: Fill) -> None:
        bracket.fill_entry(fill)
        ts = fill.ts
        self._update(ts, fill.order_id, "filled", filled=bracket.entered)
        self._forget_extremes()
        if self.telling:
            self._events.append(bracket.opened_event(ts))
            self._events.append(bracket.intent("stop", ts, "bracket"))
            self._events.append(bracket.intent("target", ts, "bracket"))
        stop, target = bracket.order_id("stop"), bracket.order_id("target")
        self._exchange.protect(
            Protection(
                stop, target, bracket.direction, bracket.entered, bracket.stop, bracket.target
            )
        )

    def cancel_rest(self, bracket: Bracket, by: str, ts: int, reason: str) -> None:
        """A bracket was closed by the order `by`: the others are over."""
        if not self.telling:
            return
        for order in (bracket.order_id("stop"), bracket.order_id("target"), *bracket.leaving()):
            if order != by:
                self._update(ts, order, "cancelled", reason=reason)


def require_possible(fill: Fill) -> None:
    """InputError unless a fill has a price, a size and a time."""
    if not (0 < fill.size <= INF_PRICE and 0 < fill.price <= INF_PRICE):
        raise InputError(
            f"fill {fill.id}: size {fill.size} and price {fill.price} must be > 0 and 32 bits"
        )
    if not 0 <= fill.ts < MAX_TS:
        raise InputError(f"fill {fill.id}: time {fill.ts} must be UTC nanoseconds before 2116")
