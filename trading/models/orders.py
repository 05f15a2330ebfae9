"""Signals and what became of them: what the engine said, under the ids that it derived."""

from typing import Final

from django.db import models
from django.db.models import Q

from marketdata.models import MONEY, PRICE, Instrument
from trading.models.accounts import Account
from trading.models.sessions import Session
from trading.models.words import DIRECTIONS, KEY, ROLES, SIDES


class Signal(models.Model):
    """A pattern at a bar's close, what the router said of it, and what was done about it.

    `key` is the engine's id, unique within an account's bars of one length; `id` is made of all
    three. `decision` is empty for a rejected signal and for an approved one that another outranked.
    """

    id = models.CharField(max_length=KEY, primary_key=True)
    key = models.CharField(max_length=40)
    session = models.ForeignKey(Session, models.PROTECT, related_name="signals", db_index=False)
    ts_ns = models.BigIntegerField()
    ts = models.DateTimeField()
    bar_start_ns = models.BigIntegerField()
    pattern = models.CharField(max_length=40)
    direction = models.SmallIntegerField(choices=DIRECTIONS)
    price = models.DecimalField(**PRICE)
    strength = models.FloatField()
    details = models.JSONField(default=dict)
    regime = models.CharField(max_length=20)
    confidence = models.FloatField()
    approved = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True)
    decision = models.CharField(max_length=10, blank=True)
    decision_rule = models.CharField(max_length=40, blank=True)
    decision_reason = models.CharField(max_length=300, blank=True)
    decision_terms = models.JSONField(default=dict)

    class Meta:
        ordering = ["-ts_ns", "id"]
        get_latest_by = "ts_ns"
        constraints = [
            models.CheckConstraint(condition=Q(direction__in=[1, -1]), name="signal_direction"),
            models.CheckConstraint(
                condition=Q(strength__gte=0, strength__lte=1), name="signal_strength"
            ),
        ]
        indexes = [
            models.Index(fields=["session", "ts_ns"], name="signal_session_ts"),
            models.Index(fields=["-ts"], name="signal_ts"),
        ]

    def __str__(self) -> str:
        return f"{self.pattern} {self.ts:%Y-%m-%d %H:%M}"


class Trade(models.Model):
    """A bracket: from the entry order to the exit. `session` is the one that it closed in, until
    then the one that it was ordered in. `symbol` may be a sibling of the session's instrument."""

    class Status(models.TextChoices):
        WAITING = "waiting"  # the entry order is out
        OPEN = "open"
        CLOSED = "closed"
        CANCELLED = "cancelled"  # the entry never filled
        ABANDONED = "abandoned"  # its process died, and with it the simulated position

    id = models.CharField(max_length=KEY, primary_key=True)
    account = models.ForeignKey(Account, models.PROTECT, related_name="trades", db_index=False)
    session = models.ForeignKey(Session, models.PROTECT, related_name="trades", db_index=False)
    signal = models.ForeignKey(Signal, models.PROTECT, null=True, related_name="trades")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="trades")
    day = models.DateField(help_text="Trading day.")
    status = models.CharField(max_length=10, choices=Status)
    direction = models.SmallIntegerField(choices=DIRECTIONS)
    size = models.PositiveIntegerField()
    pattern = models.CharField(max_length=40, blank=True)
    regime = models.CharField(max_length=20, blank=True)

    ordered_ns = models.BigIntegerField()
    entry_ns = models.BigIntegerField(null=True)
    entry_ts = models.DateTimeField(null=True)
    entry_notional = models.BigIntegerField(null=True, help_text="Price in ticks * size in lots.")
    entry_price = models.DecimalField(**PRICE, null=True)
    stop = models.DecimalField(**PRICE, null=True, help_text="As first set.")
    target = models.DecimalField(**PRICE, null=True)
    last_stop = models.DecimalField(
        **PRICE,
        null=True,
        help_text="Where the stop worked at the end; while open, where it was last asked to be.",
    )
    exit_ns = models.BigIntegerField(null=True)
    exit_ts = models.DateTimeField(null=True)
    exit_notional = models.BigIntegerField(null=True)
    exit_price = models.DecimalField(**PRICE, null=True)
    exit_reason = models.CharField(max_length=20, blank=True)
    mae = models.PositiveIntegerField(null=True, help_text="Worst excursion, ticks.")
    mfe = models.PositiveIntegerField(null=True, help_text="Best excursion, ticks.")
    gross = models.DecimalField(**MONEY, null=True)
    fees = models.DecimalField(**MONEY, null=True)
    net = models.DecimalField(**MONEY, null=True)
    balance = models.DecimalField(**MONEY, null=True, help_text="The account's, after the trade.")

    class Meta:
        ordering = ["-ordered_ns", "-id"]
        get_latest_by = "ordered_ns"
        constraints = [
            models.CheckConstraint(condition=Q(direction__in=[1, -1]), name="trade_direction"),
            models.CheckConstraint(condition=Q(size__gt=0), name="trade_size_above_zero"),
            models.CheckConstraint(
                condition=~Q(status="closed")
                | Q(
                    entry_ns__isnull=False,
                    exit_ns__isnull=False,
                    entry_price__isnull=False,
                    exit_price__isnull=False,
                    net__isnull=False,
                ),
                name="trade_closed_is_complete",
            ),
        ]
        indexes = [
            models.Index(fields=["session", "ordered_ns"], name="trade_session_ts"),
            models.Index(fields=["account", "day"], name="trade_account_day"),
            models.Index(fields=["-entry_ts"], name="trade_entry"),
        ]

    def __str__(self) -> str:
        return self.id


