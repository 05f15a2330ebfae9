"""`/metrics` beside the pages: for an admin who is logged in, or with METRICS_TOKEN.

It runs in the loop that serves, which in a process that trades is the pipeline's.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from trading.observing.access import token_fits
from trading.observing.text import CONTENT_TYPE, exposed


@require_GET
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """404 for whoever has no business here, so that it does not even say that it exists; with a
    token that is wrong 401."""
    authorization = request.headers.get("Authorization", "")
    if authorization and settings.METRICS_TOKEN:
        if not token_fits(authorization):
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    else:
        user = await request.auser()
        if not (user.is_active and user.is_staff):
            return HttpResponse("Not found", status=404, content_type="text/plain")
    return HttpResponse(await exposed(), content_type=CONTENT_TYPE)
