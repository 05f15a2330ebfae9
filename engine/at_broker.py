"""The orders of our one bracket at a broker, who is asked and answers later.

Rules (the table of states is in docs/orderflow.md, "At a broker"):

- What we ask for is an event; what became of it is the broker's word (`engine.commands`) or a fill.
  An order is over when the broker says so, and is asked to be taken back once.
- Words and fills may come late, twice, and in any order. The recent brackets are kept so that they
  are understood; a fill that fits nothing is not booked but said (`Unbooked`), and may come again.
- After every input: what a doomed bracket holds, and what is held without a stop, has an exit on
  its way, or it was said that there will be none (`FlattenFailed`).
- A fill does not advance our time. What it says of its own time is believed from the moment the
  order could fill to a minute after our time; what we ask for because of it is not before our time.
"""

from dataclasses import replace
from typing import Final, Literal

from engine.beliefs import Beliefs, Ledger
from engine.brackets import Bracket, BracketState, Role
from engine.events import (
    AmendRejected,
    Event,
    Fill,
    FlattenFailed,
    OrderAmend,
    OrderCancel,
    OrderIntent,
    ProtectionLost,
)
from engine.footprint import ScanState
from engine.names import ExitReason
from engine.once import SEEN_BEFORE, Once
from engine.orders import Closed, Orders, Unbooked, require_possible
from engine.ticks import NS

KEPT: Final = 100
"""Brackets that late words and fills may be about: more than a trading day has."""
AHEAD_NS: Final = 60 * NS
"""How far a fill's time may be after ours to be believed."""
LOST_EXITS: Final = 10
"""Exits that may be lost or cancelled one after the other before no further one is asked for."""
ENTRY_FILL: Final = "entry_fill"
EXIT_FILL: Final = "exit_fill"
NOTED: Final = "noted"
UNKNOWN: Final = "unknown order"
OVER: Final = "it was over already"
PROTECTION: Final[tuple[Literal["stop", "target"], ...]] = ("stop", "target")


