"""Reading trades for their pages."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, cast

from django.db.models import Exists, OuterRef, QuerySet

from marketdata.models import Instrument
from trading import wire
from trading.models import Account, Session, Trade
from trading.pages.filters import TradeFilter
from trading.recap.figures import Figures, figures
from trading.selectors import session_bars, session_signals

ENTERED: Final = (Trade.Status.OPEN, Trade.Status.CLOSED, Trade.Status.ABANDONED)
BARS_AFTER: Final = 15
MOST_BARS: Final = 500
"""Of a trade's chart. What is too much goes first: the day's beginning, then what came after."""


def entered_trades() -> QuerySet[Trade]:
    """Trades that were entered, with what their rows show."""
    return Trade.objects.filter(status__in=ENTERED, entry_ns__isnull=False).select_related(
        "account", "instrument", "session"
    )


def filtered_trades(wanted: TradeFilter) -> QuerySet[Trade]:
    return wanted.apply(entered_trades())


def totals(trades: QuerySet[Trade]) -> Figures:
    """Over the closed ones, whatever their order was."""
    closed = trades.filter(status=Trade.Status.CLOSED).order_by("exit_ns", "id")
    rows = closed.values_list("gross", "fees", "net")
    return figures(cast("list[tuple[Decimal, Decimal, Decimal]]", list(rows)))


def traded_choices() -> dict[str, list[str]]:
    """Accounts and symbols that a list can be narrowed to."""
    its = Trade.objects.filter(instrument=OuterRef("pk"))
    return {
        "account": list(Account.objects.order_by("name").values_list("name", flat=True)),
        "symbol": list(
            Instrument.objects.filter(Exists(its)).order_by("pk").values_list("pk", flat=True)
        ),
    }


# One trade


@dataclass(frozen=True)
class Neighbours:
    """Ids of the account's trades before and after one in time."""

    before: str | None
    after: str | None


def trade_with_all(pk: str) -> Trade | None:
    """A trade, entered or not, with what its page names."""
    return (
        Trade.objects.select_related("account", "instrument", "session__instrument", "signal")
        .filter(pk=pk)
        .first()
    )


def neighbours(trade: Trade) -> Neighbours:
    mine = Trade.objects.filter(account_id=trade.account_id)
    place = (trade.ordered_ns, trade.pk)
    before = mine.filter(ordered_ns__lte=place[0]).order_by("-ordered_ns", "-id")
    after = mine.filter(ordered_ns__gte=place[0]).order_by("ordered_ns", "id")
    return Neighbours(
        before=_first(before, lambda one: one < place), after=_first(after, lambda one: one > place)
    )


def _first(trades: QuerySet[Trade], wanted: Any) -> str | None:
    """Of the few rows next to a place, the first on the wanted side of it."""
    rows = trades.values_list("ordered_ns", "id")[:8]
    return next((pk for ordered, pk in rows if wanted((ordered, pk))), None)


def trade_chart(trade: Trade) -> wire.Json:
    """What the chart of a trade draws, in the live page's types: the day's bars to a little after
    the exit, their signals, the trade, and its entry, stop and target as a position."""
    session = trade.session
    bars = list(_bars_around(trade, session))
    spec = session.instrument.spec
    signals = []
    if bars:
        in_sight = session_signals(session).filter(
            bar_start_ns__gte=bars[0].start_ns, bar_start_ns__lte=bars[-1].start_ns
        )
        signals = [wire.signal_row_to_wire(row, spec) for row in in_sight]
    told = wire.trade_row_to_wire(trade)
    entered = trade.entry_ns is not None
    closed = trade.exit_ns is not None
    position = {name: told[name] for name in ("id", "dir", "size", "ep", "et", "stop", "target")}
    return {
        "config": wire.config_to_wire(session),
        "bars": wire.bars_to_wire(bars, spec),
        "signals": signals,
        "trades": [told] if closed else [],
        "position": position | {"symbol": told["symbol"]} if entered else None,
        "signal": trade.signal.key if trade.signal else None,
    }


def _bars_around(trade: Trade, session: Session) -> list[Any]:
    bars = session_bars(session)
    start, end = trade.ordered_ns, trade.exit_ns or trade.entry_ns or trade.ordered_ns
    during = list(bars.filter(start_ns__gte=start, start_ns__lte=end)[:MOST_BARS])
    after = list(bars.filter(start_ns__gt=end)[: min(BARS_AFTER, MOST_BARS - len(during))])
    room = MOST_BARS - len(during) - len(after)
    before = list(bars.filter(start_ns__lt=start).reverse()[:room])
    return [*reversed(before), *during, *after]
