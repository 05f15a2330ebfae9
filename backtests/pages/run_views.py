"""One run: how far it is, what came of it, its trades and days, and its files."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from backtests.models import Backtest
from backtests.pages.answers import needs_permission, page, refused, run_or_404
from backtests.pages.runs import equity_so_far, is_finished, progress_to_wire, share
from trading.templatetags.pages import duration


@require_safe
@never_cache
@login_required
def run(request: HttpRequest, pk: int) -> HttpResponse:
    row = run_or_404(pk)
    context: dict[str, Any] = {"run": row, "running": not is_finished(row)}
    if not is_finished(row):
        context |= progress_of(row)
    return page(request, "run.html", context)


def progress_of(row: Backtest) -> dict[str, Any]:
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
    return page(request, "_progress.html", {"run": row} | progress_of(row))


@require_POST
@needs_permission("stop backtests")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    from backtests import control

    row = run_or_404(pk)
    if is_finished(row):
        return refused(
            request, 409, f"Backtest {pk} is over", f"It is {row.status}; there is nothing to stop."
        )
    control.stop(row)
    return redirect("backtest", pk)
