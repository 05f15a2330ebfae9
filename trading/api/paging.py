"""Pages of lists that grow: each page says where the next one begins.

The place is the ordering's value and the id of the last row. So a page costs the same however far
down it is, and rows that are added meanwhile neither repeat nor hide others. Who orders by
something that not every row has gets the rows that have it.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from trading.api.problems import Wrong, invalid

USUAL: Final = 50
MOST: Final = 500
LONGEST_CURSOR: Final = 400


class Keyset(BasePagination):
    """`?limit=`, `?ordering=`, `?cursor=`. The view says `orderings` (name: field), `usual`, and
    `most`, if its rows are long."""

    def __init__(self) -> None:
        self.next: str | None = None

    @staticmethod
    def parameters(orderings: Mapping[str, str]) -> tuple[str, ...]:
        return ("limit", "cursor", "ordering") if orderings else ("limit", "cursor")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        limit = _limit(request, getattr(view, "most", MOST))
        name = request.query_params.get("ordering") or view.usual
        field, down = _ordering(name, view.orderings)
        rows = queryset.filter(**{f"{field}__isnull": False})
        pk = queryset.model._meta.pk
        if pk is None:
            raise TypeError(f"{queryset.model} has no key to page by")
        if text := request.query_params.get("cursor"):
            rows = rows.filter(_beyond(text, name, field, down, queryset))
        sign = "-" if down else ""
        found = list(rows.order_by(f"{sign}{field}", f"{sign}{pk.name}")[: limit + 1])
        if len(found) > limit:
            last = found[limit - 1]
            place = _encode(name, getattr(last, field), last.pk)
            self.next = replace_query_param(request.build_absolute_uri(), "cursor", place)
        return found[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": schema,
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "Where the next page is; null on the last.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        most = getattr(view, "most", MOST)
        names = [sign + name for name in view.orderings for sign in ("", "-")]
        return [
            {
                "name": "limit", "in": "query", "description": "Most rows of a page.",
                "schema": {
                    "type": "integer", "minimum": 1, "maximum": most, "default": min(USUAL, most),
                },
            },
            {
                "name": "ordering", "in": "query",
                "description": "What the rows are ordered by; - begins with the largest or newest.",
                "schema": {"type": "string", "enum": names, "default": view.usual},
            },
            {
                "name": "cursor", "in": "query",
                "description": "The place that the page before named in `next`, opaque.",
                "schema": {"type": "string", "maxLength": LONGEST_CURSOR},
            },
        ]  # fmt: skip


def _limit(request: Request, most: int) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return min(USUAL, most)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise invalid(
            Wrong("limit", f"{text[:20]!r} is no number of rows", f"send a number from 1 to {most}")
        )
    return int(text)


def _ordering(name: str, known: Mapping[str, str]) -> tuple[str, bool]:
    bare = name.removeprefix("-")
    if bare not in known:
        words = ", ".join(known)
        raise invalid(
            Wrong("ordering", f"{name[:40]!r} is not known", f"use {words}, or - before one")
        )
    return known[bare], name.startswith("-")


def _encode(name: str, value: Any, pk: Any) -> str:
    text = json.dumps([name, str(value), str(pk)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _beyond(text: str, name: str, field: str, down: bool, rows: QuerySet[Any]) -> Q:
    """What comes after the place."""
    wrong = invalid(
        Wrong("cursor", "is no place in this list", "take it from `next` of the page before")
    )
    try:
        padded = text + "=" * (-len(text) % 4)
        said, value, pk = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if said != name or "\0" in f"{value}{pk}":
            raise wrong
        at, key = _field(rows, field).to_python(value), _key(rows).to_python(pk)
    except (ValueError, TypeError, RecursionError, binascii.Error, ValidationError):
        raise wrong from None
    way = "lt" if down else "gt"
    return Q(**{f"{field}__{way}": at}) | Q(**{field: at, f"pk__{way}": key})


def _field(rows: QuerySet[Any], name: str) -> "Field[Any, Any]":
    try:
        return rows.model._meta.get_field(name)  # type: ignore[no-any-return]
    except FieldDoesNotExist as error:
        raise TypeError(f"{rows.model} has no field {name} to order by") from error


def _key(rows: QuerySet[Any]) -> "Field[Any, Any]":
    if rows.model._meta.pk is None:
        raise TypeError(f"{rows.model} has no key to page by")
    key: Field[Any, Any] = rows.model._meta.pk
    return key
