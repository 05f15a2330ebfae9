"""What runs and their trades look like."""

from rest_framework import serializers

from backtests.models import Backtest, BacktestTrade
from backtests.pages.runs import is_finished
from trading.api.fields import Day, DecimalText, Moment, NanoTime
from trading.api.filters import PATTERNS, REGIMES
from trading.api.serializers import Direction, one_of


class RunSerializer(serializers.Serializer[Backtest]):
    id = serializers.IntegerField()
    status = one_of(Backtest.Status.values)
    over = serializers.SerializerMethodField(help_text="Nothing more will become of it.")
    stop_asked = serializers.BooleanField()
    error = serializers.CharField(allow_blank=True)
    asked_from = one_of(Backtest.Asked.values)
    asked_by = serializers.SerializerMethodField()
    note = serializers.CharField(allow_blank=True)
    symbol = serializers.CharField()
    first = Day(help_text="First trading day.")
    last = Day(help_text="Last trading day.")
    configuration = serializers.CharField(source="config_name", allow_blank=True)
    config_digest = serializers.CharField()
    data_digest = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    fill_profile = serializers.CharField()
    synthetic = serializers.BooleanField(help_text="The market is made up.")
    inferred = serializers.BooleanField(help_text="Aggressor sides are inferred.")
    created_at = Moment()
    started_at = Moment(allow_null=True)
    finished_at = Moment(allow_null=True)
    days_asked = serializers.IntegerField()
    days_analysed = serializers.IntegerField()
    days_done = serializers.IntegerField()
    ticks = serializers.IntegerField()
    opening = DecimalText()
    closing = DecimalText(allow_null=True)
    trades = serializers.IntegerField(source="trades_closed")
    net = DecimalText(allow_null=True)

    def get_over(self, row: Backtest) -> bool:
        return is_finished(row)

    def get_asked_by(self, row: Backtest) -> str:
        return row.asked_by.get_username() if row.asked_by else ""


class RunTradeSerializer(serializers.Serializer[BacktestTrade]):
    id = serializers.CharField(source="name")
    day = Day(help_text="Trading day.")
    symbol = serializers.CharField()
    direction = Direction()
    size = serializers.IntegerField(help_text="Lots.")
    pattern = one_of(PATTERNS)
    regime = one_of(REGIMES)
    tier = serializers.CharField()
    entry_at = NanoTime(source="entry_ns")
    entry_price = DecimalText()
    stop = DecimalText(help_text="As first set.")
    target = DecimalText()
    last_stop = DecimalText()
    exit_at = NanoTime(source="exit_ns")
    exit_price = DecimalText()
    exit_reason = serializers.CharField()
    mae_ticks = serializers.IntegerField(source="mae")
    mfe_ticks = serializers.IntegerField(source="mfe")
    gross = DecimalText()
    fees = DecimalText()
    slippage = DecimalText(help_text="Part of gross.")
    net = DecimalText()
    balance_before = DecimalText()
    balance = DecimalText()
