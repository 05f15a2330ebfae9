"""A link that logs in once, for the terminal of a process that serves the page.

Whoever can read the terminal may log in; nobody has to invent a password before the first look. A
token is signed, valid for 15 minutes, and good for one use: its hash is a row, and using it sets
`used_at` in one statement, so that of two who try at once one gets in.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from trading.errors import StartError
from trading.models import OneTimeLogin

VALID_FOR: Final = timedelta(minutes=15)
FIRST_USER: Final = "trader"
_SALT: Final = "trading.login"


def one_time_link(base_url: str) -> str:
    """An address below `base_url` that logs in as the first superuser.

    Without any user it makes the superuser "trader", who has no password.
    """
    token = make_token(_operator())
    return base_url.rstrip("/") + reverse("login-once", args=[token])


def make_token(user: User) -> str:
    """A new token for a user; old ones that nobody used in time are forgotten."""
    now = timezone.now()
    OneTimeLogin.objects.filter(used_at=None, expires_at__lt=now).delete()
    token = signing.dumps(secrets.token_urlsafe(24), salt=_SALT)
    OneTimeLogin.objects.create(token_hash=_hash(token), user=user, expires_at=now + VALID_FOR)
    return token


def redeem(token: str) -> User | None:
    """The user of a token that was never used and is still valid; uses it up."""
    try:
        signing.loads(token, salt=_SALT, max_age=VALID_FOR)
    except signing.BadSignature:
        return None
    now = timezone.now()
    digest = _hash(token)
    used = OneTimeLogin.objects.filter(
        token_hash=digest, used_at=None, expires_at__gt=now, user__is_active=True
    ).update(used_at=now)
    if not used:
        return None
    return OneTimeLogin.objects.select_related("user").get(token_hash=digest).user


def _operator() -> User:
    """The superuser who has been there longest; made when there is no user at all."""
    if not User.objects.exists():
        return User.objects.create_superuser(FIRST_USER)
    active = User.objects.filter(is_active=True).order_by("-is_superuser", "-is_staff", "pk")
    user = active.first()
    if user is None:
        raise StartError("every user is inactive; make one with manage.py createsuperuser")
    return user


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
