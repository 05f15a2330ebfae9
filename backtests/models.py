"""Backtests as rows. Nobody edits them; prices, sizes, times and money are kept as
`marketdata.models` says. `backtests.storing` turns outcomes into rows and back."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketdata.models import MONEY, PRICE
from trading.models import DIRECTIONS, KEY


class Backtest(models.Model):
    """One run. `plan` and the ticks that `data_digest` names give the same days and trades again;
    `code` is the version of what ran it. `figures` are all metrics (`backtests.metrics`)."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"  # by a person; its finished days are kept
        FAILED = "failed"

    class Asked(models.TextChoices):
        COMMAND = "command"
        PAGE = "page"
        API = "api"
        SWEEP = "sweep"
        PARITY = "parity"

    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    asked_from = models.CharField(max_length=10, choices=Asked, default=Asked.COMMAND)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="backtests"
    )
    note = models.CharField(max_length=200, blank=True)
    symbol = models.CharField(max_length=40)
    first = models.DateField(help_text="First trading day.")
    last = models.DateField(help_text="Last trading day.")
    plan = models.JSONField()
    config_name = models.CharField(max_length=120, blank=True)
    config_digest = models.CharField(max_length=12)
    analysis_digest = models.CharField(
        max_length=12, help_text="Names what bars, signals and regimes depend on."
    )
    data_digest = models.CharField(max_length=64, blank=True, help_text="Names the ticks.")
    code = models.CharField(max_length=64, blank=True, help_text="Version that ran it.")
    fill_profile = models.CharField(max_length=20)
    synthetic = models.BooleanField(default=False, help_text="The market is simulated.")
    inferred = models.BooleanField(default=False, help_text="Aggressor sides are inferred.")

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    stop_asked = models.BooleanField(default=False, help_text="Somebody asked for it to stop.")
    error = models.TextField(blank=True)
    workers = models.PositiveIntegerField(default=1)
    days_asked = models.PositiveIntegerField()
    days_analysed = models.PositiveIntegerField(default=0)
    days_kept = models.PositiveIntegerField(default=0, help_text="Whose analysis was cached.")
    days_done = models.PositiveIntegerField(default=0)

    ticks = models.BigIntegerField(default=0)
    opening = models.DecimalField(**MONEY)
    closing = models.DecimalField(**MONEY, null=True)
    trades_closed = models.PositiveIntegerField(default=0)
    net = models.DecimalField(**MONEY, null=True)
    figures = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        get_latest_by = "created_at"
        indexes = [models.Index(fields=["status"], name="backtest_status")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.symbol} {self.first} to {self.last}"


class BacktestDay(models.Model):
    """One trading day of a run."""

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="days")
    day = models.DateField()
    contract = models.CharField(max_length=32, blank=True)
    ticks = models.BigIntegerField()
    dropped = models.BigIntegerField(default=0)
    bars = models.PositiveIntegerField()
    signals = models.PositiveIntegerField()
    approved = models.PositiveIntegerField()
    opening = models.DecimalField(**MONEY)
    closing = models.DecimalField(**MONEY)
    peak = models.DecimalField(**MONEY)
    net = models.DecimalField(**MONEY)
    trades_closed = models.PositiveIntegerField(default=0)
    tier = models.CharField(max_length=40)
    synthetic = models.BooleanField(default=False)
    inferred = models.BooleanField(default=False)
    halts = models.JSONField(default=list)
    lifted = models.JSONField(default=list)
    tiers = models.JSONField(default=list)

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["backtest", "day"], name="backtest_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} of backtest {self.backtest_id}"


