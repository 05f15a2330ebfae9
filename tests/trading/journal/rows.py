"""Everything that the database has of an account, without what depends on when it was written."""

from typing import Any, Final

from marketdata.models import Bar
from trading.models import Account, AuditEvent, Command, Fill, Order, Session, Signal, Trade

MODELS: Final = (Fill, Order, Trade, Signal, AuditEvent, Command, Bar, Session, Account)
WHEN: Final = {
    "id", "pk", "started_at", "ended_at", "updated_at", "recorded_at", "executed_at", "created_at",
    "session_id", "account_id",
}  # fmt: skip
SEEN: Final = {"ticks", "dropped", "halts", "last_tick_ns"}
"""Of a session: as last seen, up to a second before its day ended."""
NAMED: Final = (Fill, Order, Trade, Signal)  # their keys are the engine's


def stored_rows() -> dict[str, list[Any]]:
    """All rows, comparable with those of another run."""
    days = dict(Session.objects.values_list("pk", "day"))
    found: dict[str, list[Any]] = {}
    for model in MODELS:
        rows = []
        for values in model._default_manager.values():
            leave = WHEN | SEEN if model is Session else WHEN
            kept = {name: value for name, value in values.items() if name not in leave}
            if model in NAMED:
                kept["id"] = values["id"]
            if "session_id" in values:
                kept["of"] = days.get(values["session_id"])
            if kept.get("kind") != "restarted":
                rows.append(sorted(kept.items()))
        found[model.__name__] = sorted(rows, key=str)
    return found


def forget() -> None:
    """Empty the tables, as if nothing had been traded."""
    for model in MODELS:
        model._default_manager.all().delete()
