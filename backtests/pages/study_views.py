"""Stress tests, sweeps and walks forward: the list, and one of them."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backtests.models import Backtest, Study
from backtests.pages.answers import page
from trading.pages import answers


@require_safe
@never_cache
@login_required
def study_list(request: HttpRequest) -> HttpResponse:
    rows = Study.objects.select_related("asked_by").defer("spec", "result")
    shown = Paginator(rows, answers.PAGE_SIZE).get_page(request.GET.get("page"))
    last = Backtest.objects.filter(days_done__gt=0).order_by("-pk").first()
    return page(request, "studies.html", {"page": shown, "studies": shown, "last": last})


@require_safe
@never_cache
@login_required
def study(request: HttpRequest, pk: int) -> HttpResponse:
    row = Study.objects.select_related("asked_by", "backtest").filter(pk=pk).first()
    if row is None:
        raise Http404(f"There is no study {pk}.")
    from backtests.pages import studies  # loads plots

    context: dict[str, Any] = {"study": row} | studies.shown(row)
    return page(request, "study.html", context)
