"""The pages of replays: which stored sessions can be played, and the player itself.

What the player shows comes over its socket (`trading.replay_socket`).
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from trading.models import Session
from trading.player.runs import why_not

PAGE_SIZE = 50


@require_safe
@never_cache
@login_required
def replays(request: HttpRequest) -> HttpResponse:
    rows = Session.objects.select_related("account", "instrument").order_by("-day", "-updated_at")
    shown = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "trading/replays.html", {"page": shown, "sessions": told(shown)})


@require_safe
@never_cache
@login_required
def replay(request: HttpRequest, session: int) -> HttpResponse:
    row = get_object_or_404(Session.objects.select_related("account"), pk=session)
    return render(request, "trading/replay.html", {"session": row})


def told(sessions: Any) -> list[dict[str, Any]]:
    """Sessions, each with the reason why it cannot be replayed, "" if it can."""
    return [{"row": row, "why_not": why_not(row)} for row in sessions]
