"""What the form can be filled with: stored days, configurations, accounts, fills."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from engine.account_rules import FILL_PROFILES
from engine.instruments import INSTRUMENTS
from marketdata.store import the_store
from trading.models import Account, Configuration


@dataclass(frozen=True)
class StoredDays:
    """The days of one symbol in the tick store, at least one."""

    symbol: str
    days: Sequence[date]

    @property
    def first(self) -> date:
        return self.days[0]

    @property
    def last(self) -> date:
        return self.days[-1]

    @property
    def count(self) -> int:
        return len(self.days)


def stored_days() -> list[StoredDays]:
    """Every symbol that the engine knows and the store has days of."""
    store = the_store()
    found = [StoredDays(name, store.days(name)) for name in store.symbols() if name in INSTRUMENTS]
    return [each for each in found if each.days]


def configurations() -> list[str]:
    """`NAME@VERSION`, by name, the newest version first."""
    return [str(row) for row in Configuration.objects.only("name", "version")]


def accounts() -> list[str]:
    return list(Account.objects.order_by("name").values_list("name", flat=True))


def fills() -> list[str]:
    return list(FILL_PROFILES)


def most_workers() -> int:
    """Processes that a run may have here; 0 where Celery's workers do it, however many they are."""
    return 0 if settings.REDIS_URL else os.cpu_count() or 1
