"""The recap of a day."""

from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trading.pages.answers import query_of
from trading.pages.recap import days_of, recap, sessions_on
from trading.recap.figures import DEFINITIONS


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
