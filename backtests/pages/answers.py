"""Who may, and how a refusal looks: a page that says it in words."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache

from backtests import access
from backtests.models import Backtest
from trading.pages import answers
from trading.pages.answers import attached

__all__ = ["attached", "needs_permission", "page", "refused", "run_or_404", "user_of"]

FOLDER: Final = "backtests"
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def page(
    request: HttpRequest, name: str, context: dict[str, Any], part: str = "", *, query: str = ""
) -> HttpResponse:
    """As `trading.pages.answers.page`; a page that asks knows whether its user may start and
    stop."""
    known = context | {"may_run": partial(may_run, request)}
    return answers.page(request, name, known, part, query=query, folder=FOLDER)


def may_run(request: HttpRequest) -> bool:
    return access.may_run(cast(User, request.user))


def needs_permission(what: str) -> Callable[[View[P]], View[P]]:
    """A view for logged-in users who may steer; others are told what they may not, and why."""

    def wrap(view: View[P]) -> View[P]:
        @never_cache
        @login_required
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not may_run(request):
                return refused(
                    request,
                    403,
                    f"{request.user.get_username()} may look but not {what}",
                    f"An administrator can give the permission {access.OWN}.",
                )
            return view(request, *args, **kwargs)

        return checked

    return wrap


def refused(request: HttpRequest, status: int, title: str, remedy: str) -> HttpResponse:
    context = {"title": title, "remedy": remedy}
    return render(request, "backtests/refused.html", context, status=status)


def run_or_404(pk: int) -> Backtest:
    row = Backtest.objects.select_related("asked_by").filter(pk=pk).first()
    if row is None:
        raise Http404(f"There is no backtest {pk}.")
    return row


def user_of(request: HttpRequest) -> User:
    """The request's user itself: rows and tasks take no lazy object."""
    user = request.user
    return cast(User, user._wrapped if isinstance(user, SimpleLazyObject) else user)