class BacktestTrade(models.Model):
    """One closed trade of a run. Columns that `trading.models.Trade` has too mean the same."""

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="trades", db_index=False)
    name = models.CharField(max_length=KEY, help_text="The id that the engine derived.")
    day = models.DateField()
    symbol = models.CharField(max_length=40)
    direction = models.SmallIntegerField(choices=DIRECTIONS)
    size = models.PositiveIntegerField()
    pattern = models.CharField(max_length=40)
    regime = models.CharField(max_length=20)
    tier = models.CharField(max_length=40)
    signal = models.CharField(max_length=KEY, help_text="The signal's id.")

    entry_ns = models.BigIntegerField()
    entry_ts = models.DateTimeField()
    entry_notional = models.BigIntegerField(help_text="Price in ticks * size in lots.")
    entry_price = models.DecimalField(**PRICE)
    stop = models.DecimalField(**PRICE, help_text="As first set.")
    target = models.DecimalField(**PRICE)
    last_stop = models.DecimalField(**PRICE, help_text="Where the stop worked at the end.")
    exit_ns = models.BigIntegerField()
    exit_ts = models.DateTimeField()
    exit_notional = models.BigIntegerField()
    exit_price = models.DecimalField(**PRICE)
    exit_reason = models.CharField(max_length=20)
    mae = models.PositiveIntegerField(help_text="Worst excursion, ticks.")
    mfe = models.PositiveIntegerField(help_text="Best excursion, ticks.")
    gross = models.DecimalField(**MONEY)
    fees = models.DecimalField(**MONEY)
    slippage = models.DecimalField(**MONEY, help_text="Part of gross.")
    net = models.DecimalField(**MONEY)
    balance_before = models.DecimalField(**MONEY)
    balance = models.DecimalField(**MONEY, help_text="The account's, after the trade.")

    class Meta:
        ordering = ["exit_ns", "id"]
        constraints = [
            models.UniqueConstraint(fields=["backtest", "name"], name="backtest_trade_once"),
            models.CheckConstraint(
                condition=Q(direction__in=[1, -1]), name="backtest_trade_direction"
            ),
        ]
        indexes = [models.Index(fields=["backtest", "exit_ns"], name="backtest_trade_ts")]

    def __str__(self) -> str:
        return self.name


class Study(models.Model):
    """A stress test of a run, or a sweep over many: what was asked (`spec`, with its seed) and what
    came of it (`result`), in the form that its kind's module documents."""

    class Kind(models.TextChoices):
        STRESS = "stress"
        SWEEP = "sweep"
        WALK_FORWARD = "walk_forward"
        LOOKAHEAD = "lookahead"

    kind = models.CharField(max_length=12, choices=Kind)
    status = models.CharField(
        max_length=10, choices=Backtest.Status, default=Backtest.Status.WAITING
    )
    backtest = models.ForeignKey(
        Backtest, models.CASCADE, null=True, blank=True, related_name="studies",
        help_text="The run that is stressed, or that a sweep varies.",
    )  # fmt: skip
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="studies"
    )
    spec = models.JSONField(default=dict)
    result = models.JSONField(default=dict, blank=True)
    done = models.PositiveIntegerField(default=0, help_text="Of `parts`.")
    parts = models.PositiveIntegerField(default=0)
    stop_asked = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        kind: Any = self.get_kind_display()
        return f"{kind} {self.pk}"


class StudyPoint(models.Model):
    """A run of a sweep that is done, kept so that it is not run again: `name` is a digest of all
    that its result depends on, `content` what `backtests.sweeps.ran` writes."""

    study = models.ForeignKey(Study, models.CASCADE, related_name="points", db_index=False)
    name = models.CharField(max_length=40)
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["study", "name"], name="study_point_once")]

    def __str__(self) -> str:
        return f"{self.name} of study {self.study_id}"


class BacktestPart(models.Model):
    """A part of a run's work, as one process does it: the analysis of days `first` to before
    `last` (numbers in the plan), or, with number 0, the account's way through all of them.

    Whoever works on it holds it until `lease_until` and says so again and again; a part whose
    lease has ended belongs to nobody (`backtests.leases`).
    """

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    days_done = models.PositiveIntegerField(default=0)
    days_kept = models.PositiveIntegerField(default=0, help_text="Whose analysis was cached.")
    holder = models.CharField(max_length=120, blank=True, help_text="Host, process, and a token.")
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0, help_text="Begun since a day was last done.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="To the queue, the last time.")
    sends = models.PositiveIntegerField(default=0)
    task_id = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    alone = models.BooleanField(
        default=False, help_text="Held by a process that does the whole run; nobody else goes on."
    )

    class Meta:
        ordering = ["backtest_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["backtest", "number"], name="backtest_part_once")
        ]

    def __str__(self) -> str:
        return f"part {self.number} of backtest {self.backtest_id}"
