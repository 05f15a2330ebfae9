"""The API under one address: version 1 below /api/v1/, its schema, and its documentation at /api/.

An address without its version, or with a slash too many, leads to the right one (308 keeps method
and body); what there is not is said as the API says all else.
"""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, include, path, re_path, resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tradebot.csp import HEADER, policy
from trading.api.base import ApiView
from trading.api.problems import MEDIA_TYPE, document

VERSION = "v1"
# Swagger's own style sheet has pictures in it, and it sets styles by script, which needs no leave.
POLICY = policy(img_src="'self' data:")


class SchemaView(ApiView):
    """The API as OpenAPI 3.1."""

    renderer_classes = (OpenApiJsonRenderer,)
    schema = None

    def get(self, request: Request) -> Response:
        generator: Any = SchemaGenerator
        made = generator(patterns=versioned).get_schema(request=request, public=True)
        return Response(made)


@require_safe
@never_cache
@login_required
def documentation(request: HttpRequest) -> HttpResponse:
    """Swagger UI, from our own files."""
    answer = render(request, "tradebot/api.html")
    answer[HEADER] = POLICY
    return answer


@csrf_exempt
def elsewhere(request: HttpRequest, rest: str) -> HttpResponse:
    """Where an address that is not there leads."""
    bare = rest.strip("/").removeprefix(f"{VERSION}/")
    place = f"/api/{VERSION}/{bare}"
    try:
        found = resolve(place).func is not elsewhere
    except Resolver404:
        found = False
    if not found or place == request.path_info:
        return _nothing(request)
    query = request.META.get("QUERY_STRING", "")
    answer = HttpResponse(status=308)
    answer["Location"] = f"{place}?{query}" if query else place
    return answer


def _nothing(request: HttpRequest) -> HttpResponse:
    said = document(404, f"There is nothing at {request.path[:200]}; /api/ says what there is")
    return HttpResponse(json.dumps(said), status=404, content_type=MEDIA_TYPE)


versioned: list[Any] = [
    path(
        f"api/{VERSION}/",
        include(
            [
                path("", include("trading.api.urls")),
                path("", include("backtests.api.urls")),
            ]
        ),
    ),
]
urlpatterns = [
    path("api/", documentation, name="api"),
    path(f"api/{VERSION}/schema", SchemaView.as_view(), name="api-schema"),
    *versioned,
    # Whatever is in it: a line break is none of what `path` takes.
    re_path(r"^api/(?P<rest>[\s\S]*)$", elsewhere),
]
