"""What the market did, as rows: instruments, their contracts, and footprint bars.

Rules of every model here and in `trading.models`: a price or an amount of money is a Decimal with
eight places; a volume or size is a whole number of the instrument's lots; a time that must be exact
is a bigint of UTC nanoseconds (`..._ns`), with an aware datetime beside it for people and queries.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.db.models import F, Q

from engine import instruments
from engine.money import UNITS
from engine.ticks import NS

PRICE: Final[dict[str, Any]] = {"max_digits": 20, "decimal_places": 8}
MONEY: Final[dict[str, Any]] = PRICE
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(ns: int) -> datetime:
    """The aware datetime of a time in UTC ns, cut to microseconds."""
    return EPOCH + timedelta(microseconds=int(ns) // 1000)


class Instrument(models.Model):
    """What is traded. The figures are the engine's (`engine.instruments`), kept here so that rows
    can point at them and pages can show them."""

    symbol = models.CharField(max_length=32, primary_key=True)
    name = models.CharField(max_length=100)
    tick = models.DecimalField(**PRICE, help_text="Smallest price step.")
    tick_value = models.DecimalField(**MONEY, help_text="Money per tick and whole contract.")
    lot = models.DecimalField(**PRICE, default=Decimal(1), help_text="Smallest size.")
    fee = models.DecimalField(**MONEY, default=Decimal(0), help_text="Per side and contract.")
    fee_rate = models.DecimalField(
        **PRICE, default=Decimal(0), help_text="Per side, as a fraction of the value."
    )
    calendar = models.CharField(max_length=50)
    currency = models.CharField(max_length=10, default="USD")

    class Meta:
        ordering = ["symbol"]
        constraints = [
            models.CheckConstraint(
                condition=Q(tick__gt=0, tick_value__gt=0, lot__gt=0),
                name="instrument_steps_above_zero",
            ),
            models.CheckConstraint(
                condition=Q(fee__gte=0, fee_rate__gte=0), name="instrument_fees_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.symbol

    @property
    def spec(self) -> instruments.Instrument:
        """The engine's instrument of this symbol, with its exact conversions."""
        return instruments.instrument(self.symbol)


class Contract(models.Model):
    """One expiry of a future, by the venue's name for it (ESH4)."""

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="contracts")
    symbol = models.CharField(max_length=32)
    expires = models.DateField(null=True, blank=True)
    active = models.BooleanField(default=True, help_text="Traded at present.")

    class Meta:
        ordering = ["instrument", "expires", "symbol"]
        constraints = [
            models.UniqueConstraint(fields=["instrument", "symbol"], name="contract_unique")
        ]

    def __str__(self) -> str:
        return self.symbol


