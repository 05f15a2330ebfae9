"""Holds what the engine said until it is stored.

Lives in the writer's thread. Each row waits in its newest state under its key: an order that was
sent and filled between two flushes is written once. `store.Flush` writes what waits; what could not
be written stays and is tried again.

Memory is bounded: past `LIMIT` waiting rows, the oldest bars and rejected signals are let go and
counted, for they can be computed again from the ticks. Orders, fills, trades and audit never are.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Model
from django.utils import timezone

from engine import events as said
from engine.instruments import instrument
from engine.money import to_decimal
from engine.once import SEEN_BEFORE
from marketdata.models import moment
from trading.models import AuditEvent, Mode, Order, Session, Signal, Trade
from trading.notify.telling import Telling
from trading.pipeline.order_trail import trail_of
from trading.pipeline.rows import (
    amend_order,
    bar_row,
    carry_json,
    close_trade,
    fill_row,
    filled_order_row,
    keep_order,
    open_trade,
    order_row,
    signal_row,
    terms_json,
    trade_row,
)
from trading.wire import plain

if TYPE_CHECKING:
    from engine.status import Status

LIMIT: Final = 50_000
"""Rows that may wait: some weeks of a busy instrument."""

EVENTS: Final = uuid.UUID("7d9a2f0c-6d0f-5b7e-9c55-1f6a2c1a7c34")
"""Where keys of events are made from."""

# Parents before children.
KINDS: Final = ("bars", "warm_signals", "signals", "trades", "orders", "fills", "audit")

LIVE: Final = Mode.LIVE
NOT_FILLED: Final = (Order.Status.CANCELLED, Order.Status.REJECTED, Order.Status.LOST)
KEPT: Final = 400
"""Orders and trades that are over and may still be filled late."""

CONTINUED: Final = (
    "instrument_id", "contract", "mode", "timeframe", "source", "feed", "synthetic", "inferred",
    "speed", "fill_profile", "config", "config_name", "rules_digest", "config_digest", "tier",
)  # fmt: skip
"""What a new trading day's session has in common with the one before."""


