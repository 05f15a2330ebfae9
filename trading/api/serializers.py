"""What rows look like. Sizes and volumes are whole lots; docs/api.md says the rest of the rules."""

from collections.abc import Iterable
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from engine.names import ExitReason
from trading.api.fields import Day, DecimalText, Moment, NanoTime, Word
from trading.api.filters import PATTERNS, REGIMES, SIDES
from trading.models import Command, Fill, Order, Session, Trade
from trading.pages.filters import DIRECTIONS

Fields = serializers.Serializer
ANYTHING: Final = {"type": "object", "additionalProperties": True}
ROLES: Final = ("entry", "stop", "target", "exit")


def _enumerated(kind: Any, words: list[str]) -> Any:
    return extend_schema_field({"type": "string", "enum": words})(kind)


def one_of(values: Iterable[str], **more: Any) -> serializers.CharField:
    """Text that is one of a few words; may be empty where `allow_blank`."""
    words = [*values, *([""] if more.get("allow_blank") else [])]
    kind = type("OneOf", (serializers.CharField,), {})
    made: serializers.CharField = _enumerated(kind, words)(**more)
    return made


@extend_schema_field(ANYTHING)
class Anything(serializers.JSONField):
    """An object whose names its own documentation has."""


class NamesField(serializers.ListField):
    child = serializers.CharField()


@extend_schema_field({"type": "string", "enum": [*DIRECTIONS]})
class Direction(Word):
    words = {value: name for name, value in DIRECTIONS.items()}


@extend_schema_field({"type": "string", "enum": [*SIDES]})
class Side(Word):
    words = {value: name for name, value in SIDES.items()}


# Trades


class TradeSerializer(Fields[Trade]):
    id = serializers.CharField()
    account = serializers.CharField(source="account.name")
    session = serializers.IntegerField(source="session_id")
    signal = serializers.CharField(source="signal_id", allow_null=True)
    symbol = serializers.CharField(source="instrument_id")
    day = Day(help_text="Trading day.")
    status = one_of(Trade.Status.values)
    direction = Direction()
    size = serializers.IntegerField(help_text="Lots.")
    pattern = one_of(PATTERNS, allow_blank=True)
    regime = one_of(REGIMES, allow_blank=True)
    ordered_at = NanoTime(source="ordered_ns")
    entry_at = NanoTime(source="entry_ns", allow_null=True)
    entry_price = DecimalText(allow_null=True, help_text="Average.")
    stop = DecimalText(allow_null=True, help_text="As first set.")
    target = DecimalText(allow_null=True)
    last_stop = DecimalText(allow_null=True, help_text="Where the stop works, or worked last.")
    exit_at = NanoTime(source="exit_ns", allow_null=True)
    exit_price = DecimalText(allow_null=True, help_text="Average.")
    exit_reason = one_of([one.value for one in ExitReason], allow_blank=True)
    mae_ticks = serializers.IntegerField(source="mae", allow_null=True, help_text="At worst.")
    mfe_ticks = serializers.IntegerField(source="mfe", allow_null=True, help_text="At best.")
    gross = DecimalText(allow_null=True)
    fees = DecimalText(allow_null=True)
    net = DecimalText(allow_null=True)
    balance = DecimalText(allow_null=True, help_text="The account's, after the trade.")


class PositionSerializer(TradeSerializer):
    """An open trade; `open_pnl` is before fees, at the close of the newest stored bar."""

    marked_at = NanoTime(source="mark_ns", allow_null=True)
    mark = DecimalText(allow_null=True, help_text="Close of the newest stored bar.")
    open_pnl = DecimalText(allow_null=True)


# Orders


class FillSerializer(Fields[Fill]):
    id = serializers.CharField()
    at = NanoTime(source="ts_ns")
    size = serializers.IntegerField(help_text="Lots.")
    price = DecimalText()
    fee = DecimalText()


class OrderSerializer(Fields[Order]):
    id = serializers.CharField()
    account = serializers.CharField(source="session.account.name")
    session = serializers.IntegerField(source="session_id")
    trade = serializers.CharField(source="trade_id")
    symbol = serializers.CharField(source="instrument_id")
    sent_at = NanoTime(source="ts_ns")
    updated_at = NanoTime(source="updated_ns")
    role = one_of(ROLES)
    type = serializers.CharField()
    side = Side()
    size = serializers.IntegerField(help_text="Lots.")
    filled = serializers.IntegerField(help_text="Lots.")
    price = DecimalText(allow_null=True, help_text="null at market.")
    stop_ticks = serializers.IntegerField()
    target_ticks = serializers.IntegerField()
    status = one_of(Order.Status.values)
    reason = serializers.CharField(allow_blank=True)
    fills = FillSerializer(many=True)


# Signals


class SignalSerializer(Fields[Any]):
    id = serializers.CharField()
    account = serializers.CharField(source="session.account.name")
    session = serializers.IntegerField(source="session_id")
    symbol = serializers.CharField(source="session.instrument_id")
    at = NanoTime(source="ts_ns")
    bar_start = NanoTime(source="bar_start_ns")
    pattern = one_of(PATTERNS)
    direction = Direction()
    price = DecimalText()
    strength = serializers.FloatField(min_value=0, max_value=1)
    details = Anything(help_text="The pattern's figures (docs/orderflow.md).")
    regime = one_of(REGIMES, allow_blank=True)
    confidence = serializers.FloatField()
    approved = serializers.BooleanField(help_text="The regime filter let it through.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it was rejected.")
    decision = serializers.CharField(allow_blank=True)
    decision_rule = serializers.CharField(allow_blank=True)
    decision_reason = serializers.CharField(allow_blank=True)
    decision_terms = Anything(help_text="What the size was made of.")
    trades = serializers.SerializerMethodField()

    def get_trades(self, row: Any) -> list[str]:
        return sorted(trade.pk for trade in row.trades.all())


