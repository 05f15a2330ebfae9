"""The life of a bracket: one entry, its stop and target, and how it ends.

    WAITING --fill--> OPEN <--exit order, its reject--> CLOSING --fill--> CLOSED
       |                \\----stop or target fills------------------------/
       +--cancel, reject--> CANCELLED

At a broker also (`docs/orderflow.md` has the whole table):

    WAITING --asked to be taken back--> CANCELLING --is over--> CANCELLED
                                        CANCELLING --fill--> OPEN
    CANCELLED, CLOSED --late entry fill--> OPEN

CLOSING means that an exit order is on its way, or that nothing is held and the rest of the entry
may still fill. `doomed` brackets are closed as soon as they hold something that no exit closes.

Fills may be partial and come in any order. Sizes
are lots, prices ticks; averages are never taken, sums of price * size are kept instead. Stop and
target are set from the first entry fill, as servers do it; where the stop goes from there follows
from the best trade alone (`better_stop`).
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from engine.config import RiskRules
from engine.events import Fill, OrderAmend, OrderIntent, PositionOpened, Signal, Trade
from engine.footprint import FAR
from engine.instruments import Instrument
from engine.names import ExitReason
from engine.ticks import NS

Role = Literal["entry", "stop", "target", "exit"]
SUFFIX: Final[dict[Role, str]] = {"entry": "E", "stop": "S", "target": "T", "exit": "X"}
ROLE: Final = {suffix: role for role, suffix in SUFFIX.items()}
FOREIGN: Final = re.compile("F[1-9][0-9]*")
"""Orders that somebody else gave: what they close is closed."""
NEVER: Final = 1 << 62
"""Ticks that no trade gains; a price that far away fits 64 bits."""


class BracketState(StrEnum):
    WAITING = "waiting"
    CANCELLING = "cancelling"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass
class Bracket:
    """One trade from decision to close. `traded` keeps its tick value whatever the tier does.

    `stop` is where the stop was first set, `asked` where it was last asked to be, `working` where
    the market meets it (a broker is taken to do at once what it is asked); `moved_by` says of each
    price what put the stop there. Prices and `entry_ts` are 0 until the entry's first fill.

    Of a broker's: `ended` says that the entry is over although it did not fill whole, `barred` how
    many ticks the best trade has to gain before the stop is asked to move, after that was refused;
    `given_up` that no exit is asked for any more, `failed` how many came to nothing in a row;
    `settled` what was booked when it was closed before (money units, net). Of the newest exit fill
    there are time and order: `exit_ts`, `closed_by`.
    """

    id: str
    traded: Instrument
    direction: int
    size: int
    rules: RiskRules
    signal: Signal
    charge_fees: bool
    state: BracketState = BracketState.WAITING
    entered: int = 0
    exited: int = 0
    entry_notional: int = 0
    exit_notional: int = 0
    entry_ts: int = 0
    entry_price: int = 0  # of the first fill
    stop: int = 0
    target: int = 0
    asked: int = 0
    working: int = 0
    moved_by: dict[int, ExitReason] = field(default_factory=dict)
    timed_out: bool = False
    fees: int = 0
    exit_reason: ExitReason = ExitReason.OPERATOR
    closing_for: ExitReason = ExitReason.OPERATOR
    exits: dict[str, int] = field(default_factory=dict)  # lots of each exit order
    filled: Counter[str] = field(default_factory=Counter)  # lots by order
    ended: bool = False
    doomed: bool = False
    barred: int = 0
    given_up: bool = False
    failed: int = 0
    settled: int = 0
    exit_ts: int = 0
    closed_by: str = ""

    def order_id(self, role: Role) -> str:
        """Derived, so that a replayed decision has the id that it had. Of exits the first one's."""
        return f"{self.id}-{SUFFIX[role]}"

    def role_of(self, order_id: str) -> Role | None:
        """Which of this bracket's orders an id names."""
        if order_id in self.exits:
            return "exit"
        bracket, _, suffix = order_id.rpartition("-")
        if bracket != self.id:
            return None
        return "exit" if FOREIGN.fullmatch(suffix) else ROLE.get(suffix)

    @property
    def position(self) -> int:
        """Lots held, signed."""
        return self.direction * self.held

    @property
    def held(self) -> int:
        """Lots held, >= 0."""
        return self.entered - self.exited

    def leaving(self) -> dict[str, int]:
        """Exit orders on their way, and the lots that each still closes."""
        left = {order: size - self.filled[order] for order, size in self.exits.items()}
        return {order: lots for order, lots in left.items() if lots > 0}

    @property
    def uncovered(self) -> int:
        """Lots held that no exit order on its way closes."""
        return max(self.held - sum(self.leaving().values()), 0)

    def room(self, role: Role) -> int:
        """Lots that orders of a role can still fill."""
        return self.size - self.entered if role == "entry" else self.held

    @property
    def _entry_over(self) -> bool:
        return self.ended or self.entered >= self.size

    @property
    def alive(self) -> bool:
        return self.state not in (BracketState.CLOSED, BracketState.CANCELLED)

    def intent(self, role: Role, ts: int, reason: str) -> OrderIntent:
        """The entry, which carries the bracket's distances, or the stop or target of what is held.

        Exit orders are made by `close_early`.
        """
        if role == "entry":
            return OrderIntent(
                ts=ts, id=self.order_id(role), trade_id=self.id, symbol=self.traded.symbol,
                role=role, type="market", side=self.direction, size=self.size,
                stop_ticks=self.rules.stop_ticks, target_ticks=self.rules.target_ticks,
                reason=reason,
            )  # fmt: skip
        return OrderIntent(
            ts=ts, id=self.order_id(role), trade_id=self.id, symbol=self.traded.symbol,
            role=role, type="stop" if role == "stop" else "limit", side=-self.direction,
            size=self.held, price=self.stop if role == "stop" else self.target, reason=reason,
        )  # fmt: skip

    def close_early(self, ts: int, why: ExitReason, reason: str) -> OrderIntent:
        """Close at market what no exit order closes yet; the order for it."""
        number = len(self.exits) + 1
        order = self.order_id("exit") + (str(number) if number > 1 else "")
        size = self.exits[order] = self.uncovered
        self.state = BracketState.CLOSING
        self.closing_for = why
        self.timed_out |= why is ExitReason.TIME_STOP
        return OrderIntent(
            ts=ts, id=order, trade_id=self.id, symbol=self.traded.symbol,
            role="exit", type="market", side=-self.direction, size=size, reason=reason,
        )  # fmt: skip

    def exit_rejected(self, order_id: str) -> None:
        """An exit order closes no more than it has: without another, stop and target go on."""
        self.exits[order_id] = self.filled[order_id]
        self._reopen()

    def _reopen(self) -> None:
        if self.state is BracketState.CLOSING and self.held and not self.leaving():
            self.state = BracketState.OPEN

    def doom(self, why: ExitReason) -> None:
        """Whatever it holds shall be closed, from now on."""
        self.doomed = True
        if not self.leaving():
            self.closing_for = why

    def end_entry(self) -> None:
        """The entry fills no more."""
        self.ended = True
        if not self.entered:
            self.state = BracketState.CANCELLED
        elif not self.held:
            self.state = BracketState.CLOSED

    def revive(self, why: ExitReason) -> None:
        """The entry of a bracket that was over fills: what it gives shall be closed."""
        self.doom(why)
        if self.entered:
            self.state = BracketState.OPEN

    def next_move(self) -> int:
        """The price (ticks) of the best trade from which on `better_stop` gives one.

        At or above it for a long, at or below it for a short.
        """
        ticks = max(min(self._break_even_from(), self._trail_from()), self.barred)
        return self.entry_price + self.direction * ticks

    def better_stop(self, best: int) -> tuple[int, ExitReason] | None:
        """Where a best trade at `best` moves the stop, and what does; None: it stays."""
        gained = self.direction * (best - self.entry_price)
        if gained < self.barred:
            return None
        moves = []
        if gained >= self._trail_from():
            moves.append((gained - self.rules.trail_ticks, ExitReason.TRAILING_STOP))
        if gained >= self._break_even_from():
            moves.append((self.rules.break_even_plus_ticks, ExitReason.BREAK_EVEN))
        if not moves:
            return None
        ticks, by = max(moves, key=lambda move: move[0])
        return self.entry_price + self.direction * ticks, by

    def _secured(self) -> int:
        """Ticks in favour at which the stop last asked for closes; below 0 a loss."""
        return self.direction * (self.asked - self.entry_price)

    def _break_even_from(self) -> int:
        """Ticks in favour from which on the break-even stop is better than the one asked for."""
        after, plus = self.rules.break_even_after_ticks, self.rules.break_even_plus_ticks
        return after if after and plus > self._secured() else NEVER

    def _trail_from(self) -> int:
        """Ticks in favour from which on the trailing stop moves."""
        rules = self.rules
        if not rules.trail_ticks:
            return NEVER
        moves = self._secured() + rules.trail_step_ticks + rules.trail_ticks
        return max(rules.trail_after_ticks, moves)

    def ask(self, price: int, by: ExitReason) -> None:
        """Ask for the stop at another price."""
        self.asked = price
        self.moved_by[price] = by

    def ask_refused(self, price: int, best: int) -> None:
        """The stop works on at `price`; it is asked to move again by a better trade than `best`."""
        self.asked = self.working = price
        self.moved_by.setdefault(price, ExitReason.STOP)
        self.barred = self.direction * (best - self.entry_price) + 1

    def amend(self, role: Literal["stop", "target"], ts: int, reason: str) -> OrderAmend:
        """The working order as it shall be now."""
        order = self.order_id(role)
        return OrderAmend(
            ts=ts, id=order, trade_id=self.id, price=self.asked if role == "stop" else self.target,
            size=self.held + self.filled[order], reason=reason,
        )  # fmt: skip

    def time_stop_at(self) -> int:
        """When the position will have been open too long; FAR while it is not, or is closing."""
        if self.state is not BracketState.OPEN or self.timed_out or not self.rules.time_stop_s:
            return FAR
        return self.entry_ts + self.rules.time_stop_s * NS

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
            self.entry_ts, self.entry_price = fill.ts, fill.price
            self.stop = fill.price - self.direction * self.rules.stop_ticks
            self.target = fill.price + self.direction * self.rules.target_ticks
            self.asked = self.working = self.stop
            self.moved_by = {self.stop: ExitReason.STOP}
            self.state = BracketState.OPEN
        return first

    def fill_exit(self, fill: Fill, role: Role) -> bool:
        """Take a fill of an exit, stop or target; whether the position is closed with it."""
        self.exited += fill.size
        self.exit_notional += fill.price * fill.size
        self.fees += self.fee_of(fill)
        self.filled[fill.order_id] += fill.size
        self.exit_ts, self.closed_by = fill.ts, fill.order_id
        if FOREIGN.fullmatch(fill.order_id.rpartition("-")[2]):
            self.exit_reason = ExitReason.EXTERNAL
        elif role == "exit":
            self.exits.setdefault(fill.order_id, fill.size)
            self.exit_reason = self.closing_for
        else:
            stopped = self.moved_by[self.working]
            self.exit_reason = stopped if role == "stop" else ExitReason.TARGET
        if not self.held:
            self.state = BracketState.CLOSED if self._entry_over else BracketState.CLOSING
        self._reopen()
        return self.state is BracketState.CLOSED

    def gross(self) -> int:
        """P&L of the closed bracket before fees, money units."""
        return self.direction * (self.exit_notional - self.entry_notional) * self.traded.tick_units

    def open_pnl(self, price: int) -> int:
        """P&L of what is held at `price`, net of the fees paid and those of closing there."""
        closing = self.traded.fees(price, self.held) if self.charge_fees and self.held else 0
        value = self.exit_notional + price * self.held - self.entry_notional
        return self.direction * value * self.traded.tick_units - self.fees - closing

    def opened_event(self, ts: int) -> PositionOpened:
        return PositionOpened(
            ts=ts, trade_id=self.id, symbol=self.traded.symbol, direction=self.direction,
            size=self.entered, entry_notional=self.entry_notional, stop=self.stop,
            target=self.target, pattern=self.signal.pattern, signal_id=self.signal.id,
        )  # fmt: skip

    def trade(self, ts: int, low: int, high: int, balance: int) -> Trade:
        """The closed bracket as a trade; low and high are the extremes while it was open."""
        against, favour = (low, high) if self.direction > 0 else (high, low)
        return Trade(
            id=self.id, symbol=self.traded.symbol, direction=self.direction, size=self.entered,
            entry_ts=self.entry_ts, entry_notional=self.entry_notional,
            exit_ts=ts, exit_notional=self.exit_notional,
            exit_reason=self.exit_reason,
            stop=self.stop, target=self.target, last_stop=self.working,
            pnl_gross=self.gross(), fees=self.fees,
            pattern=self.signal.pattern, signal_id=self.signal.id, regime=self.signal.regime,
            mae=self._excursion(against, -self.direction),
            mfe=self._excursion(favour, self.direction),
            balance=balance,
        )  # fmt: skip

    def _excursion(self, extreme: int, direction: int) -> int:
        """Whole ticks from the average entry to an extreme, at least 0."""
        distance = direction * (extreme * self.entered - self.entry_notional)
        return max(distance // self.entered, 0)
