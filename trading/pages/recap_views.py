"""The recap of a day: the page, and the same to take away."""

from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trading.pages.answers import attached, query_of
from trading.pages.recap import days_of, recap, sessions_on
from trading.recap.figures import DEFINITIONS
from trading.wire import Json


class DayConverter:
    """A day in an address, as YYYY-MM-DD."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


@require_safe
@never_cache
@login_required
def last(request: HttpRequest) -> HttpResponse:
    """The newest day that there is a session of, or the day that was chosen in the form."""
    account = request.GET.get("account", "")
    days = days_of(account)
    if not days:
        return render(request, "trading/pages/recap.html", {"days": days, "account": account})
    try:
        wanted = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        wanted = days[0]
    query = query_of({"account": account})
    return redirect(reverse("recap-day", args=[wanted]) + (f"?{query}" if query else ""))


@require_safe
@never_cache
@login_required
def day(request: HttpRequest, day: date) -> HttpResponse:
    account = request.GET.get("account", "")
    on_day = sessions_on(day)
    mine = [one for one in on_day if one.account.name == account] if account else on_day[:1]
    days = days_of(account)
    context = {
        "day": day,
        "days": days,
        "account": account or (mine[0].account.name if mine else ""),
        "accounts": [one.account.name for one in on_day],
        "before": next((one for one in days if one < day), None),
        "after": next((one for one in reversed(days) if one > day), None),
        "definitions": DEFINITIONS,
        "query": query_of({"account": account}),
    }
    if mine:
        context |= {"session": mine[0]} | recap(mine[0])
    return render(request, "trading/pages/recap.html", context)


@require_safe
@never_cache
@login_required
def day_json(request: HttpRequest, day: date) -> HttpResponse:
    """The day's document, made now: docs/recap.md."""
    from trading.recap.writing import as_text

    headers = attached(f"{day}_recap.json", "application/json")
    return HttpResponse(as_text(_document(request, day)), headers=headers)


@require_safe
@never_cache
@login_required
def day_html(request: HttpRequest, day: date) -> HttpResponse:
    """The day as a file of its own, always as a download: its policy is not the pages'."""
    from trading.recap.page import html  # loads what draws

    return HttpResponse(html(_document(request, day)), headers=attached(f"{day}_recap.html"))


def _document(request: HttpRequest, day: date) -> Json:
    from trading.recap.document import document

    made = document(day, request.GET.get("account", ""))
    if not made["sessions"]:
        raise Http404(f"no session is stored for {day}")
    return made
