"""What went wrong on a day, and what the day turned on: audit events with a level and in a line.

Whoever writes an event may name its level; of the others this table does. What is in neither (each
order's trail, carries) is not in a recap: its orders and fills are.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from trading.models import AuditEvent
from trading.recap.rows import iso
from trading.wire import Json, command_words

LEVELS: Final = {
    **dict.fromkeys(
        (
            "failed", "kill_switch", "trade_abandoned", "protection_lost", "flatten_failed",
            "flatten_time", "market_lost", "database_lost", "order_rejected", "parity_failed",
            "feed_error", "closed_directly",
        ),
        "error",
    ),
    **dict.fromkeys(
        (
            "halted", "order_lost", "order_amend_rejected", "input_ignored", "feed_gap",
            "feed_lost", "feed_clock", "feed_slow", "feed_slow_reader", "feed_market", "feed_roll",
            "restarted", "balance_adopted",
        ),
        "warning",
    ),
    **dict.fromkeys(
        (
            "started", "stopped", "ended", "resumed", "tier_changed", "market_back",
            "database_back", "feed_connected", "feed_settlement", "warmed_up", "parity",
        ),
        "info",
    ),
}  # fmt: skip

SHOWN: Final = ("text", "error", "reason", "result")
MOST: Final = 300
"""Characters of a line."""


def level_of(kind: str, payload: Mapping[str, Any]) -> str:
    """error, warning or info; "" for what a recap leaves out."""
    said = payload.get("level")
    if said in ("error", "warning", "info"):
        return str(said)
    if kind == "command_done":
        return "info" if payload.get("ok", True) else "warning"
    if kind in ("stopped", "ended") and payload.get("error"):
        return "error"
    return LEVELS.get(kind, "")


def events_json(rows: Iterable[AuditEvent]) -> list[Json]:
    """In the order of the rows."""
    found = []
    for row in rows:
        level = level_of(row.kind, row.payload)
        if level:
            found.append(
                {
                    "at": iso(row.ts),
                    "level": level,
                    "kind": row.kind,
                    "actor": row.actor,
                    "text": text_of(row.kind, row.payload)[:MOST],
                }
            )
    return found


def text_of(kind: str, payload: Mapping[str, Any]) -> str:
    """An event in a line."""
    match kind:
        case "command_done":
            return command_words(payload.get("kind", ""), str(payload.get("result", "")))
        case "halted" | "resumed":
            return f"{_words(payload.get('halt'))}: {payload.get('reason', '')}"
        case "tier_changed":
            return f"{payload.get('before')} to {payload.get('after')} at {payload.get('balance')}"
        case "parity" | "parity_failed":
            return parity_text(payload)
    for name in SHOWN:
        if payload.get(name):
            return " ".join(str(payload[name]).split())
    return _words(kind).capitalize()


def parity_text(payload: Mapping[str, Any]) -> str:
    """What a parity check found."""
    if payload.get("error"):
        return f"could not be compared: {payload['error']}"
    differ = len(payload.get("rows", ())) + len(payload.get("defects", ()))
    same = f"{payload.get('signals', 0)} signals, {payload.get('decisions', 0)} decisions, "
    same += f"{payload.get('trades', 0)} trades"
    return f"{differ} differences in {same}" if differ else f"{same}, the same in the backtest"


def _words(name: object) -> str:
    return str(name or "").replace("_", " ")