class Order(models.Model):
    """An order that the engine wanted. Stop and target belong to the bracket that entered."""

    class Status(models.TextChoices):
        SENT = "sent"
        WORKING = "working"
        PARTIAL = "partial"
        CANCELLING = "cancelling"
        FILLED = "filled"
        CANCELLED = "cancelled"
        REJECTED = "rejected"
        LOST = "lost"
        ABANDONED = "abandoned"

    GOING_ON: Final = (Status.SENT, Status.WORKING, Status.CANCELLING)
    """Nothing is filled or decided yet."""
    OVER: Final = (
        Status.FILLED, Status.CANCELLED, Status.REJECTED, Status.LOST, Status.ABANDONED,
    )  # fmt: skip

    id = models.CharField(max_length=KEY, primary_key=True)
    session = models.ForeignKey(Session, models.PROTECT, related_name="orders", db_index=False)
    trade = models.ForeignKey(Trade, models.PROTECT, related_name="orders")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="orders")
    ts_ns = models.BigIntegerField()
    ts = models.DateTimeField()
    role = models.CharField(max_length=10, choices=ROLES)
    type = models.CharField(max_length=10)
    side = models.SmallIntegerField(choices=SIDES)
    size = models.PositiveIntegerField()
    price = models.DecimalField(**PRICE, null=True)
    stop_ticks = models.PositiveIntegerField(default=0)
    target_ticks = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.SENT)
    filled = models.PositiveIntegerField(default=0)
    updated_ns = models.BigIntegerField()

    class Meta:
        ordering = ["-ts_ns", "id"]
        get_latest_by = "ts_ns"
        constraints = [
            models.CheckConstraint(condition=Q(side__in=[1, -1]), name="order_side"),
            models.CheckConstraint(condition=Q(size__gt=0), name="order_size_above_zero"),
            models.CheckConstraint(
                condition=Q(filled__lte=models.F("size")), name="order_not_overfilled"
            ),
        ]
        indexes = [
            models.Index(fields=["session", "ts_ns"], name="order_session_ts"),
            models.Index(fields=["-ts"], name="order_ts"),
        ]

    def __str__(self) -> str:
        return self.id


class Fill(models.Model):
    """An execution, under the venue's id (or the simulated exchange's)."""

    id = models.CharField(max_length=KEY, primary_key=True)
    session = models.ForeignKey(Session, models.PROTECT, related_name="fills", db_index=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="fills")
    trade = models.ForeignKey(Trade, models.PROTECT, related_name="fills")
    ts_ns = models.BigIntegerField()
    ts = models.DateTimeField()
    role = models.CharField(max_length=10, choices=ROLES)
    side = models.SmallIntegerField(choices=SIDES)
    size = models.PositiveIntegerField()
    price = models.DecimalField(**PRICE)
    fee = models.DecimalField(**MONEY)

    class Meta:
        ordering = ["-ts_ns", "id"]
        get_latest_by = "ts_ns"
        constraints = [
            models.CheckConstraint(condition=Q(side__in=[1, -1]), name="fill_side"),
            models.CheckConstraint(condition=Q(size__gt=0), name="fill_size_above_zero"),
        ]
        indexes = [
            models.Index(fields=["session", "ts_ns"], name="fill_session_ts"),
            models.Index(fields=["-ts"], name="fill_ts"),
        ]

    def __str__(self) -> str:
        return self.id
