"""What the control views share: who may, what was sent, and answers that a page can show.

Every answer is JSON. What is refused has `error`, a sentence for a person, and where it concerns
one field of the request, `fields`.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeAlias, cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from trading.models import Account
from trading.selectors import current_session
from trading.wire import Json

LONGEST_BODY: Final = 64 * 1024
View: TypeAlias = Callable[..., HttpResponse]


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status, self.error, self.more = status, error, more

    @property
    def answer(self) -> JsonResponse:
        return JsonResponse({"error": self.error, **self.more}, status=self.status)


def may(user: User, permission: str) -> bool:
    """Staff may steer, and who was given the permission."""
    return user.is_active and (user.is_staff or user.has_perm(permission))


def json_view(view: View) -> View:
    """For logged-in users; others get 401, so that a script need not follow a redirect."""

    @never_cache
    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if not request.user.is_authenticated:
                raise Refused(401, "You are logged out. Log in again.")
            return view(request, *args, **kwargs)
        except Refused as refused:
            return refused.answer

    return answering


def require(request: HttpRequest, permission: str, what: str) -> User:
    """The request's user, if he may."""
    user = cast(User, request.user)
    if not may(user, permission):
        raise Refused(
            403,
            f"{user.get_username()} may look but not {what}; an administrator can give the "
            f"permission {permission}.",
        )
    return user


def body(request: HttpRequest) -> Json:
    """The sent object: JSON, or a form's fields."""
    if request.content_type != "application/json":
        return dict(request.POST.items())
    if len(request.body) > LONGEST_BODY:
        raise Refused(400, f"The request is longer than {LONGEST_BODY // 1024} KiB.")
    if not request.body:
        return {}
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Refused(400, "The request is not JSON.") from None
    if not isinstance(sent, dict):
        raise Refused(400, 'The request is not an object like {"reason": "lunch"}.')
    return sent


def text_of(sent: Json, name: str) -> str:
    """A field that is text, stripped; "" when it was left out."""
    value = sent.get(name, "")
    if not isinstance(value, str):
        raise Refused(400, f"{name} is {json.dumps(value)[:60]}; it must be text.", fields=[name])
    return value.strip()


def account_of(name: str) -> Account:
    """The named account, or with "" the one that was traded last."""
    if name:
        account = Account.objects.filter(name=name).first()
        if account is None:
            raise Refused(404, f"There is no account {name[:60]!r}.", fields=["account"])
        return account
    session = current_session()
    if session is None:
        raise Refused(409, "Nothing has been traded yet: there is no account to steer.")
    return session.account
