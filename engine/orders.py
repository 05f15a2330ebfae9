"""The orders of our one bracket: sent, changed, taken back, filled; in simulation and live alike.

The desk decides when to enter and to close; here it is carried out, said as events, and, in
simulation, handed to the exchange. A method that takes fills says whether one of them closed the
bracket, which the desk then settles.
"""

from typing import Final, Literal, NamedTuple

from engine.brackets import Bracket, BracketState
from engine.config import FillRules
from engine.errors import InputError
from engine.events import Details, Event, Fill, Filled, InputIgnored, OrderUpdate
from engine.exchange import NEVER_LOW, Protection, SimulatedExchange
from engine.footprint import ALWAYS, FAR, INF_PRICE, ScanState
from engine.names import ExitReason
from engine.once import Once
from engine.ticks import MAX_TS

ENTRY_FILL: Final = "entry_fill"
"""Why stop and target change their size."""


class Closed(NamedTuple):
    """A bracket that is over, and the fill that closed it."""

    bracket: Bracket
    fill: Fill


class Orders:
    """`state` is the scan's: a position's extremes are kept in it. `events` is the engine's list.

    Without `fills` they come from a broker (`on_fill`), who has to be told; with them, `telling` is
    whether the events of orders and fills are made.
    """

    def __init__(
        self, fills: FillRules | None, state: ScanState, events: list[Event], telling: bool
    ) -> None:
        self.bracket: Bracket | None = None
        self.telling = telling or fills is None
        self._state = state
        self._events = events
        self._exchange = SimulatedExchange(fills) if fills is not None else None
        self._seen = Once()

    def watch(self) -> tuple[int, int, int]:
        """What the scan shall stop for: price at or below, at or above, time of an order."""
        bracket = self.bracket
        low, high, order_at = NEVER_LOW, INF_PRICE, FAR
        if bracket is None:
            return low, high, order_at
        if self._exchange is not None:
            low, high = self._exchange.watch
            order_at = self._exchange.order_at
        if bracket.state is BracketState.OPEN:
            move = bracket.next_move()
            if bracket.direction * (self._best(bracket) - move) >= 0:  # seen while it was closing
                order_at = ALWAYS
            elif bracket.direction > 0:
                high = min(high, move)
            else:
                low = max(low, move)
        return low, high, order_at

    def _best(self, bracket: Bracket) -> int:
        """The best trade since the entry; before the first one a price that none is worse than."""
        best: int = self._state.run_high if bracket.direction > 0 else self._state.run_low
        return best

    def enter(self, ts: int, bracket: Bracket) -> None:
        """Send the entry of a new bracket."""
        self.bracket = bracket
        if self.telling:
            self._events.append(bracket.intent("entry", ts, bracket.signal.pattern.name))
        if self._exchange is not None:
            self._exchange.send(bracket.order_id("entry"), bracket.direction, bracket.size, ts)

    def trade(self, ts: int, price: int) -> Closed | None:
        """A trade meets our orders; then it may move the stop."""
        bracket, closed = self.bracket, None
        if bracket is None:
            return None
        if self._exchange is not None:
            fill = self._exchange.trade(ts, price)
            bracket.working = self._exchange.stop
            if fill is not None:
                closed = self._apply(bracket, fill, price)
        if bracket.state is BracketState.OPEN:
            self._move_stop(bracket, ts, price)
        return closed

    def _move_stop(self, bracket: Bracket, ts: int, price: int) -> None:
        best = self._best(bracket)
        moved = bracket.better_stop(max(best, price) if bracket.direction > 0 else min(best, price))
        if moved is None:
            return
        bracket.ask(*moved)
        if self.telling:
            self._events.append(bracket.amend("stop", ts, moved[1].value))
        if self._exchange is not None:
            self._exchange.move_stop(bracket.asked, ts)
        else:
            bracket.working = bracket.asked

    def close(self, bracket: Bracket, ts: int, why: ExitReason, reason: str) -> int:
        """Send an exit order for what none closes yet; its lots, 0 if there is nothing."""
        if not bracket.uncovered:
            return 0
        order = bracket.close_early(ts, why, reason)
        if self.telling:
            self._events.append(order)
        if self._exchange is not None:
            self._exchange.send(order.id, order.side, order.size, ts)
        return order.size

    def cancel_entry(self, ts: int, reason: str) -> None:
        """Take back an entry that has not filled."""
        bracket = self.bracket
        if bracket is None or bracket.state is not BracketState.WAITING:
            return
        self._forget(bracket)
        self._update(ts, bracket.order_id("entry"), "cancelled", reason=reason)

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
            if self._exchange is not None:
                self._exchange.recall()

    def _forget(self, bracket: Bracket) -> None:
        bracket.state = BracketState.CANCELLED
        self.bracket = None
        if self._exchange is not None:
            self._exchange.cancel()

    def finish(self, ts: int, price: int) -> Closed | None:
        """The data ended: take back a waiting entry, close a simulated position at `price`."""
        self.cancel_entry(ts, "the data ended")
        bracket = self.bracket
        if bracket is None or self._exchange is None:
            return None
        self.close(bracket, ts, ExitReason.END_OF_DATA, "the data ended")
        bracket.closing_for = ExitReason.END_OF_DATA
        (order,) = bracket.leaving()
        side, size = -bracket.direction, bracket.held
        fill = self._exchange.close_out(order, side, size, ts, price)
        return self._apply(bracket, fill, price)

    def on_fill(self, fill: Fill) -> Closed | None:
        """A broker's execution; one seen before or of no order of ours changes nothing."""
        if not (0 < fill.size <= INF_PRICE and 0 < fill.price <= INF_PRICE):
            raise InputError(
                f"fill {fill.id}: size {fill.size} and price {fill.price} must be > 0 and 32 bits"
            )
        if not 0 <= fill.ts < MAX_TS:
            raise InputError(f"fill {fill.id}: time {fill.ts} must be UTC nanoseconds before 2116")
        bracket = self.bracket
        if fill.id in self._seen:
            self._ignore(fill, "seen before")
        elif bracket is None or (role := bracket.role_of(fill.order_id)) is None:
            self._ignore(fill, "unknown order")
        elif self._exchange is not None:
            self._ignore(fill, "the exchange is simulated")
        elif fill.size > bracket.room(role):
            self._ignore(fill, f"more than the {bracket.room(role)} left")
        else:
            self._seen.add(fill.id)
            return self._apply(bracket, fill)
        return None

    def _apply(self, bracket: Bracket, fill: Fill, market: int | None = None) -> Closed | None:
        """Book a fill; `market` is the price of the trade that gave it, where that is known."""
        role = bracket.role_of(fill.order_id)
        if role is None:
            raise InputError(f"fill {fill.id}: {fill.order_id} is no order of {bracket.id}")
        if self.telling:
            side = bracket.direction if role == "entry" else -bracket.direction
            self._events.append(
                Filled(
                    ts=fill.ts, fill=fill, trade_id=bracket.id, role=role, side=side,
                    fee=bracket.fee_of(fill), market=market,
                )
            )  # fmt: skip
        if role == "entry":
            self._entered(bracket, fill)
            return None
        closed = bracket.fill_exit(fill, role)
        whole = closed or (role == "exit" and fill.order_id not in bracket.leaving())
        filled = bracket.filled[fill.order_id]
        self._update(fill.ts, fill.order_id, "filled" if whole else "partial", filled=filled)
        if not closed:
            return None
        self.bracket = None
        return Closed(bracket, fill)

    def _entered(self, bracket: Bracket, fill: Fill) -> None:
        first, ts = bracket.fill_entry(fill), fill.ts
        whole = bracket.entered >= bracket.size
        self._update(ts, fill.order_id, "filled" if whole else "partial", filled=bracket.entered)
        if first:
            self._state.run_high, self._state.run_low = NEVER_LOW, INF_PRICE
            if self.telling:
                self._events.append(bracket.opened_event(ts))
                self._events.append(bracket.intent("stop", ts, "bracket"))
                self._events.append(bracket.intent("target", ts, "bracket"))
            self._protect(bracket)
            return
        self._events.append(bracket.amend("stop", ts, ENTRY_FILL))  # a broker's: fills were partial
        self._events.append(bracket.amend("target", ts, ENTRY_FILL))
        if bracket.state is BracketState.CLOSING:
            self.close(bracket, ts, bracket.closing_for, "filled while closing")

    def _protect(self, bracket: Bracket) -> None:
        if self._exchange is None:
            return
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
        entry = [bracket.order_id("entry")] if bracket.entered < bracket.size else []
        working = [bracket.order_id("stop"), bracket.order_id("target"), *bracket.leaving()]
        for order in entry + working:
            if order != by:
                self._update(ts, order, "cancelled", reason=reason)

    def _ignore(self, fill: Fill, reason: str) -> None:
        details: Details = {"id": fill.id, "order": fill.order_id}
        self._events.append(InputIgnored(ts=fill.ts, what="fill", reason=reason, details=details))

    def _update(
        self,
        ts: int,
        order: str,
        status: Literal["partial", "filled", "cancelled", "rejected"],
        *,
        filled: int = 0,
        reason: str = "",
    ) -> None:
        if not self.telling:
            return
        update = OrderUpdate(ts=ts, id=order, status=status, filled=filled, reason=reason)
        self._events.append(update)
