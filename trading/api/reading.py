"""Trades, positions, orders, signals, sessions, accounts, tiers: looked at."""

from typing import Any, ClassVar, Final

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from marketdata.models import Bar
from trading.api import filters
from trading.api import serializers as shapes
from trading.api.base import ApiView, ListView
from trading.api.schema import described
from trading.models import Account, Order, Session, Signal, Tier, Trade
from trading.pages.trades import entered_trades, totals, trade_with_all
from trading.recap.day import open_pnl

TIME: Final = "-time"


def positions() -> QuerySet[Trade]:
    """Open trades, with the close and the end of their market's newest stored bar."""
    newest = Bar.objects.filter(
        instrument_id=OuterRef("session__instrument_id"),
        source=OuterRef("session__source"),
        timeframe=OuterRef("session__timeframe"),
        day=OuterRef("session__day"),
        start_ns__lt=OuterRef("session__last_tick_ns"),
    ).order_by("-start_ns")
    return (
        entered_trades()
        .filter(status=Trade.Status.OPEN)
        .annotate(mark=Subquery(newest.values("close")[:1]))
        .annotate(mark_ns=Subquery(newest.values("end_ns")[:1]))
    )


def marked(rows: list[Any]) -> list[Any]:
    """Positions with what they would make."""
    for row in rows:
        row.open_pnl = None if row.mark is None else open_pnl(row, row.mark)
    return rows


def orders() -> QuerySet[Order]:
    return Order.objects.select_related("session__account").prefetch_related("fills")


class Trades(ListView):
    """Trades that were entered, as the page of trades lists them."""

    serializer_class = shapes.TradeSerializer
    filterset_class = filters.TradeFilters
    orderings: ClassVar = {
        "time": "ordered_ns", "day": "day", "size": "size", "net": "net", "mae": "mae",
        "mfe": "mfe",
    }  # fmt: skip
    usual = TIME

    def rows(self) -> QuerySet[Trade]:
        return entered_trades()

    @described("List trades", "Newest first. What is not known yet is null.")
    def get(self, request: Request) -> Response:
        return self.listed()


class OneTrade(ApiView):
    serializer_class = shapes.TradeSerializer
    queryset = Trade.objects.none()
    errors = (404,)

    @described("A trade", "Entered or not.")
    def get(self, request: Request, trade: str) -> Response:
        row = trade_with_all(trade)
        if row is None:
            raise Http404(f"There is no trade {trade}; GET /api/v1/trades lists them")
        return Response(self.get_serializer(row).data)


class Positions(ListView):
    serializer_class = shapes.PositionSerializer
    filterset_class = filters.PositionFilters
    orderings: ClassVar = {"time": "ordered_ns"}
    usual = TIME

    def rows(self) -> QuerySet[Trade]:
        return positions()

    def paginate_queryset(self, queryset: Any) -> Any:
        return marked(super().paginate_queryset(queryset) or [])

    @described("List open positions", "As the database knows them; stops as last asked for.")
    def get(self, request: Request) -> Response:
        return self.listed()


class Orders(ListView):
    serializer_class = shapes.OrderSerializer
    filterset_class = filters.OrderFilters
    orderings: ClassVar = {"time": "ts_ns", "updated": "updated_ns"}
    usual = TIME

    def rows(self) -> QuerySet[Order]:
        return orders()

    @described("List orders", "Each with its fills.")
    def get(self, request: Request) -> Response:
        return self.listed()


class Signals(ListView):
    serializer_class = shapes.SignalSerializer
    filterset_class = filters.SignalFilters
    orderings: ClassVar = {"time": "ts_ns", "strength": "strength"}
    usual = TIME

    def rows(self) -> QuerySet[Signal]:
        trades = Prefetch("trades", Trade.objects.only("pk", "signal_id"))
        return Signal.objects.select_related("session__account").prefetch_related(trades)

    @described("List signals", "With what the router said, and the trades that they led to.")
    def get(self, request: Request) -> Response:
        return self.listed()


class Sessions(ListView):
    serializer_class = shapes.SessionSerializer
    filterset_class = filters.SessionFilters
    orderings: ClassVar = {"day": "day", "updated": "updated_at", "net": "net"}
    usual = "-day"

    def rows(self) -> QuerySet[Session]:
        return Session.objects.select_related("account")

    @described("List sessions", "An account's trading day each.")
    def get(self, request: Request) -> Response:
        return self.listed()


class OneSession(ApiView):
    serializer_class = shapes.SessionSerializer
    queryset = Session.objects.none()
    errors = (404,)

    @described("A session")
    def get(self, request: Request, number: int) -> Response:
        row = Session.objects.select_related("account").filter(pk=number).first()
        if row is None:
            raise Http404(f"There is no session {number}; GET /api/v1/sessions lists them")
        return Response(self.get_serializer(row).data)


class Statistics(ApiView):
    """Sums over the closed trades that the filters leave."""

    serializer_class = shapes.FiguresSerializer
    queryset = Trade.objects.none()
    filter_backends = (filters.StrictFilters,)
    filterset_class = filters.StatisticsFilters
    parameters = tuple(filters.TRADES)

    @described(
        "What closed trades made",
        "Of those that the filters leave, in order of exit.",
        filters=True,
    )
    def get(self, request: Request) -> Response:
        rows = self.filter_queryset(entered_trades())
        return Response(self.get_serializer(totals(rows)).data)


class Accounts(ListView):
    serializer_class = shapes.AccountSerializer
    filterset_class = filters.AccountFilters
    orderings: ClassVar = {"name": "name", "balance": "balance"}
    usual = "name"

    def rows(self) -> QuerySet[Account]:
        return Account.objects.all()

    @described("List accounts")
    def get(self, request: Request) -> Response:
        return self.listed()


class OneAccount(ApiView):
    serializer_class = shapes.AccountSerializer
    queryset = Account.objects.none()
    errors = (404,)

    @described("An account")
    def get(self, request: Request, name: str) -> Response:
        row = Account.objects.filter(name=name).first()
        if row is None:
            raise Http404(f"There is no account {name}; GET /api/v1/accounts lists them")
        return Response(self.get_serializer(row).data)


class Tiers(ListView):
    serializer_class = shapes.TierSerializer
    filterset_class = filters.TierFilters
    orderings: ClassVar = {"balance": "min_balance", "name": "name"}
    usual = "balance"

    def rows(self) -> QuerySet[Tier]:
        return Tier.objects.all()

    @described("List tiers", "The ladders that a pipeline reads when it starts.")
    def get(self, request: Request) -> Response:
        return self.listed()
