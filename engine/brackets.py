"""The life of a bracket: one entry, its stop and target, and how it ends.

    WAITING --fill--> OPEN --exit order--> CLOSING --fill--> CLOSED
       |                \\----stop or target fills----------/
       +--cancel, reject--> CANCELLED

Fills may be partial. Sizes are lots, prices ticks; averages are never taken, sums of price * size
are kept instead. Stop and target are set from the first entry fill, as servers do it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from engine.events import Fill, OrderIntent, PositionOpened, Signal, Trade
from engine.instruments import Instrument
from engine.names import ExitReason

Role = Literal["entry", "stop", "target", "exit"]
SUFFIX: dict[Role, str] = {"entry": "E", "stop": "S", "target": "T", "exit": "X"}


class BracketState(StrEnum):
    WAITING = "waiting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass
class Bracket:
    """One trade from decision to close. `traded` keeps its tick value whatever the tier does."""

    id: str
    traded: Instrument
    direction: int
    size: int
    stop_ticks: int
    target_ticks: int
    signal: Signal
    charge_fees: bool
    state: BracketState = BracketState.WAITING
    entered: int = 0
    exited: int = 0
    entry_notional: int = 0
    exit_notional: int = 0
    entry_ts: int = 0
    stop: int = 0
    target: int = 0
    fees: int = 0
    exit_reason: ExitReason | None = None

    def order_id(self, role: Role) -> str:
        """Derived, so that a replayed decision has the id that it had."""
        return f"{self.id}-{SUFFIX[role]}"

    def role_of(self, order_id: str) -> Role | None:
        """Which of this bracket's orders an id names."""
        return next((role for role in SUFFIX if self.order_id(role) == order_id), None)

    @property
    def position(self) -> int:
        """Lots held, signed."""
        return self.direction * (self.entered - self.exited)

    def room(self, role: Role) -> int:
        """Lots that orders of a role can still fill."""
        return self.size - self.entered if role == "entry" else self.entered - self.exited

    @property
    def alive(self) -> bool:
        return self.state not in (BracketState.CLOSED, BracketState.CANCELLED)

    def intent(self, role: Role, ts: int, reason: str) -> OrderIntent:
        """The order for a role; the entry carries the bracket's distances."""
        if role == "entry":
            return OrderIntent(
                ts=ts, id=self.order_id(role), trade_id=self.id, symbol=self.traded.symbol,
                role=role, type="market", side=self.direction, size=self.size,
                stop_ticks=self.stop_ticks, target_ticks=self.target_ticks, reason=reason,
            )  # fmt: skip
        price = {"stop": self.stop, "target": self.target, "exit": None}[role]
        kinds: dict[Role, Literal["market", "stop", "limit"]] = {"stop": "stop", "target": "limit"}
        return OrderIntent(
            ts=ts, id=self.order_id(role), trade_id=self.id, symbol=self.traded.symbol,
            role=role, type=kinds.get(role, "market"), side=-self.direction,
            size=self.entered - self.exited, price=price, reason=reason,
        )  # fmt: skip

    def fee_of(self, fill: Fill) -> int:
        """The fee of one fill, 0 where fees are not modelled."""
        return self.traded.fees(fill.price, fill.size) if self.charge_fees else 0

    def fill_entry(self, fill: Fill) -> bool:
        """Take an entry fill; whether it was the first, which sets stop and target."""
        first = self.entered == 0
        self.entered += fill.size
        self.entry_notional += fill.price * fill.size
        self.fees += self.fee_of(fill)
        if first:
            self.entry_ts = fill.ts
            self.stop = fill.price - self.direction * self.stop_ticks
            self.target = fill.price + self.direction * self.target_ticks
            self.state = BracketState.OPEN
        return first

    def fill_exit(self, fill: Fill, reason: ExitReason) -> bool:
        """Take an exit fill; whether the position is closed with it."""
        self.exited += fill.size
        self.exit_notional += fill.price * fill.size
        self.fees += self.fee_of(fill)
        self.exit_reason = reason
        if self.exited >= self.entered:
            self.state = BracketState.CLOSED
        return self.state is BracketState.CLOSED

    def gross(self) -> int:
        """P&L of the closed bracket before fees, money units."""
        return self.direction * (self.exit_notional - self.entry_notional) * self.traded.tick_units

    def open_pnl(self, price: int) -> int:
        """P&L of what is held at `price`, net of the fees paid and those of closing there."""
        held = self.entered - self.exited
        closing = self.traded.fees(price, held) if self.charge_fees and held else 0
        value = self.exit_notional + price * held - self.entry_notional
        return self.direction * value * self.traded.tick_units - self.fees - closing

    def opened_event(self, ts: int) -> PositionOpened:
        return PositionOpened(
            ts=ts, trade_id=self.id, symbol=self.traded.symbol, direction=self.direction,
            size=self.entered, entry_notional=self.entry_notional, stop=self.stop,
            target=self.target, pattern=self.signal.pattern, signal_id=self.signal.id,
        )  # fmt: skip

    def close_early(self, ts: int, why: ExitReason, reason: str) -> OrderIntent:
        """Start closing at market; the order for it."""
        self.state = BracketState.CLOSING
        self.exit_reason = why
        return self.intent("exit", ts, reason)

    def trade(self, ts: int, low: int, high: int, balance: int) -> Trade:
        """The closed bracket as a trade; low and high are the extremes while it was open."""
        against, favour = (low, high) if self.direction > 0 else (high, low)
        return Trade(
            id=self.id, symbol=self.traded.symbol, direction=self.direction, size=self.entered,
            entry_ts=self.entry_ts, entry_notional=self.entry_notional,
            exit_ts=ts, exit_notional=self.exit_notional,
            exit_reason=self.exit_reason or ExitReason.OPERATOR,
            stop=self.stop, target=self.target, pnl_gross=self.gross(), fees=self.fees,
            pattern=self.signal.pattern, signal_id=self.signal.id, regime=self.signal.regime,
            mae=self._excursion(against, -self.direction),
            mfe=self._excursion(favour, self.direction),
            balance=balance,
        )  # fmt: skip

    def _excursion(self, extreme: int, direction: int) -> int:
        """Whole ticks from the average entry to an extreme, at least 0."""
        distance = direction * (extreme * self.entered - self.entry_notional)
        return max(distance // self.entered, 0)
