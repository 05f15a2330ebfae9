"""The list of runs, and what is done with runs as a whole: deleting, comparing."""

from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backtests.models import Backtest
from backtests.pages import deleting
from backtests.pages.answers import attached, needs_permission, page, refused, run_or_404, user_of
from backtests.pages.choices import stored_days
from backtests.pages.runs import NUMBER, is_finished, run_filter, runs, symbols
from trading.pages import answers
from trading.pages.address import columns

COLUMNS: Final = (
    ("asked", "Run", "Number, and when it was asked for; New York"),
    ("symbol", "Market", "Symbol and trading days"),
    ("days", "Days", "Days done of those asked for"),
    ("", "Configuration", ""),
    ("", "State", ""),
    ("trades", "Trades", "Closed trades"),
    ("net", "Net", "P&L less fees"),
)
NUMBERS: Final = ("days", "trades", "net")


@require_safe
@never_cache
@login_required
def run_list(request: HttpRequest) -> HttpResponse:
    wanted = run_filter(request.GET.dict())
    rows = wanted.apply(runs())
    shown = Paginator(rows, answers.PAGE_SIZE).get_page(wanted.page)
    any_run = bool(shown.object_list) or Backtest.objects.exists()
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": shown,
        "any": any_run,
        "columns": columns(wanted, COLUMNS, NUMBERS),
        "before": wanted.query(page=shown.number - 1),
        "after": wanted.query(page=shown.number + 1),
        "choices": {"symbol": symbols(), "status": Backtest.Status.values},
    }
    if not any_run:
        context["stored"] = stored_days()
    query = wanted.query(page=shown.number)
    return page(request, "list.html", context, "_list.html", query=query)


@require_http_methods(["GET", "HEAD", "POST"])
@needs_permission("delete backtests")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST deletes. A run that still works is stopped first."""
    row = run_or_404(pk)
    if not is_finished(row):
        return refused(
            request, 409, f"Backtest {pk} is not finished", "Stop it first; then it can be deleted."
        )
    if request.method == "POST":
        deleting.delete(row, user_of(request))
        return redirect("backtests")
    return page(request, "delete.html", {"run": row, "studies": row.studies.count()})


@require_safe
@never_cache
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    """`?a=1&b=2`; the list's boxes send `?run=1&run=2`, which leads there."""
    chosen = request.GET.getlist("run")
    if chosen:
        if len(chosen) != 2:
            return refused(
                request, 400, "Two runs can be compared", "Choose exactly two of the list."
            )
        query = urlencode({"a": chosen[0], "b": chosen[1]})
        return redirect(f"{reverse('backtest-compare')}?{query}")
    found = _two(request)
    if isinstance(found, HttpResponse):
        return found
    from backtests.pages import comparing

    return page(request, "compare.html", comparing.shown(*found))


@require_safe
@never_cache
@login_required
def compare_html(request: HttpRequest) -> HttpResponse:
    """The same as a file of its own."""
    found = _two(request)
    if isinstance(found, HttpResponse):
        return found
    from backtests.pages import comparing

    name = f"backtests-{found[0].pk}-{found[1].pk}.html"
    return HttpResponse(comparing.as_html(*found), headers=attached(name))


def _two(request: HttpRequest) -> tuple[Backtest, Backtest] | HttpResponse:
    """The runs of the address, or why there are none."""
    a, b = (_chosen(request.GET.get(name, "")) for name in ("a", "b"))
    if a is not None and b is not None:
        return a, b
    missing = " and ".join(name for name, row in (("a", a), ("b", b)) if row is None)
    return refused(
        request,
        404,
        "There is nothing to compare",
        f"{missing} of the address names no finished backtest; choose two of the list.",
    )


def _chosen(number: str) -> Backtest | None:
    """A run that can be compared."""
    if not number.isdecimal() or len(number) > NUMBER:
        return None
    row = Backtest.objects.select_related("asked_by").filter(pk=int(number)).first()
    return row if row is not None and is_finished(row) and row.days_done else None