class BrokerOrders(Orders):
    """Orders of which a broker tells what becomes of them."""

    def __init__(self, state: ScanState, events: list[Event]) -> None:
        super().__init__(state, events, telling=True, link=False)
        self._seen = Once()
        self._ledger = Ledger()
        self._recent: dict[str, Bracket] = {}
        self._grown = ""  # the stop that was last asked to be larger
        self._refused: set[str] = set()  # orders that were not taken back, and may be asked again

    def beliefs(self) -> Beliefs:
        """What is believed to be at the broker."""
        bracket = self.bracket
        held = bracket is not None and bracket.position
        return Beliefs(
            positions={bracket.traded.symbol: bracket.position} if bracket and held else {},
            orders=self._ledger.alive,
            over=self._ledger.over,
            fills=tuple(self._seen),
        )

    def is_exit(self, order: str) -> bool:
        """Whether an order is an early exit of a recent bracket."""
        found = self._owner(order)
        return found is not None and found[1] == "exit"

    def left_over(self) -> str:
        """An order that may still work although no trade is going on; "" when there is none."""
        return next((order.id for order in self._ledger.alive), "")

    # -- what we want ------------------------------------------------------------------------

    def enter(self, ts: int, bracket: Bracket) -> None:
        """Send the entry of a new bracket."""
        self.bracket = self._recent[bracket.id] = bracket
        if len(self._recent) > KEPT:
            forgotten = next(iter(self._recent))
            del self._recent[forgotten]
            self._ledger.forget(forgotten)
        self._send(bracket.intent("entry", ts, bracket.signal.pattern.name))

    def trade(self, ts: int, price: int) -> None:
        """A trade may move the stop. The broker is taken to do at once what it is asked."""
        bracket = self.bracket
        if bracket is None or bracket.state is not BracketState.OPEN:
            return
        moved = self._better_stop(bracket, price)
        if moved is not None:
            bracket.ask(*moved)
            self._amend(bracket, "stop", ts, moved[1].value)
            bracket.working = bracket.asked

    def close(self, bracket: Bracket, ts: int, why: ExitReason, reason: str) -> int:
        """Send an exit order for what none closes yet, and take back what the entry has left; the
        exit's lots, 0 if there is nothing to close."""
        bracket.doom(why)
        self._cancel(bracket.order_id("entry"), ts, reason)
        if not bracket.uncovered:
            return 0
        bracket.given_up = False
        order = bracket.close_early(ts, why, reason)
        self._send(order)
        return order.size

    def cancel_entry(self, ts: int, why: ExitReason, reason: str) -> str:
        """Ask for the entry back; what was done, in words. What it fills until then stays if the
        bracket holds something already, else it is closed, for `why`."""
        bracket = self.bracket
        if bracket is None:
            return "no entry waits"
        if bracket.state in (BracketState.WAITING, BracketState.CANCELLING):
            bracket.state = BracketState.CANCELLING
            bracket.doom(why)
        if self._cancel(bracket.order_id("entry"), ts, reason):
            return "asked to take the entry back"
        return "already asked to take the entry back"

    def cancel_rest(self, bracket: Bracket, by: str, ts: int, reason: str) -> None:
        """A bracket that was closed by the order `by` holds nothing: what is left shall be taken
        back."""
        for order in self._ledger.alive:
            if order.trade_id == bracket.id:
                self._cancel(order.id, ts, reason)

    def finish(self, ts: int, price: int) -> None:
        """The data ended: ask for a waiting entry back; a position stays, with its bracket."""
        self.cancel_entry(ts, ExitReason.END_OF_DATA, "the data ended")

    def _send(self, intent: OrderIntent) -> None:
        self._ledger.send(intent)
        self._events.append(intent)

    def _amend(
        self, bracket: Bracket, role: Literal["stop", "target"], ts: int, reason: str
    ) -> None:
        """Ask for a change of the stop or target, unless it is over or asked back."""
        order = self._ledger[bracket.order_id(role)]
        if order is None or order.state == "cancelling":
            return
        amend: OrderAmend = bracket.amend(role, ts, reason)
        if role == "stop":
            self._grown = amend.id if amend.size > order.size else ""
        self._ledger.amend(amend)
        self._events.append(amend)

    def _cancel(self, name: str, ts: int, reason: str) -> bool:
        """Ask for an order back, once until that is refused; whether it was asked for now."""
        order = self._ledger[name]
        if order is None or (order.state == "cancelling" and name not in self._refused):
            return False
        self._refused.discard(name)
        self._ledger.see(order, "cancelling")
        self._events.append(OrderCancel(ts=ts, id=name, trade_id=order.trade_id, reason=reason))
        return True

    # -- what the broker says ----------------------------------------------------------------

    def working(self, ts: int, name: str) -> str:
        """The broker has the order. One that shall not work is asked back, again if need be."""
        order = self._ledger[name]
        if order is None:
            return OVER if self._ledger.is_over(name) else UNKNOWN
        if name == self._grown:
            self._grown = ""
        if order.state == "sent":
            self._ledger.see(order, "working")
            self._update(ts, name, "working", filled=order.filled)
        bracket = self.bracket
        if bracket is None or bracket.id != order.trade_id:
            self._cancel(name, ts, "its trade is over")
        elif order.role == "entry" and bracket.doomed:
            self._cancel(name, ts, "it is not wanted any more")
        return NOTED

    def over(
        self, ts: int, name: str, status: Literal["cancelled", "lost", "rejected"], reason: str
    ) -> str:
        """An order works no more; what it filled stays filled. `secure` has to follow."""
        found = self._owner(name)
        if found is None:
            return UNKNOWN
        if self._ledger.is_over(name):
            return OVER
        bracket, role = found
        order = self._ledger[name]
        if order is None and not (role in PROTECTION and not bracket.entered):
            return UNKNOWN
        self._ledger.end(name, bracket.id)
        filled = order.filled if order is not None else 0
        self._update(ts, name, status, filled=filled, reason=reason)
        if role == "entry":
            bracket.end_entry()
        elif role in PROTECTION and bracket.uncovered:
            self._events.append(
                ProtectionLost(
                    ts=ts, id=name, trade_id=bracket.id, role=role, held=bracket.held, reason=reason
                )
            )
        elif role == "exit":
            bracket.exit_rejected(name)
            bracket.failed += 0 if status == "rejected" else 1
        return NOTED

    def amend_rejected(self, ts: int, name: str, price: int, reason: str) -> bool:
        """A change was refused: whether it counts as a reject, which a cancellation does not.
        `secure` has to follow: a stop that could not be made larger does not protect it all."""
        order = self._ledger[name]
        found = self._owner(name)
        if order is None or found is None:
            return False
        bracket = found[0]
        if order.state == "cancelling":
            self._refused.add(name)
            self._update(
                ts, name, "working", filled=order.filled, reason=f"not taken back: {reason}"
            )
            return False
        if order.role not in PROTECTION:
            return False
        if order.role == "stop" and bracket is self.bracket:
            bracket.ask_refused(price, self._best(bracket))
            if name == self._grown:
                bracket.doom(ExitReason.UNPROTECTED)
        self._ledger.at(order, price)
        self._events.append(
            AmendRejected(ts=ts, id=name, trade_id=order.trade_id, price=price, reason=reason)
        )
        return True

    def on_fill(self, fill: Fill) -> Closed | Unbooked | None:
        """A broker's execution, booked once. One that fits nothing is said and not booked."""
        require_possible(fill)
        if fill.id in self._seen:
            self._ignore(fill, SEEN_BEFORE)
            return None
        found = self._owner(fill.order_id)
        if found is None:
            return self._unbooked(fill, UNKNOWN)
        bracket, role = found
        room = bracket.room(role)
        if fill.size > room:
            return self._unbooked(fill, f"more than the {room} left")
        if bracket is not self.bracket:
            if self.bracket is not None:
                state = self.bracket.state.value
                return self._unbooked(fill, f"too late: {self.bracket.id} is {state}")
            self.bracket = bracket
            bracket.revive(ExitReason.LATE_FILL)
            self._forget_extremes()
        self._seen.add(fill.id)
        return self._apply(bracket, fill, role)

    def secure(self, ts: int, words: str, hopeless: str = "") -> Closed | None:
        """Close at market what shall be closed, or has no stop, and no exit closes yet; `words` say
        what happened. `hopeless` says why no exit is asked for any more. The bracket if it is over.
        """
        bracket = self.bracket
        if bracket is None:
            return None
        if not bracket.alive:
            self.bracket = None
            return Closed(bracket, ts) if bracket.state is BracketState.CLOSED else None
        stopless = self._ledger.is_over(bracket.order_id("stop"))
        if not bracket.uncovered or bracket.given_up or not (bracket.doomed or stopless):
            return None
        if bracket.failed >= LOST_EXITS:
            hopeless = f"{bracket.failed} exits came to nothing"
        if hopeless:
            bracket.given_up = True
            self._events.append(
                FlattenFailed(ts=ts, trade_id=bracket.id, held=bracket.held, reason=hopeless)
            )
        elif bracket.doomed:
            self.close(bracket, ts, bracket.closing_for, words)
        else:
            self.close(bracket, ts, ExitReason.UNPROTECTED, f"no stop: {words}")
        return None

    # -- fills -------------------------------------------------------------------------------

    def _owner(self, order: str) -> tuple[Bracket, Role] | None:
        """The recent bracket that an order belongs to, and what it is there."""
        bracket = self._recent.get(order.rpartition("-")[0])
        role = bracket.role_of(order) if bracket is not None else None
        return (bracket, role) if bracket is not None and role is not None else None

    def _unbooked(self, fill: Fill, reason: str) -> Unbooked:
        self._ignore(fill, reason, price=fill.price, size=fill.size)
        return Unbooked(f"fill {fill.id} of {fill.order_id}: {reason}")

    def _believed(self, bracket: Bracket, fill: Fill) -> Fill:
        """A fill at a time at which it can have been."""
        begun = bracket.entry_ts if bracket.entered else bracket.signal.ts
        clock = int(self._state.clock)
        ts = max(fill.ts if fill.ts <= clock + AHEAD_NS else clock, begun)
        return fill if ts == fill.ts else replace(fill, ts=ts)

    def _apply(self, bracket: Bracket, fill: Fill, role: Role) -> Closed | None:
        believed = self._believed(bracket, fill)
        asked = max(believed.ts, int(self._state.clock))
        self._say_filled(bracket, fill, role, believed.ts)
        self._ledger.fill(fill.order_id, fill.size)
        if role == "entry":
            words = "filled while closing" if bracket.doomed else "filled without a stop"
            self._entered(bracket, believed, asked)
        else:
            words = "a partial fill"
            self._left(bracket, believed, role, asked)
        closed = self.secure(asked, words)
        return closed and closed._replace(at=int(self._state.clock))

    def _entered(self, bracket: Bracket, fill: Fill, asked: int) -> None:
        first = bracket.fill_entry(fill)
        bracket.given_up = False
        whole = bracket.entered >= bracket.size
        status: Literal["filled", "partial"] = "filled" if whole else "partial"
        self._update(fill.ts, fill.order_id, status, filled=bracket.entered)
        if first:
            self._forget_extremes()
            self._events.append(bracket.opened_event(fill.ts))
            for role in PROTECTION:
                self._send(bracket.intent(role, fill.ts, "bracket"))
        elif not bracket.leaving():
            for role in PROTECTION:
                self._amend(bracket, role, asked, ENTRY_FILL)

    def _left(self, bracket: Bracket, fill: Fill, role: Role, asked: int) -> None:
        closed = bracket.fill_exit(fill, role)
        bracket.failed = 0
        whole = not bracket.held or (role == "exit" and fill.order_id not in bracket.leaving())
        filled = bracket.filled[fill.order_id]
        status: Literal["filled", "partial"] = "filled" if whole else "partial"
        self._update(fill.ts, fill.order_id, status, filled=filled)
        if not bracket.held:
            self._ledger.end(fill.order_id, bracket.id)
            if not closed:
                bracket.doom(ExitReason.LATE_FILL)
                self.cancel_rest(bracket, fill.order_id, asked, f"closed by {bracket.exit_reason}")
        elif not bracket.leaving():
            for name in PROTECTION:
                if bracket.order_id(name) != fill.order_id:
                    self._amend(bracket, name, asked, EXIT_FILL)