class Recorder:
    """Rows of one pipeline that are not stored yet. `session` is the one that is going on.

    `run` names the run that they are of: what its engine says gets the same keys when it is said
    again in a replay, so that no row is doubled.
    """

    def __init__(self, session: Session, *, run: str = "", limit: int = LIMIT) -> None:
        self.run = run or uuid.uuid4().hex
        self.session = session
        self.contract = session.contract  # of the trading day that comes next
        self.spec = instrument(session.instrument_id)
        self.limit = limit
        self.waiting: dict[str, dict[object, Model]] = {kind: {} for kind in KINDS}
        self.sessions_over: list[Session] = []
        self.sessions_settled: list[Session] = []  # a trade closed in them
        self.session_changed = False
        self.account_changed = False
        self.status: Status | None = None
        self.results: dict[str, said.CommandDone] = {}
        self.completed: dict[str, str] = {}  # what more there is to say of an answered command
        self.let_go = 0
        self.telling = Telling()
        self._said_today = 0  # audit events of the engine, on the session's day
        # Rows that may still change, whether stored or not.
        self._approved: dict[str, Signal] = {}
        self._orders: dict[str, Order] = {}
        self._trades: dict[str, Trade] = {}
        # Over, as far as is known: at a broker a fill may come late.
        self._orders_over: dict[str, Order] = {}
        self._trades_over: dict[str, Trade] = {}
        self._warming = False
        self._bars_until = 0  # end of the newest closed bar (UTC ns)
        self._handlers: dict[type, Callable[[Any], None]] = {
            said.DayStarted: self._day_started,
            said.SessionChanged: self._session_phase,
            said.BarClosed: self._bar_closed,
            said.SignalDetected: self._signal_detected,
            said.Decision: self._decision,
            said.OrderIntent: self._order_intent,
            said.OrderAmend: self._order_amend,
            said.OrderCancel: self._order_cancel,
            said.OrderUpdate: self._order_update,
            said.AmendRejected: self._amend_rejected,
            said.Filled: self._filled,
            said.PositionOpened: self._position_opened,
            said.TradeClosed: self._trade_closed,
            said.Halted: self._halt,
            said.Resumed: self._halt,
            said.TierChanged: self._tier_changed,
            said.CommandDone: self._command_done,
            said.InputIgnored: self._input_ignored,
        }

    def __len__(self) -> int:
        """Rows that wait."""
        return sum(map(len, self.waiting.values())) + len(self.results) + len(self.completed)

    @property
    def changed(self) -> bool:
        return bool(len(self) or self.session_changed or self.account_changed)

    def rows(self) -> Iterator[Model]:
        """What waits, parents before children."""
        for rows in self.waiting.values():
            yield from rows.values()

    def take(self, events: Sequence[said.Event]) -> None:
        live = self.session.mode == LIVE
        for event in events:
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(event)
            if live and (trail := trail_of(event, self.spec)) is not None:
                kind, actor, payload = trail
                self._numbered(kind, payload, event.ts, actor)
        if len(self) > self.limit:
            self._let_go(len(self) - self.limit)

    def see(self, status: "Status") -> None:
        """The engine's state; the newest is stored with the next flush."""
        before = self.status
        self.account_changed |= before is None or (
            (before.balance, before.peak, before.streak, before.tier, before.halts)
            != (status.balance, status.peak, status.streak, status.tier, status.halts)
        )
        self.session_changed = True
        self.status = status
        self.telling.seen(status.ts)

    def event_id(self, session: Session, number: int) -> uuid.UUID:
        """The key of the engine's audit event of that number, from 0, on the session's day."""
        return uuid.uuid5(EVENTS, f"{self.run} {session.day} {number}")

    def note(
        self,
        kind: str,
        payload: dict[str, Any],
        *,
        ts: int = 0,
        actor: str = "pipeline",
        key: uuid.UUID | None = None,
        once: bool = False,
    ) -> None:
        """An audit event; `ts` 0 means now, as far as event time is known. `once`: of its kind the
        run has one."""
        if once:
            key = uuid.uuid5(EVENTS, f"{self.run} {kind}")
        ts = ts or (self.status and self.status.ts) or self.session.last_tick_ns
        row = AuditEvent(
            id=key or uuid.uuid4(),
            ts_ns=ts,
            ts=moment(ts),
            recorded_at=timezone.now(),
            kind=kind,
            session=self.session,
            actor=actor,
            payload=plain(payload),
        )
        self._wait("audit", row)
        self.telling.heard(row, warming=self._warming)

    def end(self, status: str, carry: dict[str, Any]) -> None:
        """The session is over, for the reason that `status` names; `carry` is what it leaves."""
        self.session.status = status
        self.session.carry_end = carry
        self.session.ended_at = timezone.now()
        self.session_changed = True

    def stored(self) -> None:
        """All that waited is in the database."""
        for rows in self.waiting.values():
            rows.clear()
        self.results.clear()
        self.completed.clear()
        self.sessions_over.clear()
        self.sessions_settled.clear()
        self.telling.clear()
        self.session_changed = self.account_changed = False

    # One method an event

    def _day_started(self, event: said.DayStarted) -> None:
        if event.day != self.session.day:
            self._next_session(event)
        if not self.session.carry_start:
            self.session.carry_start = carry_json(event.carry)
        self.session_changed = True
        self._said(event, {"day": event.day.isoformat(), "carry": carry_json(event.carry)})

    def _next_session(self, event: said.DayStarted) -> None:
        over = self.session
        over.status, over.ended_at = Session.Status.ENDED, timezone.now()
        over.carry_end = carry_json(event.carry)
        over.balance, over.tier = to_decimal(event.carry.balance), event.carry.tier
        # The engine's state was last seen up to a second ago, or never on a day that took less.
        over.last_tick_ns = max(over.last_tick_ns, self._bars_until - 1)
        self.sessions_over.append(over)
        self.status = None
        self.session = Session(
            account=over.account,
            day=event.day,
            started_at=timezone.now(),
            starts=1,
            balance=to_decimal(event.carry.balance),
            **{name: getattr(over, name) for name in CONTINUED},
        )
        self.session.contract = self.contract
        self._said_today = 0

    def _session_phase(self, event: said.SessionChanged) -> None:
        self.session.phase = event.phase
        self.session_changed = True
        self._said(event, {"phase": event.phase})

    def _bar_closed(self, event: said.BarClosed) -> None:
        row = bar_row(event.bar, self.spec, self.session)
        self.waiting["bars"][row.start_ns] = row
        self._warming = row.warm_up
        self._bars_until = row.end_ns
        self._approved.clear()

    def _signal_detected(self, event: said.SignalDetected) -> None:
        row = signal_row(event.signal, self.spec, self.session)
        self._wait_signal(row)
        if row.approved:
            self._approved[row.key] = row

    def _decision(self, event: said.Decision) -> None:
        chosen = [event.signal_id] if event.signal_id else event.approved
        for row in filter(None, map(self._approved.get, chosen)):
            row.decision = event.action
            row.decision_rule = event.rule[:40]
            row.decision_reason = event.reason[:300]
            row.decision_terms = terms_json(event.terms)
            self._wait_signal(row)
        if event.action == "enter":
            trade = self._trade(
                event.trade_id, event.ts, event.direction, event.size, self.spec.symbol
            )
            signal = self._approved.get(event.signal_id)
            if signal is not None:
                trade.signal = signal
                trade.pattern, trade.regime = signal.pattern, signal.regime

    def _order_intent(self, event: said.OrderIntent) -> None:
        trade = self._trade(event.trade_id, event.ts, event.side, event.size, event.symbol)
        if event.role == "entry":
            trade.instrument_id, trade.size = event.symbol, event.size
            self._wait("trades", trade)
        self._wait_order(order_row(event, self.session))

    def _order_amend(self, event: said.OrderAmend) -> None:
        order, trade = self._orders.get(event.id), self._trades.get(event.trade_id)
        if order is None:
            return
        amend_order(order, trade, event)
        self._wait_order(order)
        if trade is not None:
            self._wait("trades", trade)

    def _order_cancel(self, event: said.OrderCancel) -> None:
        order = self._orders.get(event.id)
        if order is not None:
            order.status, order.updated_ns = Order.Status.CANCELLING, event.ts
            self._wait_order(order)

    def _amend_rejected(self, event: said.AmendRejected) -> None:
        order, trade = self._orders.get(event.id), self._trades.get(event.trade_id)
        if order is not None:
            keep_order(order, trade, event)
            self._wait_order(order)
            if trade is not None:
                self._wait("trades", trade)

    def _order_update(self, event: said.OrderUpdate) -> None:
        order = self._orders.get(event.id)
        if order is None:
            return
        order.status = event.status
        order.filled = max(order.filled, min(event.filled, order.size))
        order.reason = (event.reason or order.reason)[:300]
        order.updated_ns = event.ts
        self._wait_order(order)
        trade = self._trades.get(order.trade_id)
        if trade and order.role == "entry" and order.status in NOT_FILLED:
            if order.filled:
                return
            trade.status = Trade.Status.CANCELLED
            trade.exit_reason = order.status
            self._wait("trades", trade)
            self._trade_over(trade)

    def _filled(self, event: said.Filled) -> None:
        order = self._orders.get(event.fill.order_id) or self._late(event.fill.order_id)
        trade = self._trades.get(event.trade_id)
        symbol = trade.instrument_id if trade else self.spec.symbol
        if trade is None:
            self._trade(event.trade_id, event.ts, event.side, event.fill.size, symbol)
        if order is None:
            order = filled_order_row(event, symbol, self.session)
        order.filled = min(order.filled + event.fill.size, order.size)
        order.status = Order.Status.FILLED if order.filled == order.size else Order.Status.PARTIAL
        order.updated_ns = event.ts
        self._wait_order(order)
        self._wait("fills", fill_row(event, symbol, self.session))

    def _position_opened(self, event: said.PositionOpened) -> None:
        row = self._trade(event.trade_id, event.ts, event.direction, event.size, event.symbol)
        open_trade(row, event)
        self._wait("trades", row)
        signal = row.signal if Trade.signal.is_cached(row) else None
        self.telling.opened(row, signal)

    def _trade_closed(self, event: said.TradeClosed) -> None:
        trade = event.trade
        row = self._trade(trade.id, trade.entry_ts, trade.direction, trade.size, trade.symbol)
        close_trade(row, trade, self.session)
        self._wait("trades", row)
        self._trade_over(row)
        self.telling.closed(row)
        if self.session not in self.sessions_settled:
            self.sessions_settled.append(self.session)

    def _halt(self, event: said.Halted | said.Resumed) -> None:
        self._said(event, {"halt": str(event.halt), "reason": event.reason})

    def _tier_changed(self, event: said.TierChanged) -> None:
        balance = str(to_decimal(event.balance))
        self._said(event, {"before": event.before, "after": event.after, "balance": balance})

    def complete(self, event: said.CommandDone) -> None:
        """An answered command has another result: what came of it in the end."""
        self.completed[event.command_id] = event.result

    def _command_done(self, event: said.CommandDone) -> None:
        self.results[event.command_id] = event
        self._said(
            event,
            {"id": event.command_id, "kind": event.kind, "ok": event.ok, "result": event.result},
        )

    def _input_ignored(self, event: said.InputIgnored) -> None:
        if event.reason == SEEN_BEFORE:
            return  # a broker tells the whole day anew each time the line comes up
        self._said(event, {"what": event.what, "reason": event.reason, "details": event.details})

    def _said(self, event: said.Event, payload: dict[str, Any]) -> None:
        name = type(event).__name__
        kind = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        self._numbered(kind.removeprefix("_"), payload, event.ts, "engine")

    def _numbered(self, kind: str, payload: dict[str, Any], ts: int, actor: str) -> None:
        """An audit event that comes again, under the same key, when its inputs are replayed."""
        key = self.event_id(self.session, self._said_today)
        self._said_today += 1
        self.note(kind, payload, ts=ts, actor=actor, key=key)

    # What waits

    def _wait(self, kind: str, row: Model) -> None:
        self.waiting[kind][row.pk] = row

    def _wait_signal(self, row: Signal) -> None:
        self._wait("warm_signals" if self._warming else "signals", row)

    def _wait_order(self, order: Order) -> None:
        self._wait("orders", order)
        if order.status in Order.OVER:
            self._orders.pop(order.id, None)
            keep_newest(self._orders_over, order.id, order)
        else:
            self._orders[order.id] = order

    def _late(self, name: str) -> Order | None:
        """An order that fills although it was said to be over."""
        return self._orders_over.pop(name, None)

    def _trade_over(self, row: Trade) -> None:
        del self._trades[row.id]
        keep_newest(self._trades_over, row.id, row)

    def _trade(self, name: str, ts: int, direction: int, size: int, symbol: str) -> Trade:
        """The row of a trade that is not over; made when this process has not seen it begin."""
        row = self._trades.get(name) or self._trades_over.pop(name, None)
        if row is not None:
            self._trades[name] = row
        else:
            row = self._trades[name] = trade_row(name, ts, direction, size, symbol, self.session)
            self._wait("trades", row)
        return row

    def _let_go(self, excess: int) -> None:
        bars, signals = self.waiting["bars"], self.waiting["signals"]
        warm = self.waiting["warm_signals"]
        for rows in (bars, warm, signals):
            again = [
                key for key, row in rows.items() if not isinstance(row, Signal) or not row.approved
            ][: max(excess, 0)]
            for key in again:
                del rows[key]
            excess -= len(again)
            self.let_go += len(again)


def keep_newest(rows: dict[str, Any], name: str, row: Model) -> None:
    """Keep a row under its name, and of all the newest `KEPT`."""
    rows[name] = row
    if len(rows) > KEPT:
        del rows[next(iter(rows))]
