"""Money, and the rules that it is traded by."""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q

from marketdata.models import MONEY, Instrument
from trading.models.words import Mode


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
