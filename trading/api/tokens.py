"""Tokens: made, found, revoked.

A token is `tb_` and 32 random bytes. Its SHA-256 is kept, nothing else: whoever reads the database
can use none of them. Time here is the real one, also where a day runs faster than it passes.
"""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from trading.errors import TradingError
from trading.models import ApiToken

PREFIX: Final = "tb_"
HINT: Final = 9
SEEN_EVERY: Final = timedelta(minutes=1)
DAYS: Final = 90
MOST_DAYS: Final = 3650
LONGEST_NAME: Final = 80


class Scope(StrEnum):
    """What a token is for. A browser's login has all of them."""

    READ = "read"
    TRADE = "trade"
    SETTINGS = "settings"
    BACKTEST = "backtest"


MEANS: Final = {
    Scope.READ: "look at everything",
    Scope.TRADE: "start, stop, halt, resume, flatten, kill",
    Scope.SETTINGS: "change settings",
    Scope.BACKTEST: "run and cancel backtests",
}


class TokenError(TradingError, ValueError):
    """A token that cannot be made or found; `field` names what is wrong."""

    def __init__(self, text: str, *, field: str = "") -> None:
        self.field = field
        super().__init__(text)


def create(
    user: User, name: str, scopes: Collection[str], *, days: int = DAYS
) -> tuple[ApiToken, str]:
    """The row and the token itself, which nobody can be told again. TokenError for what makes no
    sense."""
    _check(name, scopes, days)
    text = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            row = ApiToken.objects.create(
                user=user,
                name=name,
                hint=text[:HINT],
                token_hash=digest(text),
                scopes=[scope.value for scope in Scope if scope in scopes],
                expires_at=timezone.now() + timedelta(days=days),
            )
    except IntegrityError:
        raise TokenError(
            f"{user.get_username()} has a token {name!r} already; choose another name", field="name"
        ) from None
    return row, text


def _check(name: str, scopes: Collection[str], days: int) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise TokenError(
            f"name {name[:90]!r} is no name of a token; use 1 to {LONGEST_NAME} characters",
            field="name",
        )
    unknown = sorted(set(scopes) - set(Scope))
    if unknown or not scopes:
        raise TokenError(
            f"scopes {', '.join(unknown) or 'none'} cannot be given; a scope is {', '.join(Scope)}",
            field="scopes",
        )
    if not 1 <= days <= MOST_DAYS:
        raise TokenError(f"days {days} is no time; use 1 to {MOST_DAYS}", field="days")


def find(text: str) -> ApiToken | None:
    """The row of a token that counts now, with its user; it is noted that it was used."""
    rows = valid().filter(token_hash=digest(text)).select_related("user")
    row = rows.first()
    if row is not None:
        _seen(row, timezone.now())
    return row


def valid() -> QuerySet[ApiToken]:
    """Tokens that neither ended nor were revoked, of users who may log in."""
    return ApiToken.objects.filter(
        revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True
    )


def revoke(row: ApiToken) -> bool:
    """From now on it counts no more. False when it was revoked before."""
    now = timezone.now()
    changed = ApiToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=now)
    row.refresh_from_db()
    return bool(changed)


def state(row: ApiToken) -> str:
    if row.revoked_at is not None:
        return "revoked"
    return "expired" if row.expires_at <= timezone.now() else "valid"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _seen(row: ApiToken, now: datetime) -> None:
    """At most once a minute: a script that asks often must not write as often."""
    before = now - SEEN_EVERY
    if row.last_used_at is not None and row.last_used_at > before:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=before)
    ApiToken.objects.filter(due, pk=row.pk).update(last_used_at=now)
