"""The store of logins: Django's in the database, with an end that no use puts off.

A login ends when it was not used for LOGIN_IDLE_HOURS, and LOGIN_DAYS after it was made, however
busy. Rules: use is a request, an open page is none; a row is written again only when a hundredth of
the idle time has passed, so that a request costs no write; what ended opens neither pages nor
sockets, since both read here (the clean-up deletes its row).
"""

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

BEGUN: Final = "login_begun"
"""When the user logged in, in seconds since 1970."""


class SessionStore(DatabaseStore):
    def load(self) -> dict[str, Any]:
        return self._of(self._get_session_from_db())  # type: ignore[attr-defined]

    async def aload(self) -> dict[str, Any]:
        return self._of(await self._aget_session_from_db())  # type: ignore[attr-defined]

    def _of(self, row: Any) -> dict[str, Any]:
        if row is None:
            return {}
        data: dict[str, Any] = self.decode(row.session_data)
        if SESSION_KEY not in data:
            return data
        now = timezone.now()
        if BEGUN not in data:  # made by an older version
            data[BEGUN] = int(now.timestamp())
            self.modified = True
        if now >= end_of(data):
            self._session_key = None
            return {}
        if row.expire_date - now < idle() * 0.99:
            self.modified = True  # written, and the cookie sent again, with the answer
        return data


def idle() -> timedelta:
    return timedelta(seconds=settings.SESSION_COOKIE_AGE)


def end_of(data: dict[str, Any]) -> datetime:
    """When a login ends whatever happens."""
    begun = datetime.fromtimestamp(data[BEGUN], tz=timezone.get_default_timezone())
    return begun + timedelta(days=settings.LOGIN_DAYS)


def note_login(sender: Any, request: HttpRequest, **_: Any) -> None:
    """A user logged in."""
    session: SessionBase = request.session
    session[BEGUN] = int(timezone.now().timestamp())
