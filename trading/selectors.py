"""Reading: the questions that pages and the pipeline ask of the database."""

from collections import defaultdict
from datetime import timedelta
from typing import Final

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from marketdata.models import Bar
from trading import wire
from trading.models import Account, AuditEvent, Session, Signal, Trade

SNAPSHOT_BARS: Final = 500
SNAPSHOT_SIGNALS: Final = 1_000
SNAPSHOT_NOTICES: Final = 100
"""Most that a page is sent at once, the newest; it asks for nothing older."""

HEARTBEAT: Final = timedelta(seconds=10)
"""A pipeline writes its session's row every second. One that has not for so long is not heard of:
it died, or its database is slow."""
LISTED_SESSIONS: Final = 20

NOTICES: Final = {
    "day_started": ("day", "Trading day {day}", "info"),
    "session_changed": ("session", "Session: {phase}", "info"),
    "halted": ("halted", "Halted ({halt}): {reason}", "warning"),
    "resumed": ("resumed", "No longer halted ({halt}): {reason}", "info"),
    "tier_changed": ("tier", "Tier {before} -> {after} at a balance of {balance}", "info"),
    "command_done": ("command", "{words}", "info"),
}
"""Audit events that the page shows, worded as the publisher words them."""


def current_session(account: Account | None = None) -> Session | None:
    """The session that was written last, with its account."""
    sessions = Session.objects.select_related("account", "instrument")
    if account is not None:
        sessions = sessions.filter(account=account)
    return sessions.order_by("-updated_at").first()


def page_session(asked: str | None, followed: str | None) -> Session | None:
    """The session that a page shows: of the account that it asked for, else the one that is written
    now. Of several that are, the account that the page has followed so far."""
    if asked is not None:
        account = Account.objects.filter(name=asked).first()
        return current_session(account) if account is not None else None
    newest = current_session()
    if newest is None or followed in (None, newest.account.name):
        return newest
    before = page_session(followed, None)
    return before if before is not None and is_running(before) else newest


def is_running(session: Session) -> bool:
    """A pipeline has it and was heard of lately."""
    fresh = session.updated_at >= timezone.now() - HEARTBEAT
    return fresh and session.status == Session.Status.RUNNING


def real_money_now() -> list[str]:
    """The accounts with somebody's money in them that a pipeline trades now."""
    running = Session.objects.filter(
        mode="live", status=Session.Status.RUNNING, updated_at__gte=timezone.now() - HEARTBEAT
    ).exclude(account__broker="test")
    return sorted(set(running.values_list("account__name", flat=True)))


def session_list() -> list[wire.Json]:
    """The sessions that a page may turn to: those that run, by account, and then the latest."""
    rows = Session.objects.select_related("account", "instrument").order_by("-updated_at")
    listed = [(is_running(row), row) for row in rows[:LISTED_SESSIONS]]
    listed.sort(key=lambda entry: (not entry[0], entry[1].account.name if entry[0] else ""))
    return [wire.session_to_wire(row, runs) for runs, row in listed]


def session_bars(session: Session, *, after_ns: int | None = None) -> QuerySet[Bar]:
    """The session's bars in order of time; `after_ns`: only those that start later.

    Bars belong to their market: another account may have played the same simulated or recorded day
    further than this session has come.
    """
    bars = Bar.objects.filter(
        instrument_id=session.instrument_id,
        source=session.source,
        timeframe=session.timeframe,
        day=session.day,
        start_ns__lt=session.last_tick_ns,
    )
    if after_ns is not None:
        bars = bars.filter(start_ns__gt=after_ns)
    return bars.order_by("start_ns")


def session_signals(session: Session, *, after_ns: int | None = None) -> QuerySet[Signal]:
    """The session's signals in order of time; `after_ns`: only later ones."""
    signals = session.signals.all()
    if after_ns is not None:
        signals = signals.filter(ts_ns__gt=after_ns)
    return signals.order_by("ts_ns", "id")


def session_trades(session: Session) -> QuerySet[Trade]:
    """The session's trades that were entered, in order of time."""
    entered = (Trade.Status.OPEN, Trade.Status.CLOSED, Trade.Status.ABANDONED)
    return session.trades.filter(status__in=entered, entry_ns__isnull=False).order_by("entry_ns")


def session_totals(session: Session) -> dict[str, object]:
    """Sums over the session's closed trades, by the names of Session's fields."""
    totals = session.trades.filter(status=Trade.Status.CLOSED).aggregate(
        trades_closed=Count("id"),
        wins=Count("id", filter=Q(net__gt=0)),
        losses=Count("id", filter=Q(net__lt=0)),
        gross=Sum("gross"),
        fees=Sum("fees"),
        net=Sum("net"),
    )
    return {name: value or 0 for name, value in totals.items()}


def session_notices(session: Session) -> list[wire.Json]:
    """What the page would have been told as it happened, the latest, in order of time."""
    rows = session.audit.filter(kind__in=NOTICES).order_by("-ts_ns", "-recorded_at")
    return [_notice(row) for row in reversed(rows[:SNAPSHOT_NOTICES])]


def _notice(row: AuditEvent) -> wire.Json:
    kind, text, level = NOTICES[row.kind]
    payload = row.payload
    if row.kind == "session_changed":
        payload = {"phase": str(payload.get("phase", "")).replace("_", " ")}
    if row.kind == "command_done":
        payload = {**payload, "words": wire.command_words(payload["kind"], payload["result"])}
    if payload.get("ok") is False:
        level = "error"
    return wire.notice(row.ts_ns, kind, text.format_map(defaultdict(str, payload)), level)


def live_snapshot(
    have: int | None, *, account: str | None = None, followed: str | None = None
) -> wire.Json:
    """What a page that joins is told, or one that lacks what came after the bar of `have` ms.
    `account` is the one that it asked for, `followed` the one that it was shown before.

    `have` comes back in the answer: null says that `bars` are the newest there are and that a page
    forgets what it has from before them. So it is too when more than SNAPSHOT_BARS are missing.
    Without a session, `config` is null. `frame` is always null: the next one is at most a second
    away, and an older one would say what no longer holds.
    """
    answer: wire.Json = {"type": "snapshot", "have": have, "config": None, "frame": None}
    session = page_session(account, followed)
    if session is None:
        return answer | {"have": None, "bars": [], "signals": [], "trades": [], "notices": []}
    spec = session.instrument.spec
    after = None if have is None else have * wire.MS
    rows = list(session_bars(session, after_ns=after).reverse()[: SNAPSHOT_BARS + 1])
    if len(rows) > SNAPSHOT_BARS:
        answer["have"] = after = None
    bars = wire.bars_to_wire(reversed(rows[:SNAPSHOT_BARS]), spec)
    stored = session_signals(session, after_ns=after).reverse()
    signals = stored.values_list(*wire.StoredSignal._fields)[:SNAPSHOT_SIGNALS]
    return answer | {
        "config": wire.config_to_wire(session),
        "bars": bars,
        "signals": [
            wire.signal_row_to_wire(wire.StoredSignal(*values), spec)
            for values in reversed(signals)
        ],
        "trades": [wire.trade_row_to_wire(row) for row in session_trades(session)],
        "notices": session_notices(session),
    }
