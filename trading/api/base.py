"""What every view of the API does: JSON alone, who may, how often, and answers that a client need
not fetch twice.

An answer has an ETag of its bytes: `If-None-Match` saves the way, not the work.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, cast

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework import exceptions, generics
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import BaseThrottle

from trading.api.access import MayAsk
from trading.api.authentication import TokenAuthentication
from trading.api.filters import StrictFilters, refuse_unknown
from trading.api.paging import Keyset
from trading.api.parsing import JsonParser
from trading.api.throttling import Anonymous, Commands, Everybody
from trading.api.tokens import Scope
from trading.control.requests import account_of
from trading.models import Account

SAFE: Final = ("GET", "HEAD", "OPTIONS")
ACCOUNT: Final = "account"


@method_decorator(conditional_page, name="dispatch")
class ApiView(generics.GenericAPIView[Any]):
    """`scope` and `permissions` are what a method that changes something demands; `errors` (of one
    method: `more_errors`) the statuses that it answers with besides those of every view;
    `parameters` the names that may stand in its address's query."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    permission_classes = (MayAsk,)
    throttle_classes: tuple[type[BaseThrottle], ...] = (Everybody, Commands)
    parser_classes = (JsonParser,)
    renderer_classes = (JSONRenderer,)
    filter_backends: tuple[Any, ...] = ()
    pagination_class: Any = None
    serializer_class: Any

    scope: ClassVar[Scope] = Scope.READ
    permissions: ClassVar[tuple[str, ...]] = ()
    errors: ClassVar[tuple[int, ...]] = ()
    more_errors: ClassVar[Mapping[str, tuple[int, ...]]] = {}
    parameters: ClassVar[tuple[str, ...]] = ()
    http_method_names = ["get", "post", "patch", "head"]

    def demands(self, method: str | None) -> tuple[Scope, tuple[str, ...]]:
        return (Scope.READ, ()) if method in SAFE else (self.scope, self.permissions)

    def perform_authentication(self, request: Request) -> None:
        try:
            known = request.user.is_authenticated
        except AuthenticationFailed:
            self._count_stranger(request)
            raise
        if not known:
            self._count_stranger(request)

    def _count_stranger(self, request: Request) -> None:
        """Those who are not let in are counted too, before they are told so."""
        throttle = Anonymous()
        if not throttle.allow_request(request, self):
            raise exceptions.Throttled(throttle.wait())

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, self.known_parameters())

    def known_parameters(self) -> tuple[str, ...]:
        return self.parameters

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        made = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(made, private=True, no_cache=True)
        patch_vary_headers(made, ["Authorization", "Cookie"])
        return made


class ListView(ApiView):
    """Rows in pages: `filterset_class` narrows, `orderings` order, `Keyset` pages."""

    filter_backends: tuple[Any, ...] = (StrictFilters,)
    pagination_class = Keyset
    orderings: ClassVar[Mapping[str, str]] = {}
    usual: ClassVar[str] = ""

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        return self.rows()

    def known_parameters(self) -> tuple[str, ...]:
        filters = getattr(self, "filterset_class", None)
        names = tuple(filters.base_filters) if filters is not None else ()
        return (*self.parameters, *names, *Keyset.parameters(self.orderings))

    def listed(self) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


def named_account(request: Request) -> Account:
    """The account of `?account=`, else the one that was traded last."""
    return account_of(request.query_params.get(ACCOUNT, ""))


def user_of(request: Request) -> User:
    """The request's user itself: rows take no lazy object."""
    user: Any = request.user
    return cast(User, getattr(user, "_wrapped", user))


def checked(kind: type[BaseSerializer[Any]], data: Any) -> dict[str, Any]:
    """What was sent, as a serializer understands it; a problem with each field that is wrong."""
    reading = kind(data=data)
    reading.is_valid(raise_exception=True)
    return dict(reading.validated_data)
