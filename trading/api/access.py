"""What whoever asks may do: his permissions, and of those what his token is for."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from trading.api.tokens import Scope
from trading.control.requests import may
from trading.models import ApiToken


class MayAsk(BasePermission):
    """Whoever is logged in may look. What changes something needs one of the permissions that the
    view names for its method; a token needs the scope besides."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            raise exceptions.NotAuthenticated(
                "Nobody is logged in; send the header Authorization: Bearer tb_..., or log in"
            )
        scope, permissions = view.demands(request.method)
        check_scope(request, scope)
        check_permission(request.user, permissions)
        return True


def check_scope(request: Request, scope: Scope) -> None:
    token = request.auth
    if isinstance(token, ApiToken) and scope not in token.scopes:
        raise exceptions.PermissionDenied(
            f"The token {token.hint}… is for {', '.join(token.scopes)}; this needs one with the "
            f"scope {scope}"
        )


def check_permission(user: User, permissions: tuple[str, ...]) -> None:
    """One of them is enough; staff have all."""
    if permissions and not any(may(user, each) for each in permissions):
        raise exceptions.PermissionDenied(
            f"{user.get_username()} may look but not change this; an administrator can give the "
            f"permission {permissions[0]}"
        )
