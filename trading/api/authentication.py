"""Who asks: a script by its token, or a browser by its login.

A browser sends its cookie with whatever page makes it ask, so it needs Django's CSRF token for all
that changes something; a token is sent by who means it, and needs none.
"""

from typing import Final

from django.contrib.auth.models import User
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from trading.api import tokens
from trading.models import ApiToken

SCHEME: Final = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer tb_...`"""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != SCHEME.lower() or not text.startswith(tokens.PREFIX):
            raise exceptions.AuthenticationFailed(
                "The header Authorization holds no token of tradebot; send Bearer tb_..."
            )
        row = tokens.find(text)
        if row is None:
            raise exceptions.AuthenticationFailed(
                "The token is not known, has expired or was revoked; make another with "
                "manage.py token create"
            )
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="tradebot"'
