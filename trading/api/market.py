"""What the market did, bar by bar, and why a trade was made."""

from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engine.instruments import Instrument
from engine.text import price_text
from marketdata.models import Bar
from trading.api import filters
from trading.api.base import ApiView, ListView, named_account
from trading.api.fields import DECIMAL, Day, DecimalText, NanoTime
from trading.api.problems import Problem, Wrong, invalid
from trading.api.schema import described
from trading.api.serializers import ANYTHING, Anything, one_of
from trading.errors import ExplainError
from trading.models import Session, Trade
from trading.selectors import current_session, session_bars

MOST_BARS: Final = 200
PRICES: Final = {"type": "array", "items": DECIMAL}
LEVELS: Final = {
    "type": "array",
    "description": "Ascending; left out with levels=false.",
    "items": {
        "type": "object",
        "required": ["price", "bid", "ask", "unknown"],
        "properties": {
            "price": DECIMAL,
            "bid": {"type": "integer", "description": "Lots sold at the bid."},
            "ask": {"type": "integer", "description": "Lots bought at the ask."},
            "unknown": {"type": "integer", "description": "Lots without a known aggressor."},
        },
    },
}
ACCOUNT: Final = OpenApiParameter(
    "account", {"type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[A-Za-z0-9_-]+$"},
    description="Name of the account; else the one that was traded last.",
)  # fmt: skip
SESSION: Final = OpenApiParameter(
    "session", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
    description="Id of a session; else the latest of the account.",
)  # fmt: skip


def session_of(request: Request) -> Session:
    """The session of `?session=`, else the latest of `?account=`, else the latest of all. 404 where
    there is none."""
    text = request.query_params.get("session")
    if text is None:
        named = "account" in request.query_params
        row = current_session(named_account(request) if named else None)
        if row is None:
            raise Http404("Nothing has been traded yet: there is no session")
        return row
    if not filters.NUMBER.fullmatch(text):
        raise invalid(Wrong("session", f"{text[:40]!r} is no number", "write it like 12"))
    found = Session.objects.select_related("account", "instrument").filter(pk=int(text)).first()
    if found is None:
        raise Http404(f"There is no session {text}; GET /api/v1/sessions lists them")
    return found


def flag(request: Request, name: str, usual: bool) -> bool:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if text not in filters.TRUTH:
        raise invalid(Wrong(name, f"{text[:40]!r} is not known", "use true or false"))
    return filters.TRUTH[text]


class BarSerializer(serializers.Serializer[Bar]):
    """A closed footprint bar; prices as text, volumes in lots (docs/bars.md)."""

    id = serializers.IntegerField()
    index = serializers.IntegerField(help_text="Number within the trading day, from 0.")
    day = Day(help_text="Trading day.")
    start = NanoTime(source="start_ns")
    end = NanoTime(source="end_ns")
    open = DecimalText()
    high = DecimalText()
    low = DecimalText()
    close = DecimalText()
    volume = serializers.IntegerField()
    buy_volume = serializers.IntegerField()
    sell_volume = serializers.IntegerField()
    delta = serializers.IntegerField()
    min_delta = serializers.IntegerField()
    max_delta = serializers.IntegerField()
    cum_delta = serializers.IntegerField()
    trades = serializers.IntegerField()
    poc = DecimalText()
    vah = DecimalText()
    val = DecimalText()
    vwap = DecimalText()
    session_vwap = DecimalText()
    regime = one_of(filters.REGIMES, allow_blank=True)
    confidence = serializers.FloatField(allow_null=True)
    scores = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="UP, DOWN, RANGING, VOLATILE."
    )
    regime_inputs = Anything(source="inputs", allow_null=True)
    regime_reason = serializers.CharField(allow_blank=True)
    warm_up = serializers.BooleanField()
    buy_imbalances = serializers.SerializerMethodField()
    sell_imbalances = serializers.SerializerMethodField()
    levels = serializers.SerializerMethodField()

    @property
    def spec(self) -> Instrument:
        return self.context["spec"]  # type: ignore[no-any-return]

    @extend_schema_field(PRICES)
    def get_buy_imbalances(self, row: Bar) -> list[str]:
        return [price_text(ticks, self.spec) for ticks in row.buy_imbalances]

    @extend_schema_field(PRICES)
    def get_sell_imbalances(self, row: Bar) -> list[str]:
        return [price_text(ticks, self.spec) for ticks in row.sell_imbalances]

    @extend_schema_field(LEVELS)
    def get_levels(self, row: Bar) -> list[dict[str, Any]]:
        if not self.context["levels"]:
            return []
        return [
            {"price": price_text(ticks, self.spec), "bid": bid, "ask": ask, "unknown": unknown}
            for ticks, bid, ask, unknown in row.levels
        ]


class Bars(ListView):
    """A session's bars. Bars belong to their market: several sessions may share them."""

    serializer_class = BarSerializer
    queryset = Bar.objects.none()
    orderings: ClassVar = {"time": "start_ns"}
    usual = "-time"
    most = MOST_BARS
    filter_backends = ()
    parameters = ("session", "account", "levels")
    errors = (404,)

    def rows(self) -> QuerySet[Bar]:
        session = session_of(self.request)
        self.spec = session.instrument.spec
        rows = session_bars(session)
        return rows if self.levels else rows.defer("levels")

    def get_serializer_context(self) -> dict[str, Any]:
        shown = {"spec": getattr(self, "spec", None), "levels": getattr(self, "levels", True)}
        return {**super().get_serializer_context(), **shown}

    @described(
        "List bars with their levels",
        "Of a session, else of the account's latest.",
        parameters=[
            SESSION,
            ACCOUNT,
            OpenApiParameter("levels", OpenApiTypes.BOOL, description="false leaves levels out."),
        ],
    )
    def get(self, request: Request) -> Response:
        self.levels = flag(request, "levels", True)
        return self.listed()


class Explain(ApiView):
    """Why a trade was made: a replay to it, which takes a moment."""

    serializer_class = Anything
    queryset = Trade.objects.none()
    errors = (404, 409)

    @described(
        "Why a trade was made",
        "The document of docs/explain.md, told from a replay or, with a note, from the rows.",
        responses={200: ANYTHING},
    )
    def get(self, request: Request, trade: str) -> Response:
        if not Trade.objects.filter(pk=trade).exists():
            raise Http404(f"There is no trade {trade}; GET /api/v1/trades lists them")
        from trading.explain.finding import explain  # loads the engine, which takes a moment

        try:
            return Response(explain(trade))
        except ExplainError as error:
            raise Problem(409, str(error)) from None
