"""What the views of all pages answer with."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header
from django_htmx.middleware import HtmxDetails

PAGE_SIZE = 50


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page that is open already."""
    htmx = cast(HtmxDetails, getattr(request, "htmx", None))
    return bool(htmx) and not htmx.history_restore_request


def query_of(values: Mapping[str, object]) -> str:
    """The part of an address behind the question mark; what is empty is not said."""
    return urlencode({name: value for name, value in values.items() if value})


def page(
    request: HttpRequest,
    name: str,
    context: dict[str, Any],
    part: str = "",
    *,
    query: str = "",
    folder: str = "trading/pages",
) -> HttpResponse:
    """A page, or the part that htmx asked for. `query` is what the address should say, without
    what was left empty."""
    alone = bool(part) and wants_part(request)
    answer = render(request, f"{folder}/{part if alone else name}", context)
    patch_vary_headers(answer, ["HX-Request"])
    if alone:
        answer["HX-Push-Url"] = f"{request.path}?{query}" if query else request.path
    return answer


def attached(name: str, content_type: str = "") -> dict[str, str]:
    """The headers of a download."""
    kind = {"Content-Type": content_type} if content_type else {}
    return kind | {"Content-Disposition": content_disposition_header(True, name) or ""}
