"""Reading: the questions that pages and the pipeline ask of the database."""

from django.db.models import Count, Q, QuerySet, Sum

from marketdata.models import Bar
from trading.models import Account, Session, Signal, Trade


def current_session(account: Account | None = None) -> Session | None:
    """The session that was written last, with its account."""
    sessions = Session.objects.select_related("account", "instrument")
    if account is not None:
        sessions = sessions.filter(account=account)
    return sessions.order_by("-updated_at").first()


def session_bars(session: Session, *, after_ns: int | None = None) -> QuerySet[Bar]:
    """The session's bars in order of time; `after_ns`: only those that start later."""
    bars = Bar.objects.filter(
        instrument_id=session.instrument_id,
        source=session.source,
        timeframe=session.timeframe,
        day=session.day,
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
