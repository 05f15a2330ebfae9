"""Counts what the engine says, and logs what it says of orders, trades and halts.

An output of the pipeline. It only hands on: counting and logging are done in the writer's thread,
when it writes rows, a quarter of a second later; each line has the time at which it happened (`ts`,
event time). What a run before this one said, and is replayed at a start, is neither counted nor
logged again. Every line has the ids of what it is about: trade, order, command, session, day.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from structlog.contextvars import bound_contextvars

from engine import events as said
from engine.instruments import Instrument
from engine.money import to_decimal
from engine.text import price_text
from marketdata.models import moment

if TYPE_CHECKING:
    from engine.status import Status
    from trading.pipeline.recorder import Recorder
    from trading.pipeline.writer import Writer

log = structlog.get_logger("trading.engine")

Labels = tuple[str, ...]
Line = tuple[str, str, dict[str, Any]]
"""Level, event and fields of a line in the log."""


class Counts:
    """How often what was said, by what tells it apart. One thread adds, any may read."""

    def __init__(self) -> None:
        self.ticks_dropped: Counter[Labels] = Counter()  # by reason
        self.bars: Counter[Labels] = Counter()  # by whether it warmed up only
        self.signals: Counter[Labels] = Counter()  # by pattern and whether approved
        self.decisions: Counter[Labels] = Counter()  # by action and rule
        self.orders: Counter[Labels] = Counter()  # by role and what became of it
        self.fills: Counter[Labels] = Counter()  # by role
        self.trades: Counter[Labels] = Counter()  # by pattern and result
        self.halts: Counter[Labels] = Counter()  # by halt
        self.commands: Counter[Labels] = Counter()  # by kind and whether done
        self.ignored: Counter[Labels] = Counter()  # by what it was
        self._roles: dict[str, str] = {}  # of orders that are not over

    def see(self, events: Sequence[said.Event]) -> None:
        for event in events:
            match event:
                case said.TickDropped(reason=reason):
                    self.ticks_dropped[reason,] += 1
                case said.BarClosed(bar=bar):
                    self.bars["yes" if bar.warm_up else "no",] += 1
                case said.SignalDetected(signal=signal):
                    approved = "yes" if signal.approved else "no"
                    self.signals[signal.pattern.name.lower(), approved] += 1
                case said.Decision(action=action, rule=rule):
                    self.decisions[action, rule] += 1
                case said.OrderIntent(id=name, role=role):
                    self._roles[name] = role
                    self.orders[role, "placed"] += 1
                case said.OrderUpdate(id=name, status=status):
                    self._updated(name, status)
                case said.Filled(role=role):
                    self.fills[role,] += 1
                case said.TradeClosed(trade=trade):
                    won = "won" if trade.pnl_gross > trade.fees else "lost"
                    self.trades[trade.pattern.name.lower(), won] += 1
                case said.Halted(halt=halt):
                    self.halts[str(halt),] += 1
                case said.CommandDone(kind=kind, ok=ok):
                    self.commands[kind, "yes" if ok else "no"] += 1
                case said.InputIgnored(what=what):
                    self.ignored[what,] += 1

    def _updated(self, name: str, status: str) -> None:
        role = self._roles.get(name, "unknown")
        self.orders[role, status] += 1
        if status in OVER:
            self._roles.pop(name, None)


OVER: Final = ("filled", "cancelled", "rejected", "lost")


class Witness:
    """See the module."""

    def __init__(self, writer: "Writer", spec: Instrument) -> None:
        self.counts = Counts()
        self._writer = writer
        self._spec = spec

    def take(self, events: Sequence[said.Event], status: "Status | None") -> None:
        self._writer.beside(partial(self._see, events))

    def _see(self, events: Sequence[said.Event], recorder: "Recorder") -> None:
        self.counts.see(events)
        for event in events:
            line = line_of(event, self._spec)
            if line is None:
                continue
            level, name, fields = line
            session = recorder.session
            with bound_contextvars(session=session.pk, day=session.day.isoformat()):
                write = cast(Callable[..., None], getattr(log, level))
                told = {key: value for key, value in fields.items() if value != ""}
                write(name, **told, ts=moment(event.ts).isoformat())


def trade_of(order_id: str) -> str:
    """An order's id begins with its trade's."""
    return order_id.rpartition("-")[0]


def line_of(event: said.Event, spec: Instrument) -> Line | None:
    """What the log says of an event, if it says anything. Prices and money are texts: exact."""
    match event:
        case said.Decision(action="enter"):
            return "info", "entry_decided", {
                "trade": event.trade_id, "signal": event.signal_id, "side": event.direction,
                "size": event.size,
            }  # fmt: skip
        case said.OrderIntent():
            price = "" if event.price is None else price_text(event.price, spec)
            return "info", "order_wanted", {
                "trade": event.trade_id, "order": event.id, "role": event.role,
                "type": event.type, "side": event.side, "size": event.size,
                "symbol": event.symbol, "price": price,
            }  # fmt: skip
        case said.OrderAmend():
            return "info", "order_change_wanted", {
                "trade": event.trade_id, "order": event.id,
                "price": price_text(event.price, spec), "reason": event.reason,
            }  # fmt: skip
        case said.OrderCancel():
            fields = {"trade": event.trade_id, "order": event.id, "reason": event.reason}
            return "info", "order_cancel_wanted", fields
        case said.OrderUpdate(id=name, status=status):
            level = "warning" if status in ("rejected", "lost") else "info"
            return level, f"order_{status}", {
                "trade": trade_of(name), "order": name, "filled": event.filled,
                "reason": event.reason,
            }  # fmt: skip
        case said.Filled(fill=fill):
            return "info", "fill", {
                "trade": event.trade_id, "order": fill.order_id, "fill": fill.id,
                "role": event.role, "side": event.side, "size": fill.size,
                "price": price_text(fill.price, spec), "fee": str(to_decimal(event.fee)),
            }  # fmt: skip
        case said.TradeClosed(trade=trade):
            return "info", "trade_closed", {
                "trade": trade.id, "signal": trade.signal_id, "reason": str(trade.exit_reason),
                "net": str(to_decimal(trade.pnl_gross - trade.fees)),
                "balance": str(to_decimal(trade.balance)),
            }  # fmt: skip
        case said.Halted(halt=halt, reason=reason):
            return "warning", "halted", {"halt": str(halt), "reason": reason}
        case said.Resumed(halt=halt, reason=reason):
            return "info", "resumed", {"halt": str(halt), "reason": reason}
        case said.ProtectionLost():
            return "error", "protection_lost", {
                "trade": event.trade_id, "order": event.id, "role": event.role,
                "held": event.held, "reason": event.reason,
            }  # fmt: skip
        case said.FlattenFailed():
            return "error", "flatten_failed", {
                "trade": event.trade_id, "held": event.held, "reason": event.reason,
            }  # fmt: skip
        case said.CommandDone(command_id=name) if name.isdecimal():
            return "info", "command_executed", {
                "command": int(name), "kind": event.kind, "ok": event.ok, "result": event.result,
            }  # fmt: skip
        case _:
            return None