# Sessions and commands


class SessionSerializer(Fields[Session]):
    id = serializers.IntegerField()
    account = serializers.CharField(source="account.name")
    day = Day(help_text="Trading day.")
    symbol = serializers.CharField(source="instrument_id")
    contract = serializers.CharField(allow_blank=True)
    mode = one_of(("paper", "live"))
    status = one_of(Session.Status.values)
    phase = serializers.CharField(allow_blank=True)
    timeframe = serializers.IntegerField(help_text="Seconds a bar.")
    source = serializers.CharField(help_text="The feed.")  # type: ignore[assignment]
    synthetic = serializers.BooleanField(help_text="The market is made up.")
    inferred = serializers.BooleanField(help_text="Aggressor sides are inferred.")
    speed = serializers.CharField()
    configuration = serializers.CharField(source="config_name", allow_blank=True)
    rules_digest = serializers.CharField(allow_blank=True)
    started_at = Moment()
    updated_at = Moment()
    ended_at = Moment(allow_null=True)
    ticks = serializers.IntegerField()
    dropped = Anything(help_text="Bad ticks by reason.")
    halts = NamesField()
    tier = serializers.CharField(allow_blank=True)
    balance = DecimalText(allow_null=True)
    trades = serializers.IntegerField(source="trades_closed")
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    gross = DecimalText()
    fees = DecimalText()
    net = DecimalText()


class CommandSerializer(Fields[Command]):
    id = serializers.IntegerField()
    account = serializers.CharField(source="account.name")
    session = serializers.IntegerField(source="session_id", allow_null=True)
    kind = one_of(Command.Kind.values)
    status = one_of(Command.Status.values)
    over = serializers.SerializerMethodField(help_text="Nothing more will become of it.")
    reason = serializers.CharField(allow_blank=True)
    result = serializers.CharField(allow_blank=True, help_text="What came of it, in a line.")
    asked_by = serializers.SerializerMethodField()
    key = serializers.CharField(allow_blank=True, help_text="The Idempotency-Key.")
    confirmed = serializers.BooleanField()
    created_at = Moment()
    executed_at = Moment(allow_null=True)

    def get_over(self, row: Command) -> bool:
        from trading.commands import OVER

        return row.status in OVER

    def get_asked_by(self, row: Command) -> str:
        return row.requested_by.get_username() if row.requested_by else ""


class HeartbeatSerializer(Fields[Any]):
    at = Moment(source="ts")
    document = Anything(help_text="docs/heartbeat.md")


class StatusSerializer(Fields[Any]):
    """How an account's latest session stands, by what is stored; the socket tells it at once."""

    running = serializers.BooleanField(help_text="A process trades it, heard of within 10 s.")
    real_money = serializers.BooleanField()
    session = SessionSerializer()
    positions = PositionSerializer(many=True)
    working_orders = OrderSerializer(many=True)
    commands = CommandSerializer(many=True, help_text="Those that are not over.")
    heartbeat = HeartbeatSerializer(allow_null=True)


# Accounts and tiers


class AccountSerializer(Fields[Any]):
    name = serializers.CharField()
    mode = one_of(("paper", "live"))
    broker = serializers.CharField(allow_blank=True)
    broker_account = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    balance = DecimalText()
    peak = DecimalText(help_text="Highest closed balance so far.")
    streak = serializers.IntegerField(help_text="Wins in a row; losses in a row as a negative one.")
    tier = serializers.CharField(allow_blank=True)
    halts = NamesField()
    enabled = serializers.BooleanField()
    created_at = Moment()


class TierSerializer(Fields[Any]):
    id = serializers.IntegerField()
    ladder = one_of(("index", "single"))
    name = serializers.CharField()
    min_balance = DecimalText()
    symbol = serializers.CharField(
        source="instrument_id", allow_null=True, help_text="null: the feed's own."
    )
    min_size = serializers.IntegerField(help_text="Lots.")
    max_size = serializers.IntegerField(help_text="Lots.")
    loss_limit = DecimalText(help_text="Per day.")


# Figures


class Ratio(DecimalText):
    """A quotient, to six places."""

    def to_representation(self, value: Any) -> str:
        return f"{value:.6f}"


class FiguresSerializer(Fields[Any]):
    """What closed trades made (`trading.pages.figures`); null is what cannot be said of none."""

    count = serializers.IntegerField()
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    gross = DecimalText()
    fees = DecimalText()
    net = DecimalText()
    win_rate = Ratio(allow_null=True)
    profit_factor = Ratio(allow_null=True)
    expectancy = DecimalText(allow_null=True)
    average_win = DecimalText(allow_null=True)
    average_loss = DecimalText(allow_null=True)
    drawdown = DecimalText()


# What may be sent, and how a refusal looks


class WrongSerializer(Fields[Any]):
    field = serializers.CharField(help_text="A path like numbers.risk.profit_target.")
    detail = serializers.CharField()
    remedy = serializers.CharField()


class ProblemSerializer(Fields[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What was wrong, and what to do.")
    problems = WrongSerializer(many=True, required=False)
