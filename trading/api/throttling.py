"""How often somebody may ask: a user or token, and an address that is not logged in.

What makes it safer is never refused for being asked for too often: a trader who pulls the kill
switch again and again, or whose script ran wild before he did, is still heard.
"""

from typing import Any, ClassVar, Final

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from trading.models import ApiToken

NEVER: Final = ("halt", "flatten", "kill", "stop")


class PerMinute(SimpleRateThrottle):
    """So many requests a minute of each."""

    setting: ClassVar[str]

    def get_rate(self) -> str:
        return f"{getattr(settings, self.setting)}/min"


class Everybody(PerMinute):
    """All requests but commands."""

    scope = "all"
    setting = "API_REQUESTS_PER_MINUTE"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return None if _steers(request, view) else _who(self, request)


class Commands(PerMinute):
    """Commands that are not for safety, apart from the rest."""

    scope = "commands"
    setting = "API_COMMANDS_PER_MINUTE"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        asked = _steers(request, view)
        return None if not asked or asked in NEVER else _who(self, request)


class Anonymous(PerMinute):
    """By address: those who are not logged in, and those whose token does not count."""

    scope = "anonymous"
    setting = "API_ANONYMOUS_PER_MINUTE"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


def _steers(request: Request, view: Any) -> str:
    """The command that a request asks for; "" if it asks for none."""
    return str(getattr(view, "kind", "")) if request.method == "POST" else ""


def _who(throttle: PerMinute, request: Request) -> str | None:
    if not request.user.is_authenticated:
        return None
    token = request.auth
    ident = f"token-{token.pk}" if isinstance(token, ApiToken) else f"user-{request.user.pk}"
    return throttle.cache_format % {"scope": throttle.scope, "ident": ident}
