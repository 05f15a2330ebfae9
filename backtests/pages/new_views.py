"""The form that starts a backtest."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backtests.models import Backtest
from backtests.pages import form
from backtests.pages.answers import needs_permission, page, run_or_404, user_of
from backtests.pages.choices import accounts, configurations, fills, most_workers, stored_days


@require_http_methods(["GET", "HEAD", "POST"])
@needs_permission("start backtests")
def new(request: HttpRequest) -> HttpResponse:
    """GET shows the form, filled in as the address or another run (`?again=12`) says; POST starts
    the run and leads to its page."""
    if request.method == "POST":
        asked = form.read(request.POST.dict())
        if asked.plan is None:
            return _form(request, asked)
        from backtests import control

        row = control.ask(
            asked.plan,
            asked_from=Backtest.Asked.PAGE,
            asked_by=user_of(request),
            note=asked.note,
            workers=asked.workers,
        )
        return redirect("backtest", row.pk)
    sent = request.GET.dict()
    if sent.get("again", "").isdecimal():
        sent = form.again(run_or_404(int(sent["again"][:18]))) | {
            name: value for name, value in sent.items() if name != "again"
        }
    held = stored_days()
    sent.setdefault("symbol", held[0].symbol if held else "")
    return _form(request, form.read(sent), fresh=True)


@require_safe
@never_cache
@login_required
def estimate(request: HttpRequest) -> HttpResponse:
    """What the form, as it is filled in now, comes to: days, what is missing, what is wrong."""
    asked = form.read(request.GET.dict())
    return page(request, "_estimate.html", {"asked": asked, "found": asked.found})


def _form(request: HttpRequest, asked: form.Filled, *, fresh: bool = False) -> HttpResponse:
    context: dict[str, Any] = {
        "asked": asked,
        "found": asked.found,
        "values": asked.values,
        "problems": {} if fresh else asked.problems,
        "stored": stored_days(),
        "configurations": configurations(),
        "accounts": accounts(),
        "which": form.WHICH,
        "tiers": form.TIER_WORDS,
        "sessions": form.SESSION_WORDS,
        "fills": fills(),
        "workers": most_workers(),
    }
    return page(request, "new.html", context)
