"""Sessions and one session."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engine.names import Pattern
from trading.models import Account, Session
from trading.pages import answers
from trading.pages.answers import page, query_of, wants_part
from trading.pages.sessions import (
    FATES,
    audit_of,
    carried,
    configuration_of,
    session_with_all,
    sessions,
    settings_of,
    signal_filter,
    signals_of,
    told,
    trades_of,
)
from trading.pages.trades import totals
from trading.recap.figures import DEFINITIONS


@require_safe
@never_cache
@login_required
def session_list(request: HttpRequest) -> HttpResponse:
    account = request.GET.get("account", "")
    status = request.GET.get("status", "")
    number = request.GET.get("page", "1")
    shown = Paginator(sessions(account, status), answers.PAGE_SIZE).get_page(number)
    asked = {"account": account, "status": status}
    query = query_of(asked | {"page": shown.number if shown.number > 1 else ""})
    context = {
        "page": shown,
        "account": account,
        "status": status,
        "accounts": list(Account.objects.values_list("name", flat=True)),
        "states": Session.Status.values,
        "before": query_of(asked | {"page": shown.number - 1}),
        "after": query_of(asked | {"page": shown.number + 1}),
        "any": bool(shown.object_list) or Session.objects.exists(),
    }
    return page(request, "sessions.html", context, "_sessions.html", query=query)


@require_safe
@never_cache
@login_required
def session(request: HttpRequest, pk: int) -> HttpResponse:
    row = session_with_all(pk)
    if row is None:
        raise Http404(f"There is no session {pk}.")
    wanted = signal_filter(request.GET.dict())
    shown = Paginator(signals_of(row, wanted), answers.PAGE_SIZE).get_page(wanted.page)
    context: dict[str, Any] = {
        "session": row,
        "wanted": wanted,
        "page": shown,
        "fates": list(FATES),
        "patterns": list(Pattern.__members__),
        "before": wanted.query(shown.number - 1),
        "after": wanted.query(shown.number + 1),
    }
    if not wants_part(request):
        events = audit_of(row)
        rows = trades_of(row)
        context |= {
            "trades": rows,
            "totals": totals(rows),
            "definitions": DEFINITIONS,
            "commands": row.commands.select_related("requested_by"),
            "audit": [(event, told(event)) for event in events],
            "settings": settings_of(events),
            "configuration": configuration_of(row),
            "carried": carried(row),
            "replay": reverse("replay-session", args=[row.pk]),
        }
    query = wanted.query(shown.number)
    return page(request, "session.html", context, "_signals.html", query=query)
