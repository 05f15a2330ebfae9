"""The list of notices."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trading.models import Account, Notice
from trading.notify.delivery import state
from trading.pages import answers
from trading.pages.answers import page
from trading.pages.notices import choices, notice_filter, notices, trade_of


@require_safe
@never_cache
@login_required
def notice_list(request: HttpRequest) -> HttpResponse:
    wanted = notice_filter(request.GET.dict())
    shown = Paginator(notices(wanted), answers.PAGE_SIZE).get_page(request.GET.get("page", "1"))
    accounts = {row.name: row for row in Account.objects.filter(mode="live")}
    context = {
        "wanted": wanted,
        "choices": choices(),
        "page": shown,
        "rows": [(row, trade_of(row), accounts.get(row.account)) for row in shown],
        "delivery": state(),
        "before": wanted.query(shown.number - 1),
        "after": wanted.query(shown.number + 1),
        "any": bool(shown.object_list) or Notice.objects.exists(),
    }
    query = wanted.query(shown.number)
    return page(request, "notices.html", context, "_notices.html", query=query)
