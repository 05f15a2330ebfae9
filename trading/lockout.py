"""Who tries too many wrong passwords has to wait: a name from an address, for a while.

django-axes counts (`AXES_...` in the settings) and refuses before a password is even looked at.
Here is what it is told about addresses, and what people are told. Rules: a name that nobody has is
treated like any other, so that the page does not say who exists; attempts while locked out do not
make it longer; a one-time link and an API token go by no password and are not concerned.
"""

from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import AuthenticationForm as AdminForm

from trading import clock
from trading.models import Notice
from trading.notify import News, post


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from, None when that is not known.

    What a proxy says counts only when one is in front of us, and then its own word alone: the last
    of X-Forwarded-For. Whoever has an IPv6 address has 2^64 of them: they count as one.
    """
    said = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_HTTPS:
        said = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or said
    try:
        address = ip_address(said)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or IPv6Network((int(address), 64), strict=False).network_address)
    return str(address)


def logged_as(
    username: str | None, address: str | None, agent: str, path: str, request: HttpRequest
) -> str:
    """How axes names a client in the log: people type passwords where the name belongs."""
    return f"a client at {address}"


def left(request: HttpRequest, username: str) -> timedelta:
    """How long a name that was just refused from this address has to wait."""
    last = (
        AccessAttempt.objects.filter(username=username, ip_address=client_address(request))
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    if last is None:
        return timedelta()
    over: timedelta = last + settings.AXES_COOLOFF_TIME - timezone.now()
    return max(over, timedelta())


def in_words(wait: timedelta) -> str:
    """At least one minute, never less than it is."""
    minutes = max(1, ceil(wait.total_seconds() / 60))
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


class _SaysHowLong(AuthenticationForm):
    """The error of a login that was refused without being looked at names the time."""

    def locked_out(self) -> bool:
        return bool(getattr(self.request, "axes_locked_out", False))

    def get_invalid_login_error(self) -> ValidationError:
        if self.request is None or not self.locked_out():
            return super().get_invalid_login_error()
        wait = in_words(left(self.request, self.cleaned_data.get("username", "")))
        return ValidationError(
            f"Too many wrong passwords for this name from where you are. Try again in {wait}; the "
            "right password is not taken before.",
            code="locked_out",
        )


class LoginForm(_SaysHowLong):
    """Our page's."""


class AdminLoginForm(_SaysHowLong, AdminForm):  # type: ignore[misc]
    """The admin's."""


def tell(
    sender: Any, request: HttpRequest, username: str | None, ip_address: str | None, **_: Any
) -> None:
    """Somebody is locked out: once an hour for a user, once for all names that nobody has, since
    whoever makes names up must not fill the trader's phone."""
    name = username if User.objects.filter(username=username or "").exists() else ""
    now = clock.now()
    wait = in_words(settings.AXES_COOLOFF_TIME)
    post(
        News(
            kind="login_locked",
            key=f"login_locked/{now:%Y-%m-%dT%H}/{name}",
            title=f"Too many wrong passwords for {name or 'a name that nobody has'}",
            level=Notice.Level.WARNING,
            text=f"Locked out from there for {wait}. If it was not you, somebody is trying to get "
            "in: keep the page off the internet, or let it in from your own address only.",
            facts=[
                ("From", ip_address or "unknown"),
                ("Wrong passwords", str(settings.LOGIN_ATTEMPTS)),
            ],
        )
    )