class Bar(models.Model):
    """A closed footprint bar, as `engine.events.Bar` said it.

    `source` is the feed that it was built from: bars of a simulated market never overwrite those of
    a real one. `levels` are [price, bid, ask, unknown], prices in ticks, sizes in lots. `vwap` and
    `session_vwap` are rounded to eight places; the sums that they come from are exact.
    """

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="bars")
    source = models.CharField(max_length=120)
    timeframe = models.PositiveIntegerField(help_text="Seconds.")
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    start = models.DateTimeField()
    day = models.DateField(help_text="Trading day.")
    index = models.PositiveIntegerField(help_text="Number within the trading day, from 0.")

    open = models.DecimalField(**PRICE)
    high = models.DecimalField(**PRICE)
    low = models.DecimalField(**PRICE)
    close = models.DecimalField(**PRICE)
    volume = models.BigIntegerField()
    buy_volume = models.BigIntegerField()
    sell_volume = models.BigIntegerField()
    delta = models.BigIntegerField()
    min_delta = models.BigIntegerField()
    max_delta = models.BigIntegerField()
    cum_delta = models.BigIntegerField()
    trades = models.PositiveIntegerField()
    poc = models.DecimalField(**PRICE)
    vah = models.DecimalField(**PRICE)
    val = models.DecimalField(**PRICE)
    vwap = models.DecimalField(**PRICE)
    session_vwap = models.DecimalField(**PRICE)
    notional = models.BigIntegerField(help_text="Sum of price in ticks * size in lots.")
    session_notional = models.BigIntegerField()
    session_volume = models.BigIntegerField()
    session_deviation = models.FloatField(
        null=True, help_text="Of the session's prices around its VWAP, in ticks."
    )
    levels = models.JSONField(default=list)
    buy_imbalances = models.JSONField(default=list, help_text="Prices in ticks.")
    sell_imbalances = models.JSONField(default=list, help_text="Prices in ticks.")

    regime = models.CharField(max_length=20, blank=True)
    confidence = models.FloatField(null=True)
    scores = models.JSONField(null=True, help_text="UP, DOWN, RANGING, VOLATILE.")
    inputs = models.JSONField(null=True, help_text="What the regime was computed from.")
    regime_reason = models.CharField(max_length=200, blank=True)
    warm_up = models.BooleanField(default=False)

    class Meta:
        ordering = ["-start"]
        get_latest_by = "start_ns"
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "source", "timeframe", "start_ns"], name="bar_unique"
            ),
            models.CheckConstraint(condition=Q(timeframe__gt=0), name="bar_timeframe_above_zero"),
            models.CheckConstraint(condition=Q(end_ns__gt=F("start_ns")), name="bar_ends_later"),
            models.CheckConstraint(condition=Q(volume__gt=0, trades__gt=0), name="bar_has_trades"),
            models.CheckConstraint(
                condition=Q(high__gte=F("open"), low__lte=F("open"))
                & Q(high__gte=F("close"), low__lte=F("close")),
                name="bar_range_holds_prices",
            ),
        ]
        indexes = [
            # The admin's list and its date hierarchy; the chart reads through bar_unique.
            models.Index(fields=["-start"], name="bar_start"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe} s {self.start:%Y-%m-%d %H:%M}"


class DataQuality(models.Model):
    """How good a trading day of the tick store is, by `marketdata.quality`; measured again, it is
    replaced. Volumes in lots. `quarters` are its trades by quarter of an hour, of which the usual
    pace of later days is made."""

    class Grade(models.TextChoices):
        GOOD = "good"
        DOUBTFUL = "doubtful"
        BAD = "bad"

    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="qualities")
    day = models.DateField(help_text="Trading day; it rolls at 17:00 New York.")
    contract = models.CharField(max_length=32, blank=True)
    source = models.CharField(max_length=200)
    synthetic = models.BooleanField(default=False, help_text="The market is made up.")
    inferred = models.BooleanField(default=False, help_text="Aggressor sides are inferred.")
    complete = models.BooleanField(default=True, help_text="The day was over.")
    until = models.DateTimeField(help_text="How far the day had come.")
    measured_at = models.DateTimeField(auto_now=True)
    grade = models.CharField(max_length=10, choices=Grade)
    reasons = models.JSONField(default=list, help_text="Why it is not good, the worst first.")

    ticks = models.BigIntegerField()
    volume = models.BigIntegerField()
    buy_volume = models.BigIntegerField()
    sell_volume = models.BigIntegerField()
    unknown_volume = models.BigIntegerField(help_text="Without an aggressor.")
    first_ns = models.BigIntegerField(null=True)
    last_ns = models.BigIntegerField(null=True)
    outside = models.BigIntegerField(default=0, help_text="Ticks outside trading hours.")
    coverage = models.FloatField(help_text="Share of trading hours outside of gaps.")
    gap_count = models.PositiveIntegerField(default=0)
    gap_ns = models.BigIntegerField(default=0)
    longest_gap_ns = models.BigIntegerField(default=0)
    gaps = models.JSONField(default=list, help_text="The first ones: [from, to], UTC ns.")
    duplicates = models.BigIntegerField(default=0)
    out_of_order = models.BigIntegerField(default=0)
    latest_ns = models.BigIntegerField(default=0, help_text="Out of order by at most.")
    bad = models.JSONField(default=dict, help_text="Ticks that the engine drops, by reason.")
    bad_count = models.BigIntegerField(default=0)
    exchange_volume = models.BigIntegerField(null=True)
    exchange_source = models.CharField(max_length=40, blank=True)
    latency_count = models.BigIntegerField(default=0)
    latency_median_ns = models.BigIntegerField(null=True)
    latency_p99_ns = models.BigIntegerField(null=True)
    latency_max_ns = models.BigIntegerField(null=True)
    latency_negative = models.BigIntegerField(default=0)
    quarters = models.JSONField(default=list)

    class Meta:
        ordering = ["-day", "instrument"]
        verbose_name_plural = "data quality"
        constraints = [
            models.UniqueConstraint(fields=["instrument", "day"], name="data_quality_unique"),
            models.CheckConstraint(
                condition=Q(coverage__gte=0, coverage__lte=1), name="data_quality_coverage_is_share"
            ),
        ]
        indexes = [models.Index(fields=["-day"], name="data_quality_day")]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.day}: {self.grade}"


__all__ = [
    "EPOCH", "MONEY", "NS", "PRICE", "UNITS",
    "Bar", "Contract", "DataQuality", "Instrument", "moment",
]  # fmt: skip
