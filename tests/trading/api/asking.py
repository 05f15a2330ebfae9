"""Asking the API in tests: as somebody, with a token or a login."""

import json
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from trading.api import tokens

V1 = "/api/v1/"
ALL = tuple(tokens.Scope)


def user_of(role: str, **more: Any) -> User:
    """A user in the group of that name."""
    user, made = User.objects.get_or_create(username=role, defaults=more)
    if made:
        user.groups.add(Group.objects.get(name=role))
    return user


def token_of(user: User, *scopes: str) -> str:
    name = f"{len(scopes)} {' '.join(scopes)} {user.api_tokens.count()}"
    return tokens.create(user, name[:80], scopes or ALL)[1]


class Asker:
    """`ask("trades", symbol="MES")`, `ask.post("session/halt", reason="news")`."""

    def __init__(self, token: str = "", client: Client | None = None) -> None:
        self.client = client or Client(raise_request_exception=True)
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    def __call__(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        more = self.headers | (headers or {})
        return self.client.get(_address(path), query, headers=more)

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **sent: Any
    ) -> Any:
        return self.client.generic(
            method,
            _address(path),
            json.dumps(sent) if sent else "",
            content_type="application/json",
            headers=self.headers | (headers or {}),
        )

    def post(self, path: str, headers: dict[str, str] | None = None, **sent: Any) -> Any:
        return self.send("POST", path, headers, **sent)

    def patch(self, path: str, headers: dict[str, str] | None = None, **sent: Any) -> Any:
        return self.send("PATCH", path, headers, **sent)


def _address(path: str) -> str:
    return path if path.startswith(("/", "http")) else V1 + path


def by_token(role: str = "trader", *scopes: str) -> Asker:
    return Asker(token_of(user_of(role), *scopes))


def by_login(role: str = "trader", *, csrf: bool = False) -> Asker:
    client = Client(enforce_csrf_checks=csrf)
    client.force_login(user_of(role))
    return Asker(client=client)
