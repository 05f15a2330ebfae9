"""Runs: listed, asked for, looked at, cancelled."""

from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from backtests.access import EITHER
from backtests.api import serializers as shapes
from backtests.api.asking import BacktestRequestSerializer, ask_once
from backtests.models import Backtest, BacktestTrade
from backtests.pages.runs import is_finished, runs
from trading.api import filters
from trading.api.base import ApiView, ListView, checked, user_of
from trading.api.problems import Problem
from trading.api.schema import described, example
from trading.api.serializers import ANYTHING, Anything
from trading.api.steering import KEY, key_of
from trading.api.tokens import Scope

RunFilters = filters.filters(
    "RunFilters",
    symbol=filters.NameFilter("symbol"),
    status=filters.one_of("status", Backtest.Status.values),
    asked_from=filters.one_of("asked_from", Backtest.Asked.values),
)
RunTradeFilters = filters.filters(
    "RunTradeFilters",
    **filters.day_range("day"),
    **{name: filters.TRADES[name] for name in ("pattern", "regime", "direction", "exit", "result")},
)
_EXAMPLE: Final = example(
    "The last 60 days as an account trades",
    {"symbol": "MES", "last_days": 60, "config": "account:paper-MES", "note": "as it is now"},
    request_only=True,
)


def run_of(number: int, rows: QuerySet[Backtest] | None = None) -> Backtest:
    row = (runs() if rows is None else rows).filter(pk=number).first()
    if row is None:
        raise Http404(f"There is no backtest {number}; GET /api/v1/backtests lists them")
    return row


class Runs(ListView):
    serializer_class = shapes.RunSerializer
    filterset_class = RunFilters
    orderings: ClassVar = {"time": "created_at", "net": "net", "trades": "trades_closed"}
    usual = "-time"
    scope = Scope.BACKTEST
    permissions = EITHER
    more_errors: ClassVar = {"POST": (409, 422)}

    def rows(self) -> QuerySet[Backtest]:
        return runs().defer("plan", "figures")

    @described("List backtests")
    def get(self, request: Request) -> Response:
        return self.listed()

    @described(
        "Run a backtest",
        "On the stored days of a symbol. It begins at once, or when there is a worker for it; "
        "`Location` says how far it is.",
        request=BacktestRequestSerializer,
        parameters=[KEY],
        responses={202: OpenApiResponse(shapes.RunSerializer, description="It was asked for.")},
        examples=[_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        row = ask_once(
            checked(BacktestRequestSerializer, request.data), user_of(request), key_of(request)
        )
        return told(run_of(row.pk))


def told(row: Backtest) -> Response:
    """A run that was asked for something, with where it is."""
    address = reverse("api-backtest", args=[row.pk])
    return Response(shapes.RunSerializer(row).data, status=202, headers={"Location": address})


class OneRun(ApiView):
    serializer_class = shapes.RunSerializer
    queryset = Backtest.objects.none()
    errors = (404,)

    @described("A backtest", "How far it is, then what came of it.")
    def get(self, request: Request, number: int) -> Response:
        return Response(self.get_serializer(run_of(number)).data)


class Cancel(ApiView):
    serializer_class = shapes.RunSerializer
    queryset = Backtest.objects.none()
    scope = Scope.BACKTEST
    permissions = EITHER
    errors = (404, 409)

    @described(
        "Cancel a backtest",
        "Its finished days are kept. Asked again, it is the same.",
        request=None,
        responses={202: OpenApiResponse(shapes.RunSerializer, description="It will stop.")},
    )
    def post(self, request: Request, number: int) -> Response:
        from backtests import control

        row = run_of(number)
        if is_finished(row):
            raise Problem(409, f"Backtest {number} is {row.status}; there is nothing to cancel")
        control.stop(row, asked_by=user_of(request))
        return told(run_of(number))


class RunTrades(ListView):
    serializer_class = shapes.RunTradeSerializer
    filterset_class = RunTradeFilters
    orderings: ClassVar = {
        "time": "exit_ns", "net": "net", "slippage": "slippage", "mae": "mae", "mfe": "mfe",
    }  # fmt: skip
    usual = "time"
    errors = (404,)

    def rows(self) -> QuerySet[BacktestTrade]:
        number = self.kwargs.get("number")
        if number is None:  # the schema is being made
            return BacktestTrade.objects.none()
        return run_of(number).trades.all()

    @described("List the trades of a backtest")
    def get(self, request: Request, number: int) -> Response:
        return self.listed()


class Report(ApiView):
    """The whole run with all its figures."""

    serializer_class = Anything
    queryset = Backtest.objects.none()
    errors = (404, 409)

    @described(
        "The report of a backtest",
        "As `manage.py backtest --json` writes it (docs/backtests.md).",
        responses={200: ANYTHING},
    )
    def get(self, request: Request, number: int) -> Response:
        row = run_of(number, Backtest.objects.select_related("asked_by"))
        if not is_finished(row) or not row.days_done:
            raise Problem(409, f"Backtest {number} is {row.status}; it has no finished report")
        from backtests.pages import report  # loads metrics and plots

        said: dict[str, Any] = report.as_document(row)
        return Response(said)
