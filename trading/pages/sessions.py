"""Reading sessions for their pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from engine.money import to_decimal
from engine.names import Pattern
from engine.ticks import NS
from marketdata.models import Bar
from trading.configuration.stored import find
from trading.models import AuditEvent, Configuration, Session, Signal, Trade
from trading.pages.answers import query_of
from trading.pages.trades import entered_trades

LONGEST_DAY_NS: Final = 7 * 86_400 * NS
"""A trading day that holds a weekend and holidays is shorter than this."""
AUDIT_SHOWN: Final = 200
FATES: Final = {
    "accepted": Q(approved=True),
    "rejected": Q(approved=False),
    "traded": Q(trades__isnull=False),
    "not traded": Q(approved=True, trades__isnull=True),
}
AMOUNTS: Final = ("balance", "peak", "day_pnl")
CARRIED: Final = (
    ("balance", "Balance"),
    ("peak", "Peak"),
    ("streak", "Streak"),
    ("tier", "Tier"),
    ("halts", "Halts"),
    ("unfinished", "Unfinished prices"),
    ("levels", "Levels"),
    ("sequence", "Trades decided before"),
    ("day_pnl", "P&L of the day before"),
)


def sessions(account: str = "", status: str = "") -> QuerySet[Session]:
    """The newest day first, each with `bars`: how many it came to."""
    its_bars = (
        Bar.objects.filter(
            instrument_id=OuterRef("instrument_id"),
            source=OuterRef("source"),
            timeframe=OuterRef("timeframe"),
            day=OuterRef("day"),
            start_ns__lt=OuterRef("last_tick_ns"),
            # Lets the count walk a short piece of the index instead of the market's whole history.
            start_ns__gt=OuterRef("last_tick_ns") - LONGEST_DAY_NS,
        )
        .order_by()
        .values("day")
        .annotate(count=Count("pk"))
        .values("count")
    )
    rows = Session.objects.select_related("account", "instrument").annotate(
        bars=Coalesce(Subquery(its_bars, output_field=IntegerField()), 0)
    )
    if account:
        rows = rows.filter(account__name=account)
    if status:
        rows = rows.filter(status=status)
    return rows.order_by("-day", "account__name")


def session_with_all(pk: int) -> Session | None:
    return sessions().filter(pk=pk).first()


def trades_of(session: Session) -> QuerySet[Trade]:
    return entered_trades().filter(session=session).order_by("entry_ns", "id")


# Signals


@dataclass(frozen=True, kw_only=True)
class SignalFilter:
    fate: str = ""
    pattern: str = ""
    page: int = 1

    def query(self, page: int) -> str:
        more = page if page > 1 else ""
        return query_of({"signals": self.fate, "pattern": self.pattern, "page": more})


def signal_filter(asked: Mapping[str, str]) -> SignalFilter:
    """What an address asks for; a choice that there is not counts as none."""
    fate, pattern, page = (asked.get(name, "") for name in ("signals", "pattern", "page"))
    return SignalFilter(
        fate=fate if fate in FATES else "",
        pattern=pattern if pattern in Pattern.__members__ else "",
        page=int(page) if page.isdecimal() and 0 < len(page) < 9 else 1,
    )


def signals_of(session: Session, wanted: SignalFilter) -> QuerySet[Signal]:
    """Newest first, with the trades that they led to."""
    rows = session.signals.prefetch_related("trades").order_by("-ts_ns", "id")
    if wanted.fate:
        rows = rows.filter(FATES[wanted.fate])
    if wanted.pattern:
        rows = rows.filter(pattern=wanted.pattern)
    return rows


# What it ran with, and what it left


def configuration_of(session: Session) -> Configuration | None:
    """The stored version that its name means; None for a file or the defaults."""
    return find(session.config_name) if session.config_name else None


def settings_of(events: list[AuditEvent]) -> list[tuple[str, str]]:
    """What the last start set otherwise than the defaults, as `--set` writes it."""
    started = next((event for event in events if event.kind == "started"), None)
    told = started.payload.get("settings", {}) if started else {}
    return sorted(_flat(told))


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            count = f"{len(value)} entries" if value and isinstance(value[0], Mapping) else ""
            yield f"{before}{name}", count or ", ".join(map(str, value)) or "none"
        else:
            yield f"{before}{name}", str(value)


def audit_of(session: Session) -> list[AuditEvent]:
    """The newest, newest first."""
    return list(session.audit.order_by("-recorded_at", "-ts_ns")[:AUDIT_SHOWN])


def told(event: AuditEvent) -> str:
    """An audit event in a line; what other places of the page say is left out."""
    left_out = ("carry", "settings", "feed", "id", "start", "source", "config", "rules")
    parts = [
        f"{name.replace('_', ' ')} {_plain(value)}"
        for name, value in event.payload.items()
        if name not in left_out and value not in ("", None, [], {})
    ]
    return ", ".join(parts)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    return "entries closed" if value == "entries_closed" else str(value)


def carried(session: Session) -> list[tuple[str, object, object]]:
    """What the engine began with and what it left: label, before, after. Amounts are Decimals."""
    return [
        (label, _carried(session.carry_start, name), _carried(session.carry_end, name))
        for name, label in CARRIED
    ]


def _carried(carry: Mapping[str, Any], name: str) -> object:
    value = carry.get(name)
    if value is None:
        return None
    if name in AMOUNTS:
        return to_decimal(value)
    if name == "halts":
        return ", ".join(value) or "none"
    return len(value) if isinstance(value, list) else value
