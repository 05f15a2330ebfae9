"""What people want: commands, looks before a session, logins."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketdata.models import MONEY, Instrument
from trading.models.accounts import Account
from trading.models.sessions import Session
from trading.models.words import Mode


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
