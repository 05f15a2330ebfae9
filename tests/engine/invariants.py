"""What must hold after every event of an engine, whatever was put in.

    watched = Watched(Engine(config, days), days)
    watched.push(ticks); watched.beat(ts); watched.on_fill(fill); watched.command(kill)

`Watched` passes inputs on and holds what the engine says against its own books, which know only the
events: it does the sums again, and knows nothing of how the engine came to them. An input that the
engine refuses (InputError) must change nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import numpy as np

from engine.commands import Command, Flatten, Kill, ReportLink, ResumeTrading
from engine.engine import Engine
from engine.errors import InputError
from engine.events import (
    AmendRejected,
    Bar,
    BarClosed,
    CommandDone,
    Decision,
    Event,
    Fill,
    Filled,
    FlattenFailed,
    Halted,
    InputIgnored,
    LargeTrade,
    LevelGone,
    LevelMade,
    LevelTouched,
    OrderAmend,
    OrderCancel,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
    Resumed,
    SessionChanged,
    SignalDetected,
    Sweep,
    TickDropped,
    TradeClosed,
)
from engine.instruments import instrument
from engine.money import to_units
from engine.names import Halt
from engine.schedule import Schedule
from engine.ticks import TickArray, columns

ROLES = {"E": "entry", "S": "stop", "T": "target", "X": "exit"}
GONE = ("cancelled", "rejected", "lost")


@dataclass
class Book:
    """The fills of one trade; `cash` is ticks * lots, `settled` the net P&L that was said."""

    decision: Decision
    held: int = 0
    entered: int = 0
    fees: int = 0
    cash: int = 0
    settled: int = 0


class Watched:
    """An engine and the books kept on it. `events` is everything it said."""

    def __init__(self, engine: Engine, days: Schedule, simulated: bool = True) -> None:
        self.engine = engine
        self.days = days
        self.simulated = simulated
        self.events: list[Event] = []
        carry = engine.carry()
        self.balance = carry.balance
        self.halts = set(carry.halts)
        self.levels = {level.id: level.touched is not None for level in carry.levels}
        self.dropped: Counter[str] = Counter()
        self.commands: set[str] = set()
        self.commanded: Command | None = None
        self.fills: set[str] = set()
        self.orders: dict[str, OrderIntent] = {}
        self.left: dict[str, int] = {}  # lots that an order can still fill; ended ones are missing
        self.rejected: set[str] = set()
        self.filled: Counter[str] = Counter()
        self.gone: set[str] = set()  # orders that work no more though they did not fill
        self.asked_back: set[str] = set()
        self.not_taken_back: set[str] = set()
        self.given_up = False  # it was said that the position cannot be closed
        self.link = simulated
        self.books: dict[str, Book] = {}
        self.decision: Decision | None = None
        self.seen_since_fill = False
        self.bar_end = self.reached = -(2**63)
        self.finished = False

    @property
    def book(self) -> Book | None:
        """Of the trade that is going on."""
        return self.books[self.decision.trade_id] if self.decision is not None else None

    @property
    def held(self) -> int:
        return self.book.held if self.book is not None else 0

    # -- inputs ------------------------------------------------------------------------------

    def push(self, ticks: TickArray, as_columns: bool = False) -> list[Event]:
        """Every tick is taken or said to be dropped."""
        before = self.engine.status().ticks

        def put() -> Sequence[Event]:
            if as_columns:
                return self.engine.push_columns(columns(ticks))
            return self.engine.push(ticks)

        events = self._put(put)
        dropped = [event for event in events if isinstance(event, TickDropped)]
        self.dropped.update(event.reason for event in dropped)
        status = self.engine.status()
        assert status.ticks - before + len(dropped) == len(ticks)
        assert status.dropped == self.dropped
        if status.ticks > before:
            self.seen_since_fill = True
            self._check_limits()
        return events

    def beat(self, ts: int) -> list[Event]:
        return self._put(lambda: self.engine.beat(ts))

    def on_fill(self, fill: Fill) -> list[Event]:
        """A fill is booked once, or said to be ignored."""
        events = self._put(lambda: self.engine.on_fill(fill))
        answers = [e for e in events if isinstance(e, Filled | InputIgnored)]
        assert len(answers) == 1 or not events
        for answer in answers:
            if isinstance(answer, Filled):
                assert not self.simulated
                assert answer.fill == fill
                assert fill.id not in self.fills
                self.fills.add(fill.id)
            elif not self.simulated and answer.reason != "seen before":
                assert Halt.DIFFERENCE in self.halts
        return events

    def command(self, command: Command) -> list[Event]:
        """A command is answered once; one seen before is said to be ignored."""
        self.commanded = command
        events = self._put(lambda: self.engine.command(command))
        self.commanded = None
        answers = [e for e in events if isinstance(e, CommandDone | InputIgnored)]
        if events:
            assert [type(answer) for answer in answers] == [
                InputIgnored if command.id in self.commands else CommandDone
            ]
            self.commands.add(command.id)
        if isinstance(command, Flatten | Kill) and any(isinstance(e, CommandDone) for e in events):
            assert self.closing() >= self.held
            waiting = self.engine.status().waiting
            assert waiting is None or (not self.simulated and waiting.id in self.asked_back)
        done = bool(events) and isinstance(events[-1], CommandDone)
        if isinstance(command, ReportLink) and done and not self.simulated:
            self.link = command.up
        return events

    def finish(self) -> list[Event]:
        self.finished = True
        events = self._put(self.engine.finish)
        if self.simulated:
            assert self.held == 0
            assert self.decision is None
        return events

    def _put(self, put: Callable[[], Sequence[Event]]) -> list[Event]:
        before = self.engine.status(), self.engine.carry()
        try:
            events = list(put())
        except InputError:
            assert (self.engine.status(), self.engine.carry()) == before
            return []
        for event in events:
            self._check(event)
            self.events.append(event)
        self._check_status(events)
        return events

    # -- after every event -------------------------------------------------------------------

    def _check(self, event: Event) -> None:
        match event:
            case BarClosed():
                self._check_bar(event.bar)
            case Decision():
                self._check_decision(event)
            case OrderIntent():
                self._check_order(event)
            case Filled():
                self._book(event)
            case PositionOpened():
                assert self.decision is not None
                assert (event.trade_id, event.direction) == (
                    self.decision.trade_id,
                    self.decision.direction,
                )
                risk = self.engine.config.risk
                price = event.entry_notional // event.size
                assert event.stop == price - event.direction * risk.stop_ticks
                assert event.target == price + event.direction * risk.target_ticks
            case OrderAmend():
                self._check_amend(event)
            case OrderCancel():
                assert not self.simulated
                assert event.id in self.left
                assert event.id not in self.asked_back or event.id in self.not_taken_back
                self.not_taken_back.discard(event.id)
                self.asked_back.add(event.id)
            case AmendRejected():
                self.orders[event.id] = replace(self.orders[event.id], price=event.price)
            case FlattenFailed():
                assert event.held == self.held > self.closing()
                self.given_up = True
            case OrderUpdate():
                self._check_update(event)
            case TradeClosed():
                self._check_trade(event)
            case Halted():
                assert event.halt not in self.halts
                self.halts.add(event.halt)
            case LevelMade(level=level):
                assert level.id not in self.levels
                assert level.low <= level.high
                self.levels[level.id] = False
            case LevelTouched(level_id=name):
                assert not self.levels[name]
                self.levels[name] = True
            case LevelGone(level_id=name):
                del self.levels[name]
            case LargeTrade():
                assert event.size >= event.threshold > 0
            case Sweep():
                rules = self.engine.config.tape
                assert event.start <= event.end <= event.ts
                assert event.end - event.start <= rules.sweep_ms * 1_000_000
                assert rules.sweep_prices <= event.prices <= event.trades <= event.volume
                assert event.side * (event.last - event.first) >= event.prices - 1
            case Resumed():
                self._check_resumed(event)

    def _check_resumed(self, event: Resumed) -> None:
        """Each halt ends by its own rule and by no other."""
        self.halts.remove(event.halt)
        if event.halt in (Halt.PROFIT_TARGET, Halt.LOSS_LIMIT, Halt.MARGIN):
            assert event.ts == self.days.at(event.ts).start
        elif event.halt is not Halt.STALE_FEED:
            assert isinstance(self.commanded, ResumeTrading)

    def _check_bar(self, bar: Bar) -> None:
        levels = bar.levels
        prices, volumes = levels[:, 0], levels[:, 1:]
        assert (np.diff(prices) > 0).all()
        assert (volumes >= 0).all()
        assert (volumes.sum(axis=1) > 0).all()
        assert volumes.sum() == bar.volume
        assert (volumes[:, 1].sum(), volumes[:, 0].sum()) == (bar.buy_volume, bar.sell_volume)
        assert bar.delta == bar.buy_volume - bar.sell_volume
        assert bar.min_delta <= min(0, bar.delta) <= max(0, bar.delta) <= bar.max_delta
        assert bar.notional == sum(price * sum(volume) for price, *volume in levels.tolist())
        assert (prices[0], prices[-1]) == (bar.low, bar.high)
        assert bar.low <= bar.val <= bar.poc <= bar.vah <= bar.high
        assert {bar.open, bar.close, bar.poc} <= set(prices.tolist())
        assert 0 < bar.trades <= bar.volume
        assert bar.start <= bar.end
        if not self.finished:  # the end of the data closed a bar before its time
            assert bar.start >= self.bar_end
            self.bar_end = bar.end

    def _check_decision(self, decision: Decision) -> None:
        if decision.action == "none":
            assert (decision.size, decision.trade_id) == (0, "")
            assert decision.rule
            return
        assert not self.halts
        assert self.link
        assert self.decision is None
        assert not any(self.left.values())
        assert not self.finished
        day = self.days.at(decision.ts)
        assert day.entries_from <= decision.ts < day.entries_to
        risk = self.engine.config.risk
        tier = next(tier for tier in risk.tiers if tier.name == decision.terms["tier"])
        most = max(int(tier.max_size * Decimal(str(decision.terms["multiplier"]))), 1)
        assert 1 <= decision.size <= most * risk.lots_per_unit
        self.decision = decision
        self.books[decision.trade_id] = Book(decision)
        self.given_up = False

    def _check_order(self, order: OrderIntent) -> None:
        assert self.decision is not None
        assert order.trade_id == self.decision.trade_id
        assert order.id not in self.orders
        assert ROLES[order.id.removeprefix(f"{order.trade_id}-")[0]] == order.role
        entry = order.role == "entry"
        assert order.side == (1 if entry else -1) * self.decision.direction
        if order.role == "exit":
            assert order.size == self.held - self.closing()
            self.given_up = False
        else:
            assert order.size == (self.decision.size if entry else self.held)
        assert order.size > 0
        self.orders[order.id] = order
        if order.id not in self.gone:
            self.left[order.id] = order.size

    def closing(self) -> int:
        """Lots of the position that exit orders are on their way for."""
        return sum(left for name, left in self.left.items() if self.orders[name].role == "exit")

    def _check_amend(self, amend: OrderAmend) -> None:
        """A working stop or target is changed: the stop to a better price, both to what is held."""
        order = self.orders[amend.id]
        assert order.role in ("stop", "target")
        assert amend.id in self.left or (self.simulated and amend.id in self.rejected)
        assert amend.id not in self.asked_back
        assert amend.trade_id == order.trade_id
        assert order.price is not None
        assert amend.size == self.held + self.filled[amend.id]
        if amend.id in self.left:
            self.left[amend.id] = self.held
        if amend.reason in ("entry_fill", "exit_fill"):
            assert not self.simulated
            assert amend.price == order.price
        else:
            assert order.role == "stop"
            assert order.side * (amend.price - order.price) < 0
        self.orders[amend.id] = replace(order, price=amend.price)

    def _check_update(self, update: OrderUpdate) -> None:
        """Of an order that was sent, and not after it ended; a broker rejects what it likes."""
        known = update.id in self.orders or self._is_own_exit(update.id)
        early = update.status in GONE and not self.simulated
        assert known or early or update.status == "rejected"
        if update.status == "rejected":
            self.rejected.add(update.id)
        if update.status in GONE:
            self.gone.add(update.id)
        if update.status == "working":
            self.not_taken_back.add(update.id)
        if update.status in ("filled", *GONE):
            self.left.pop(update.id, None)
        if update.status in GONE:
            self._end_waiting(update.id)

    def _book(self, filled: Filled) -> None:
        """The position is what was filled: never more than decided, never the other way."""
        fill, book = filled.fill, self.books[filled.trade_id]
        decision = book.decision
        if self.decision is None:  # late
            assert not self.simulated
            assert filled.role == "entry"
            self.decision, self.given_up = decision, False
        assert decision is self.decision
        assert fill.order_id.startswith(decision.trade_id)
        assert fill.size > 0
        if filled.role == "entry":
            book.held += fill.size
            book.entered += fill.size
            self.seen_since_fill = False
            assert filled.side == decision.direction
        else:
            book.held -= fill.size
            assert filled.side == -decision.direction
        assert 0 <= book.held <= book.entered <= decision.size
        self.filled[fill.order_id] += fill.size
        if fill.order_id in self.left:  # of what is held, brokers may fill more than was asked for
            self.left[fill.order_id] = max(self.left[fill.order_id] - fill.size, 0)
        book.cash -= filled.side * fill.size * fill.price
        book.fees += filled.fee
        charged = self.engine.config.fills.fees
        traded = instrument(self.orders[f"{decision.trade_id}-E"].symbol)
        assert filled.fee == (traded.fees(fill.price, fill.size) if charged else 0)

    def _is_own_exit(self, order_id: str) -> bool:
        """A broker may close a trade that nobody asked to close."""
        trade, _, order = order_id.rpartition("-")
        return trade in self.books and (order == "X" or order.startswith("F"))

    def _end_waiting(self, order_id: str) -> None:
        """An entry that ends unfilled takes the trade with it."""
        book = self.book
        if book is not None and order_id == f"{book.decision.trade_id}-E" and not book.entered:
            self.decision = None

    def _check_trade(self, event: TradeClosed) -> None:
        """Profit is what was taken less what was paid, and changes the balance by no more."""
        trade = event.trade
        assert self.decision is not None
        assert (trade.id, trade.direction) == (self.decision.trade_id, self.decision.direction)
        book = self.books[trade.id]
        assert (book.held, trade.size) == (0, book.entered)
        assert trade.symbol == self.orders[f"{trade.id}-E"].symbol
        assert trade.pnl_gross == book.cash * instrument(trade.symbol).tick_units
        assert trade.fees == book.fees
        assert trade.entry_ts <= trade.exit_ts
        self.balance += trade.pnl_gross - trade.fees - book.settled
        book.settled = trade.pnl_gross - trade.fees
        assert trade.balance == self.balance
        assert min(trade.mae, trade.mfe) >= 0
        self.decision = None

    # -- after every input -------------------------------------------------------------------

    def _check_status(self, events: list[Event]) -> None:
        status, carry = self.engine.status(), self.engine.carry()
        assert status == self.engine.status()
        assert status.balance == carry.balance == self.balance <= status.peak
        assert set(status.halts) == self.halts
        assert len(status.halts) == len(self.halts)
        if self.decision is None and self.simulated:
            assert not self.left
        if not self.simulated:
            self._check_beliefs()
        position, waiting = status.position, status.waiting
        assert (position.size if position else 0) == self.held
        assert position is None or waiting is None
        assert (position or waiting) is None or self.decision is not None
        if waiting is not None:
            assert self.decision is not None
            assert waiting.trade_id == self.decision.trade_id
            assert self.books[waiting.trade_id].entered == 0
        forming = self.engine.forming()
        if forming is not None:
            assert forming.volume == forming.levels[:, 1:].sum() > 0
        now = status.ts if status.ts is not None else 0
        if self.finished:
            return
        assert now >= self.reached or status.ts is None
        self.reached = max(now, self.reached)
        told = [e.ts for e in events if isinstance(e, BarClosed | Decision | SessionChanged)]
        told += [e.ts for e in events if isinstance(e, Halted | Resumed | CommandDone)]
        assert all(ts <= now for ts in told)
        in_order = [e.ts for e in events if isinstance(e, BarClosed | SignalDetected | Decision)]
        assert all(before <= after for before, after in pairwise(in_order))

    def _check_beliefs(self) -> None:
        """Nothing is held without a stop, an exit on its way, or a word that there is none; what is
        believed to be at the broker is what was said."""
        beliefs = self.engine.orders()
        assert sum(map(abs, beliefs.positions.values())) == self.held
        alive = {order.id: order for order in beliefs.orders}
        assert not set(alive) & set(beliefs.over)
        assert {name for name, left in self.left.items() if left} <= set(alive)
        assert {name for name, order in alive.items() if order.state == "cancelling"} == {
            name for name in self.asked_back if name in alive
        }
        assert self.fills <= set(beliefs.fills)
        if self.decision is not None and self.held:
            stopless = f"{self.decision.trade_id}-S" not in alive
            assert not stopless or self.closing() >= self.held or self.given_up

    def _check_limits(self) -> None:
        """A position at a limit has an exit on its way, and the halt says why."""
        status = self.engine.status()
        if status.position is None or not self.seen_since_fill:
            return
        trade = status.position.trade_id
        if any(order.role == "exit" and order.trade_id == trade for order in self.orders.values()):
            return
        lost = -(status.day_pnl + status.open_pnl)
        assert lost < status.loss_limit
        drawdown = status.peak - status.balance - status.open_pnl
        assert drawdown < to_units(self.engine.config.risk.max_drawdown)
