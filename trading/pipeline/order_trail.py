"""The audit trail of orders: one event for each change, who wanted or said it, and why.

Fills have rows of their own and are not repeated here. Prices are text, as on the page.
"""

from typing import Any, Final

from engine import events as said
from engine.instruments import Instrument
from engine.text import price_text

Trail = tuple[str, str, dict[str, Any]]
"""Kind of the audit event, actor, payload."""
OURS: Final = "engine"
THEIRS: Final = "broker"


def trail_of(event: said.Event, spec: Instrument) -> Trail | None:
    """What the trail keeps of an event; None if it is about no order. `spec` is the feed's
    instrument: what the tier trades has the same ticks."""
    match event:
        case said.OrderIntent():
            return (
                "order_sent",
                OURS,
                _named(event.id, event.trade_id, event.reason)
                | {
                    "role": event.role,
                    "type": event.type,
                    "symbol": event.symbol,
                    "side": event.side,
                    "size": event.size,
                    "price": None if event.price is None else price_text(event.price, spec),
                },
            )
        case said.OrderAmend():
            return (
                "order_amended",
                OURS,
                _named(event.id, event.trade_id, event.reason)
                | {
                    "price": price_text(event.price, spec),
                    "size": event.size,
                },
            )
        case said.OrderCancel():
            return "order_cancel_asked", OURS, _named(event.id, event.trade_id, event.reason)
        case said.OrderUpdate():
            trade = event.id.rpartition("-")[0]
            filled = {"filled": event.filled}
            return f"order_{event.status}", THEIRS, _named(event.id, trade, event.reason) | filled
        case said.AmendRejected():
            return (
                "order_amend_rejected",
                THEIRS,
                _named(event.id, event.trade_id, event.reason)
                | {"price": price_text(event.price, spec)},
            )
        case said.ProtectionLost():
            return (
                "protection_lost",
                THEIRS,
                _named(event.id, event.trade_id, event.reason)
                | {
                    "role": event.role,
                    "held": event.held,
                },
            )
        case said.FlattenFailed():
            return (
                "flatten_failed",
                OURS,
                {
                    "trade": event.trade_id,
                    "held": event.held,
                    "reason": event.reason,
                },
            )
        case _:
            return None


def _named(order: str, trade: str, reason: str) -> dict[str, Any]:
    return {"order": order, "trade": trade, "reason": reason}
