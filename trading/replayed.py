"""Whether a trade that was replayed is the one that is stored."""

from typing import NamedTuple

from engine import events
from engine.money import to_decimal
from trading.models import Trade


class Difference(NamedTuple):
    """The first field in which the two differ."""

    name: str
    replayed: object
    stored: object


def first_difference(row: Trade, trade: events.Trade) -> Difference | None:
    """None if the replayed trade has the stored one's direction, size, times, prices and result."""
    replayed = {
        "direction": trade.direction,
        "size": trade.size,
        "entry_ns": trade.entry_ts,
        "entry_notional": trade.entry_notional,
        "exit_ns": trade.exit_ts,
        "exit_notional": trade.exit_notional,
        "exit_reason": trade.exit_reason.value,
        "net": to_decimal(trade.pnl_net),
    }
    for name, value in replayed.items():
        stored = getattr(row, name)
        if stored != value:
            return Difference(name, value, stored)
    return None
