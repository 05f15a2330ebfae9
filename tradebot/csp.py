"""Tells the browser what each page may load: the Content-Security-Policy header.

Our own pages run no inline script: a stored text that reached a page unescaped could show, but not
act. The admin is a library's and needs more; it gets its own policy by path. A view that sets the
header itself is left alone.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
# The one style element that lightweight-charts 5 writes, for its logo: with another version the
# browser's console names another hash, and tests of the pages fail until it stands here.
CHART_LOGO = "'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='"


def policy(**sources: str) -> str:
    """`policy(script_src="'self'")` -> `script-src 'self'`, on top of what all pages share."""
    directives = {
        "default_src": "'self'",
        "script_src": "'self'",
        "style_src": f"'self' {CHART_LOGO}",
        "img_src": "'self' data: blob:",
        "connect_src": "'self'",
        "object_src": "'none'",
        "base_uri": "'self'",
        "form_action": "'self'",
        "frame_ancestors": "'none'",
    } | sources
    return "; ".join(f"{name.replace('_', '-')} {value}" for name, value in directives.items())


OWN = policy()
# unfold is built on Alpine, which compiles the expressions in its templates and writes styles.
ADMIN = policy(
    script_src="'self' 'unsafe-inline' 'unsafe-eval'", style_src="'self' 'unsafe-inline'"
)

BY_PATH = (("/admin/", ADMIN),)


def policy_for(path: str) -> str:
    return next((value for prefix, value in BY_PATH if path.startswith(prefix)), OWN)


class ContentSecurityPolicyMiddleware:
    sync_capable = True
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]
    ) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        response = self.get_response(request)
        if isinstance(response, HttpResponse) or not isinstance(response, Awaitable):
            return self._add(request, response)
        return self._later(request, response)

    async def _later(self, request: HttpRequest, response: Awaitable[HttpResponse]) -> HttpResponse:
        return self._add(request, await response)

    @staticmethod
    def _add(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault(HEADER, policy_for(request.path_info))
        return response
