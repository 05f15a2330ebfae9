"""An account's trading day, and what happened on it besides orders, fills and trades."""

import uuid

from django.db import models
from django.db.models import Q

from marketdata.models import MONEY, Instrument
from trading.models.accounts import Account
from trading.models.words import Mode


class Session(models.Model):
    """One account's trading day. A pipeline that is started again on the day continues the row.

    `carry_start` is what the engine was given when the session began; with `config` and the day's
    inputs it gives the same decisions again. `carry_end` is what it left. Totals are sums over the
    session's closed trades.
    """

    class Status(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"  # by the operator; may be continued
        ENDED = "ended"  # the day or the recording is over
        FAILED = "failed"

    account = models.ForeignKey(Account, models.PROTECT, related_name="sessions")
    day = models.DateField(help_text="Trading day; it rolls at 17:00 New York.")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="sessions")
    contract = models.CharField(max_length=32, blank=True)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.PAPER)
    timeframe = models.PositiveIntegerField(help_text="Seconds a bar.")
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    phase = models.CharField(max_length=20, blank=True)
    starts = models.PositiveIntegerField(default=0, help_text="Times a pipeline took it up.")

    source = models.CharField(max_length=120, help_text="The feed.")
    synthetic = models.BooleanField(default=False, help_text="The market is simulated.")
    inferred = models.BooleanField(default=False, help_text="Aggressor sides are inferred.")
    feed = models.JSONField(
        default=dict,
        blank=True,
        help_text="Where the same ticks come from again: a file, or the simulator's seed.",
    )
    speed = models.CharField(max_length=20, default="1")
    fill_profile = models.CharField(max_length=20, blank=True, help_text="Of simulated fills.")
    config = models.JSONField(default=dict)
    config_name = models.CharField(
        max_length=120, blank=True, help_text="The configuration's name and version, or its file."
    )
    rules_digest = models.CharField(
        max_length=12, blank=True, help_text="Names the rules, without the account's figures."
    )
    config_digest = models.CharField(
        max_length=12, blank=True, help_text="Names everything that the engine was told."
    )
    carry_start = models.JSONField(default=dict)
    carry_end = models.JSONField(default=dict)

    started_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_tick_ns = models.BigIntegerField(default=0)
    ticks = models.BigIntegerField(default=0)
    dropped = models.JSONField(default=dict, help_text="Bad ticks by reason.")
    halts = models.JSONField(default=list)
    tier = models.CharField(max_length=40, blank=True)
    balance = models.DecimalField(**MONEY, null=True)

    trades_closed = models.PositiveIntegerField(default=0)
    wins = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    gross = models.DecimalField(**MONEY, default=0)
    fees = models.DecimalField(**MONEY, default=0)
    net = models.DecimalField(**MONEY, default=0)

    class Meta:
        ordering = ["-day", "account"]
        get_latest_by = ["updated_at"]
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="session_unique"),
            models.CheckConstraint(
                condition=Q(timeframe__gt=0), name="session_timeframe_above_zero"
            ),
        ]
        indexes = [
            models.Index(fields=["-day"], name="session_day"),
            models.Index(fields=["-updated_at"], name="session_updated"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.day}"


class AuditEvent(models.Model):
    """Something that happened to a session and is no order, fill or trade: halts, tier changes,
    commands, starts and stops, what was abandoned. `ts` is event time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ts_ns = models.BigIntegerField()
    ts = models.DateTimeField()
    recorded_at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    session = models.ForeignKey(
        Session, models.PROTECT, null=True, related_name="audit", db_index=False
    )
    actor = models.CharField(max_length=150, default="engine")
    payload = models.JSONField(default=dict)

    class Meta:
        ordering = ["-recorded_at", "-ts_ns"]
        get_latest_by = "recorded_at"
        indexes = [
            models.Index(fields=["session", "ts_ns"], name="audit_session_ts"),
            models.Index(fields=["-recorded_at"], name="audit_recorded"),
            models.Index(fields=["kind", "-recorded_at"], name="audit_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ts:%Y-%m-%d %H:%M:%S}"
