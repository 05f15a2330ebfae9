"""Counts requests by the name of their route, and how long they took."""

import time
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from trading.observing.metrics import REQUEST_SECONDS, REQUESTS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class RequestCounts:
    """A middleware. A route that has no name, or does not exist, is `other`."""

    sync_capable = async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]
    ) -> None:
        self._respond = get_response
        self._waits = iscoroutinefunction(get_response)
        if self._waits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._waits:
            return self._later(request)
        began = time.perf_counter()
        response = self._respond(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 (it does not wait)
        return count(request, response, began)

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self._respond(request)
        assert isinstance(response, Awaitable)  # noqa: S101
        return count(request, await response, began)


def count(request: HttpRequest, response: HttpResponseBase, began: float) -> HttpResponseBase:
    match = request.resolver_match
    route = (match.view_name if match else "") or "other"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(route, method, str(response.status_code)).inc()
    REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began)
    return response
