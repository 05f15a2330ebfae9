"""One run: how far it is, what came of it, its trades and days, and its files."""

from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from backtests.models import Backtest
from backtests.pages.answers import attached, needs_permission, page, refused, run_or_404, user_of
from backtests.pages.runs import (
    days_of,
    equity_so_far,
    is_finished,
    progress_to_wire,
    share,
)
from backtests.pages.trades import csv_of, sessions_on, tiers_of, totals, trade_filter
from trading.pages import answers, filters
from trading.pages.address import columns
from trading.recap.figures import DEFINITIONS
from trading.templatetags.pages import duration

COLUMNS: Final = (
    ("entry", "Entry", "New York"),
    ("symbol", "Trade", "Direction, size and symbol; sorts by symbol"),
    ("pattern", "Pattern", "The pattern whose signal was traded"),
    ("regime", "Regime", "The market's regime when the signal came"),
    ("", "In → out", "Average prices of entry and exit"),
    ("exit", "Exit", "Why it was closed"),
    ("held", "Held", "Time from entry to exit"),
    ("mae", "MAE", "Worst excursion against the entry while held, ticks"),
    ("mfe", "MFE", "Best excursion from the entry while held, ticks"),
    ("slippage", "Slippage", "What its fills cost against their prices without; part of the net"),
    ("fees", "Fees", DEFINITIONS["fees"]),
    ("net", "Net", "P&L less fees"),
    ("balance", "Balance", "The account's, after the trade"),
)
NUMBERS: Final = ("mae", "mfe", "slippage", "fees", "net", "balance")


@require_safe
@never_cache
@login_required
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """While it runs how far it is, then its report."""
    row = run_or_404(pk)
    running = not is_finished(row)
    context: dict[str, Any] = {"run": row, "running": running}
    if running:
        context |= _progress(row)
    elif row.days_done:
        from backtests.pages import report  # loads metrics and plots

        context |= report.shown(row) | _trades(request, row) | _days(request, row)
        context["studies"] = row.studies.select_related("asked_by").defer("spec", "result")
    return page(request, "run.html", context)


def _progress(row: Backtest) -> dict[str, Any]:
    started = row.started_at
    return {
        "wire": progress_to_wire(row),
        "widths": {
            "done": share(row.days_done, row.days_asked),
            "analysed": share(row.days_analysed, row.days_asked),
        },
        "equity": equity_so_far(row),
        "elapsed": duration(timezone.now() - started) if started else "",
    }


@require_safe
@never_cache
@login_required
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, again and again; once it is over, the whole page."""
    row = run_or_404(pk)
    if is_finished(row):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return page(request, "_progress.html", {"run": row} | _progress(row))


@require_POST
@needs_permission("stop backtests")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    from backtests import control

    row = run_or_404(pk)
    if is_finished(row):
        return refused(
            request, 409, f"Backtest {pk} is over", f"It is {row.status}; there is nothing to stop."
        )
    control.stop(row, asked_by=user_of(request))
    return redirect("backtest", pk)


# Trades


@require_safe
@never_cache
@login_required
def trades(request: HttpRequest, pk: int) -> HttpResponse:
    """The list alone; opened in a browser, a page of it."""
    row = run_or_404(pk)
    context = {"run": row} | _trades(request, row)
    query = context["wanted"].query(page=context["trade_page"].number)
    return page(request, "trades.html", context, "_trades.html", query=query)


def _trades(request: HttpRequest, row: Backtest) -> dict[str, Any]:
    wanted = trade_filter(request.GET.dict())
    found = wanted.apply(row.trades.all())
    shown = Paginator(found, answers.PAGE_SIZE).get_page(wanted.page)
    rows = list(shown.object_list)
    sessions = sessions_on(row.symbol, {each.day for each in rows})
    return {
        "wanted": wanted,
        "trade_page": shown,
        "trades": [(each, sessions.get(each.day)) for each in rows],
        "totals": totals(found),
        "definitions": DEFINITIONS,
        "choices": filters.CHOICES | {"tier": tiers_of(row)},
        "columns": columns(wanted, COLUMNS, NUMBERS),
        "before": wanted.query(page=shown.number - 1),
        "after": wanted.query(page=shown.number + 1),
    }


@require_safe
@never_cache
@login_required
def trades_csv(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    row = run_or_404(pk)
    wanted = trade_filter(request.GET.dict())
    if wanted.problems:
        return HttpResponse("\n".join(wanted.problems), status=400, content_type="text/plain")
    return StreamingHttpResponse(
        csv_of(wanted.apply(row.trades.all())),
        content_type="text/csv; charset=utf-8",
        headers=attached(f"backtest-{row.pk}-{row.symbol}-trades.csv"),
    )


# Days


@require_safe
@never_cache
@login_required
def days(request: HttpRequest, pk: int) -> HttpResponse:
    row = run_or_404(pk)
    return page(request, "days.html", {"run": row} | _days(request, row), "_days.html")


def _days(request: HttpRequest, row: Backtest) -> dict[str, Any]:
    shown = Paginator(days_of(row), answers.PAGE_SIZE).get_page(request.GET.get("days"))
    sessions = sessions_on(row.symbol, {each.day for each in shown.object_list})
    return {
        "day_page": shown,
        "day_rows": [(each, sessions.get(each.day)) for each in shown.object_list],
    }


# Files


@require_safe
@never_cache
@login_required
def report_html(request: HttpRequest, pk: int) -> HttpResponse:
    """The report as a file of its own, always as a download: its policy is not the pages'."""
    row = run_or_404(pk)
    if why := _nothing(row):
        return HttpResponse(why, status=409, content_type="text/plain")
    from backtests.pages import report

    return HttpResponse(report.as_html(row), headers=attached(report.file_name(row, "html")))


@require_safe
@never_cache
@login_required
def report_json(request: HttpRequest, pk: int) -> HttpResponse:
    row = run_or_404(pk)
    if why := _nothing(row):
        return JsonResponse({"error": why}, status=409)
    from backtests.pages import report

    return JsonResponse(
        report.as_document(row),
        json_dumps_params={"indent": 2},
        headers=attached(report.file_name(row, "json")),
    )


def _nothing(row: Backtest) -> str:
    """Why there is no report; "" if there is one."""
    if not is_finished(row):
        return f"Backtest {row.pk} is not finished."
    return "" if row.days_done else f"Backtest {row.pk} has no finished day."
