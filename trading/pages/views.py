"""Trades and one trade. Thin: reading is in the modules that `trading.pages` names.

Every page needs a login. A list asked for by htmx is answered with the list alone; the same address
opened in a browser gives the whole page, so links, reloads and browsers without scripts see the
same.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trading.errors import ExplainError
from trading.models import Trade
from trading.pages import answers, filters
from trading.pages.address import columns
from trading.pages.answers import page
from trading.pages.export import csv_of
from trading.pages.story import shape
from trading.pages.trades import (
    entered_trades,
    filtered_trades,
    neighbours,
    totals,
    trade_chart,
    trade_with_all,
    traded_choices,
)
from trading.recap.figures import DEFINITIONS

# Trades


@require_safe
@never_cache
@login_required
def trades(request: HttpRequest) -> HttpResponse:
    wanted = filters.trade_filter(request.GET.dict())
    rows = filtered_trades(wanted)
    pages = Paginator(rows, answers.PAGE_SIZE)
    shown = pages.get_page(wanted.page)
    context = {
        "wanted": wanted,
        "choices": filters.CHOICES | traded_choices(),
        "totals": totals(rows),
        "definitions": DEFINITIONS,
        "page": shown,
        "any": bool(shown.object_list) or entered_trades().exists(),
        "columns": columns(wanted, COLUMNS, NUMBERS),
        "before": wanted.query(page=shown.number - 1),
        "after": wanted.query(page=shown.number + 1),
    }
    query = wanted.query(page=shown.number)
    return page(request, "trades.html", context, "_trades.html", query=query)


COLUMNS = (
    ("entry", "Entry", ""),
    ("account", "Account", ""),
    ("symbol", "Trade", "Direction, size and symbol; sorts by symbol"),
    ("pattern", "Pattern", "The pattern whose signal was traded"),
    ("regime", "Regime", "The market's regime when the signal came"),
    ("", "In → out", "Average prices of entry and exit"),
    ("exit", "Exit", "Why it was closed"),
    ("held", "Held", "Time from entry to exit"),
    ("mae", "MAE", "Worst excursion against the entry while held, ticks"),
    ("mfe", "MFE", "Best excursion from the entry while held, ticks"),
    ("fees", "Fees", DEFINITIONS["fees"]),
    ("net", "Net", "P&L less fees"),
)
NUMBERS = ("mae", "mfe", "fees", "net")


@require_safe
@never_cache
@login_required
def trades_csv(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    wanted = filters.trade_filter(request.GET.dict())
    if wanted.problems:
        return HttpResponse("\n".join(wanted.problems), status=400, content_type="text/plain")
    parts = ("trades", slugify(wanted.values.get("account", "")), wanted.first, wanted.last)
    name = "-".join(str(part) for part in parts if part)
    return StreamingHttpResponse(
        csv_of(filtered_trades(wanted)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, f"{name}.csv") or ""},
    )


# One trade


def _trade(pk: str) -> Trade:
    row = trade_with_all(pk)
    if row is None:
        raise Http404(f"There is no trade {pk}.")
    return row


@require_safe
@never_cache
@login_required
def trade(request: HttpRequest, pk: str) -> HttpResponse:
    """The trade's row at once; its story follows, for it takes a replay. `?whole` waits for it, for
    browsers without scripts."""
    row = _trade(pk)
    decided_in = row.signal.session_id if row.signal else row.session_id
    context: dict[str, Any] = {
        "trade": row,
        "near": neighbours(row),
        "definitions": DEFINITIONS,
        "replay": reverse("replay-session", args=[decided_in]),
    }
    if "whole" in request.GET:
        context |= _story(pk)
    return render(request, "trading/pages/trade.html", context)


@require_safe
@never_cache
@login_required
def trade_story(request: HttpRequest, pk: str) -> HttpResponse:
    """The story alone, for the trade's page."""
    row = _trade(pk)
    return render(request, "trading/pages/_story.html", {"trade": row} | _story(pk))


def _explained(pk: str) -> dict[str, Any]:
    from trading.explain.finding import explain  # loads the engine, which takes a moment

    return explain(pk)


def _story(pk: str) -> dict[str, Any]:
    try:
        return shape(_explained(pk))
    except ExplainError as error:
        return {"problem": str(error)}


@require_safe
@never_cache
@login_required
def trade_json(request: HttpRequest, pk: str) -> JsonResponse:
    """The story as `manage.py explain --json` writes it."""
    _trade(pk)
    try:
        answer = JsonResponse(_explained(pk), json_dumps_params={"indent": 2})
    except ExplainError as error:
        return JsonResponse({"error": str(error)}, status=409)
    answer["Content-Disposition"] = content_disposition_header(True, f"{pk}.json") or ""
    return answer


@require_safe
@never_cache
@login_required
def trade_data(request: HttpRequest, pk: str) -> JsonResponse:
    """What the chart of a trade's page draws."""
    return JsonResponse(trade_chart(_trade(pk)))
