"""What we do about the market, as rows.

Signals, orders, fills and trades are what the engine said (`engine.events`), under the ids that the
engine derived: writing a row again changes nothing. Nobody edits them. See `marketdata.models` for
how prices, sizes and times are kept; sides and directions are +1 (buy, long) and -1 (sell, short).
"""

import uuid
from typing import Any, Final, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketdata.models import MONEY, PRICE, Instrument

KEY: Final = 100
"""Longest derived id: account, trading day, sequence number, role."""

SIDES: Final = [(1, "buy"), (-1, "sell")]
DIRECTIONS: Final = [(1, "long"), (-1, "short")]
ROLES: Final = [(name, name) for name in ("entry", "stop", "target", "exit")]


class Mode(models.TextChoices):
    PAPER = "paper"
    LIVE = "live"


class Account(models.Model):
    """Money that is traded with. Balance, peak, streak and halts are what the next session starts
    with; while a pipeline trades the account, it alone writes them."""

    name = models.SlugField(
        max_length=40, unique=True, help_text="Part of every order id; cannot change."
    )
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.PAPER)
    broker = models.CharField(
        max_length=20,
        blank=True,
        help_text="Of a live account: rithmic, or test for a stand-in on this machine.",
    )
    broker_account = models.CharField(
        max_length=64, blank=True, help_text="The account as the broker calls it; cannot change."
    )
    currency = models.CharField(max_length=10, default="USD")
    balance = models.DecimalField(**MONEY)
    peak = models.DecimalField(**MONEY, help_text="Highest closed balance so far.")
    streak = models.IntegerField(
        default=0, help_text="Wins in a row, or losses in a row as a negative number."
    )
    tier = models.CharField(max_length=40, blank=True)
    halts = models.JSONField(
        default=list,
        blank=True,
        help_text="They outlast a restart until a person lifts them.",
    )
    enabled = models.BooleanField(default=True, help_text="A disabled account is not traded.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(mode__in=[value for value, _ in Mode.choices]), name="account_mode"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Tier(models.Model):
    """A step of the capital ladder: from `min_balance` on, trade `symbol` in these sizes.

    A pipeline reads its ladder when it starts.
    """

    class Ladder(models.TextChoices):
        INDEX = "index", "ES and MES"
        SINGLE = "single", "any other instrument"

    ladder = models.CharField(max_length=10, choices=Ladder, default=Ladder.INDEX)
    name = models.CharField(max_length=40)
    min_balance = models.DecimalField(**MONEY)
    instrument = models.ForeignKey(
        Instrument,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tiers",
        help_text="Empty: the feed's own.",
    )
    min_size = models.PositiveIntegerField()
    max_size = models.PositiveIntegerField()
    loss_limit = models.DecimalField(**MONEY, help_text="Per day.")

    class Meta:
        ordering = ["ladder", "min_balance"]
        constraints = [
            models.UniqueConstraint(fields=["ladder", "min_balance"], name="tier_balance_unique"),
            models.UniqueConstraint(fields=["ladder", "name"], name="tier_name_unique"),
            models.CheckConstraint(
                condition=Q(min_size__gte=1, max_size__gte=models.F("min_size")), name="tier_sizes"
            ),
            models.CheckConstraint(
                condition=Q(loss_limit__gt=0, min_balance__gte=0), name="tier_amounts"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Configuration(models.Model):
    """A version of a named configuration: the engine's settings per symbol, as YAML.

    Rows are never changed nor deleted; `trading.configuration.stored` makes the next version. The
    newest is the current one. `digests` names the rules of each symbol as they were understood when
    the version was made.
    """

    name = models.SlugField(max_length=40)
    version = models.PositiveIntegerField()
    text = models.TextField(help_text="YAML; docs/configuration.md says how to write it.")
    digests = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True, help_text="Why it was changed.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="configuration_unique"),
            models.CheckConstraint(
                condition=Q(version__gte=1), name="configuration_version_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{self} is kept as it is; make the next version instead")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{self} is kept: results name it")


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


class Command(models.Model):
    """What an operator wants of an account's pipeline. Executed once; the result is written back.

    The pipeline takes a pending row by setting it to executing, which only one can.
    """

    class Kind(models.TextChoices):
        HALT = "halt", "halt: no more entries"
        RESUME = "resume", "resume: lift an operator's halts"
        FLATTEN = "flatten", "flatten: close the position"
        KILL = "kill", "kill: flatten, cancel, halt"
        STOP = "stop", "stop: end the session, go on serving"
        START = "start", "start: begin or continue the session"

    class Status(models.TextChoices):
        PENDING = "pending"
        EXECUTING = "executing"
        DONE = "done"
        REFUSED = "refused"
        EXPIRED = "expired"
        UNKNOWN = "unknown"  # its pipeline died before it could answer

    account = models.ForeignKey(Account, models.PROTECT, related_name="commands", db_index=False)
    session = models.ForeignKey(Session, models.PROTECT, null=True, related_name="commands")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    key = models.CharField(
        max_length=64,
        blank=True,
        help_text="Made by who asks: asking again under the same key is the same command.",
    )
    confirmed = models.BooleanField(
        default=False, help_text="Who asked typed the broker's account id: a live start needs it."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    executed_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["halt", "resume", "flatten", "kill", "stop", "start"]),
                name="command_kind",
            ),
            models.UniqueConstraint(
                fields=["account", "key"], condition=~Q(key=""), name="command_key_unique"
            ),
        ]
        indexes = [models.Index(fields=["account", "status", "created_at"], name="command_waiting")]

    def __str__(self) -> str:
        return f"{self.kind} {self.account}"


class Preflight(models.Model):
    """A look at everything that trading needs, before it begins (`trading.preflight`).

    `results` has each check's name, level (pass, warn, fail), text and remedy. It counts for its
    account, trading day and rules alone. `account` is a name: the first preflight of a live account
    comes before its row.
    """

    account = models.SlugField(max_length=40)
    mode = models.CharField(max_length=10, choices=Mode)
    broker = models.CharField(max_length=20, blank=True)
    broker_account = models.CharField(max_length=64, blank=True)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    day = models.DateField(help_text="Trading day.")
    rules_digest = models.CharField(max_length=12)
    passed = models.BooleanField()
    results = models.JSONField(default=list)
    balance = models.DecimalField(**MONEY, null=True, help_text="What the broker said.")
    actor = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        get_latest_by = "created_at"
        indexes = [models.Index(fields=["account", "day", "-created_at"], name="preflight_of_day")]

    def __str__(self) -> str:
        return f"{self.account} {self.day} {'passed' if self.passed else 'failed'}"


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


class OneTimeLogin(models.Model):
    """A link that logs in once. Only the token's hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"
