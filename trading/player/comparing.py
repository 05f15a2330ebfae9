"""Whether a replay gives the trades that are stored."""

from typing import Final

from trading.models import Session, Trade
from trading.player.day import Day
from trading.replayed import first_difference

SETTLING_NS: Final = 5_000_000_000
"""Of a session that is still running: what closed in its last seconds may not be stored yet."""


def difference(session: Session, sequence: int, day: Day) -> str:
    """A sentence that names the first trade that is not as it was stored; "" if all are.

    `sequence`: how many trades were ordered on the day before what is replayed began.
    """
    until = day.last.ts - SETTLING_NS if day.running else day.last.ts
    stored = {
        row.pk: row
        for row in session.trades.exclude(status=Trade.Status.CANCELLED).order_by("ordered_ns")
        if number(row.pk) > sequence
    }
    for name, row in stored.items():
        if row.status != Trade.Status.CLOSED or (row.exit_ns or 0) > until:
            continue
        trade = day.trades.get(name)
        if trade is None:
            return _sentence(f"trade {name} is stored and does not happen again")
        what = first_difference(row, trade)
        if what:
            had = f"{what.name} {what.replayed}, stored is {what.stored}"
            return _sentence(f"trade {name} has {had}")
    for name, trade in day.trades.items():
        if name not in stored and trade.exit_ts <= until:
            return _sentence(f"trade {name} happens and is not stored")
    return ""


def number(trade_id: str) -> int:
    """Of the account's trades on the day, which it was."""
    digits = trade_id.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _sentence(what: str) -> str:
    return f"This replay is not what happened then: {what}."
