"""What happened on a day, as places to jump to: signals, trades, halts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine import events as said
from engine.names import Pattern
from engine.text import units_text
from trading import wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """`ts` is when it can be seen: a signal's bar has closed, a trade's entry has filled. Of a
    trade `decided` is when its entry was ordered, `ends` when it was over."""

    ts: int
    kind: Literal["signal", "trade", "halt"]
    id: str
    label: str
    direction: int
    ok: bool
    decided: int = 0
    ends: int | None = None
    net: str | None = None


def marks_of(events: Iterable[said.Event]) -> dict[tuple[str, str], Mark]:
    """By kind and id, in the order in which they happened. An unfilled entry leaves none."""
    marks: dict[tuple[str, str], Mark] = {}
    decided: dict[str, int] = {}
    for event in events:
        match event:
            case said.SignalDetected(ts=ts, signal=signal):
                mark = Mark(
                    ts=ts, kind="signal", id=signal.id, label=Pattern(signal.pattern).name,
                    direction=int(signal.direction), ok=bool(signal.approved),
                )  # fmt: skip
                marks.setdefault(("signal", signal.id), mark)
            case said.Decision(ts=ts, trade_id=trade_id) if trade_id:
                decided[trade_id] = ts
            case said.PositionOpened(ts=ts, trade_id=trade_id, direction=direction):
                mark = Mark(
                    ts=ts, kind="trade", id=trade_id, label=Pattern(event.pattern).name,
                    direction=int(direction), ok=True, decided=decided.get(trade_id, ts),
                )  # fmt: skip
                marks.setdefault(("trade", trade_id), mark)
            case said.TradeClosed(trade=trade):
                marks["trade", trade.id] = closed(trade, decided.get(trade.id, trade.entry_ts))
            case said.Halted(ts=ts, halt=halt, reason=reason):
                name = f"{halt}-{ts}"
                mark = Mark(
                    ts=ts, kind="halt", id=name, label=f"{halt}: {reason}", direction=0, ok=False
                )
                marks.setdefault(("halt", name), mark)
            case _:
                pass
    return marks


def closed(trade: said.Trade, decided: int) -> Mark:
    """A trade that is over. `ok`: it won."""
    return Mark(
        ts=trade.entry_ts, kind="trade", id=trade.id, label=Pattern(trade.pattern).name,
        direction=int(trade.direction), ok=trade.pnl_net > 0, decided=decided,
        ends=trade.exit_ts, net=units_text(trade.pnl_net),
    )  # fmt: skip


def mark_to_wire(mark: Mark) -> wire.Json:
    """`t` is the first whole millisecond at which the mark has happened."""
    return {
        "t": first_ms(mark.ts),
        "kind": mark.kind,
        "id": mark.id,
        "label": mark.label,
        "dir": mark.direction,
        "ok": mark.ok,
        "end": None if mark.ends is None else first_ms(mark.ends),
        "net": mark.net,
    }


def whole_ms(ns: int) -> int:
    """That millisecond, in ns: whoever goes there by its address comes to the same place."""
    return first_ms(ns) * wire.MS


def first_ms(ns: int) -> int:
    """The first whole millisecond that is not before a time in ns."""
    return -(-ns // wire.MS)
