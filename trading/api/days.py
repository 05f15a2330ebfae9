"""Recaps: what a day of an account came to (`trading.pages.recap`, without its drawings)."""

from datetime import date
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from trading.api import filters
from trading.api import serializers as shapes
from trading.api.base import ApiView, ListView, named_account
from trading.api.fields import Day, DecimalText
from trading.api.market import ACCOUNT
from trading.api.schema import described
from trading.models import Session
from trading.pages.recap import recap, sessions_on


class RecapLine(serializers.Serializer[Session]):
    """A day of an account, in a line."""

    day = Day(help_text="Trading day.")
    account = serializers.CharField(source="account.name")
    session = serializers.IntegerField(source="id")
    symbol = serializers.CharField(source="instrument_id")
    status = shapes.one_of(Session.Status.values)
    trades = serializers.IntegerField(source="trades_closed")
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    fees = DecimalText()
    net = DecimalText()


class ExitSerializer(serializers.Serializer[Any]):
    trade = serializers.CharField()
    net = DecimalText()
    total = DecimalText(help_text="The day's P&L after it.")


class GroupSerializer(serializers.Serializer[Any]):
    by = serializers.CharField()
    name = serializers.CharField()
    figures = shapes.FiguresSerializer()


class ReasonSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    count = serializers.IntegerField()


class LetGoSerializer(serializers.Serializer[Any]):
    all = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    traded = serializers.IntegerField()
    reasons = ReasonSerializer(many=True, help_text="Why the others were not traded.")


class RegimeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    minutes = serializers.IntegerField()


class DataSerializer(serializers.Serializer[Any]):
    ticks = serializers.IntegerField()
    dropped = serializers.IntegerField()
    bars = serializers.IntegerField()
    gaps = serializers.IntegerField()
    ignored = serializers.IntegerField()
    stale = serializers.IntegerField()


class CostsSerializer(serializers.Serializer[Any]):
    fees = DecimalText()
    gross = DecimalText()
    net = DecimalText()
    slippage = DecimalText(allow_null=True, help_text="As the simulated exchange assumes it.")


class RecapSerializer(serializers.Serializer[Any]):
    session = shapes.SessionSerializer()
    totals = shapes.FiguresSerializer()
    exits = ExitSerializer(many=True)
    groups = GroupSerializer(many=True)
    signals = LetGoSerializer()
    regimes = RegimeSerializer(many=True)
    data = DataSerializer()  # type: ignore[assignment]
    grade = serializers.CharField(allow_null=True, help_text="Of the day in the tick store.")
    costs = CostsSerializer()


def told(session: Session) -> dict[str, Any]:
    """A recap as plain things."""
    found = recap(session)
    total, exits = 0, []
    for trade in found["trades"]:
        total += trade.net
        exits.append({"trade": trade.pk, "net": trade.net, "total": total})
    let_go = found["signals"]
    return {
        "session": session,
        "totals": found["totals"],
        "exits": exits,
        "groups": [
            {"by": by, "name": group.name, "figures": group.made}
            for by, groups in found["groups"]
            for group in groups
        ],
        "signals": let_go
        | {"reasons": [{"text": why[0], "count": why[1]} for why in let_go["reasons"]]},
        "regimes": found["regimes"],
        "data": found["quality"],
        "grade": found["stored"]["grade"] if found["stored"] else None,
        "costs": found["costs"],
    }


class Recaps(ListView):
    serializer_class = RecapLine
    filterset_class = filters.SessionFilters
    orderings: ClassVar = {"day": "day", "net": "net"}
    usual = "-day"

    def rows(self) -> QuerySet[Session]:
        return Session.objects.select_related("account")

    @described("List days", "A line for each account's trading day.")
    def get(self, request: Request) -> Response:
        return self.listed()


class Recap(ApiView):
    serializer_class = RecapSerializer
    queryset = Session.objects.none()
    parameters = ("account",)
    errors = (404,)

    @described("The recap of a day", "What it made and by what, what was let go and why.",
               parameters=[ACCOUNT])  # fmt: skip
    def get(self, request: Request, day: date) -> Response:
        found = sessions_on(day)
        if "account" in request.query_params:
            name = named_account(request).name
            found = [each for each in found if each.account.name == name]
        if not found:
            raise Http404(f"Nothing was traded on {day}; GET /api/v1/recaps lists the days")
        return Response(self.get_serializer(told(found[0])).data)
