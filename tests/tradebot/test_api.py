"""The API as a whole: who may do what, where addresses lead, what its schema and its page say.

The matrix is made from the table of addresses: an endpoint that is added is asked for by everybody
here before anybody else asks for it.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver

from tests.trading.api.asking import ALL, Asker, by_login, by_token
from tests.trading.days import session_row
from tradebot import api
from tradebot.csp import HEADER
from trading.api.tokens import Scope

pytestmark = pytest.mark.django_db

PLACES: Final = {"number": "1", "trade": "t-1", "name": "paper-MES", "day": "2024-06-12"}
ROLES: Final = ("viewer", "trader", "admin")
MAY: Final = {
    # scope: roles whose permissions are enough for what it changes
    Scope.READ: ROLES,
    Scope.TRADE: ("trader", "admin"),
    Scope.SETTINGS: ("trader", "admin"),
    Scope.BACKTEST: ("trader", "admin"),
}


@pytest.fixture(autouse=True)
def in_order(db: None, settings: Any, monkeypatch: Any) -> Iterator[None]:
    from django.core.cache import cache

    editor = type("Editor", (), {"connection": connection})
    import_module("trading.migrations.0010_roles").add(apps, editor)
    for name in ("REQUESTS", "COMMANDS", "ANONYMOUS"):
        setattr(settings, f"API_{name}_PER_MINUTE", 10**6)
    monkeypatch.setattr("backtests.control._start", lambda row: None)
    cache.clear()
    session_row()
    yield
    cache.clear()


def endpoints() -> list[tuple[str, str, Scope]]:
    """Method, address and scope of everything that there is."""
    found = []
    for path, view in _views(api.versioned, ""):
        for method in view.view_class.http_method_names:
            if method != "head" and hasattr(view.view_class, method):
                scope, _ = view.view_class().demands(method.upper())
                found.append((method.upper(), f"/{path}", scope))
    return found


def _views(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns, before + str(one.pattern))
        elif isinstance(one, URLPattern):
            path = before + str(one.pattern)
            for kind, name in (
                ("number", "number"),
                ("key", "trade"),
                ("key", "name"),
                ("iso", "day"),
            ):
                path = path.replace(f"<{kind}:{name}>", PLACES[name])
            yield path, one.callback


ENDPOINTS: Final = endpoints()


def refused(asker: Asker, method: str, path: str) -> int | None:
    """401 or 403, or None when it got past the door."""
    answer = asker.send(method, path) if method != "GET" else asker(path)
    assert answer.status_code < 500
    if answer.status_code in (401, 403):
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        return int(answer.status_code)
    return None


def test_the_table_has_what_was_promised() -> None:
    assert len(ENDPOINTS) >= 30
    assert {scope for _, _, scope in ENDPOINTS} == set(Scope)


@pytest.mark.parametrize(("method", "path", "scope"), ENDPOINTS)
def test_nobody_gets_in_without_a_login(method: str, path: str, scope: Scope) -> None:
    assert refused(Asker(), method, path) == 401
    assert refused(Asker("tb_made_up"), method, path) == 401


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("way", [by_login, by_token])
def test_a_role_may_what_its_permissions_say(role: str, way: Any) -> None:
    asker = way(role)
    for method, path, scope in ENDPOINTS:
        expected = None if role in MAY[scope] else 403
        assert refused(asker, method, path) == expected, (method, path)


@pytest.mark.parametrize("scope", ALL)
@pytest.mark.parametrize("role", ROLES)
def test_a_token_may_what_its_scope_says_and_never_more_than_its_user(
    role: str, scope: Scope
) -> None:
    asker = by_token(role, scope)
    for method, path, needed in ENDPOINTS:
        expected = None if needed == scope and role in MAY[scope] else 403
        assert refused(asker, method, path) == expected, (method, path)


def test_staff_and_users_with_the_single_permission_may_too() -> None:
    user = User.objects.create_user("single")
    user.user_permissions.add(Permission.objects.get(codename="add_backtest"))
    client = Client()
    client.force_login(user)
    single = Asker(client=client)
    assert refused(single, "POST", "/api/v1/backtests") is None
    assert refused(single, "POST", "/api/v1/session/halt") == 403
    User.objects.update(is_staff=True)
    assert refused(single, "POST", "/api/v1/session/halt") is None


def test_roles_grow() -> None:
    its = {
        name: set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))
        for name in ROLES
    }
    assert its["viewer"] < its["trader"] < its["admin"]
    assert not [name for name in its["viewer"] if not name.startswith("view_")]
    assert {"add_command", "add_configuration", "add_backtest"} <= its["trader"]
    assert "change_user" in its["admin"] - its["trader"]


def test_permissions_are_those_that_django_makes() -> None:
    assert not Permission.objects.values("content_type", "codename").distinct().count() - (
        Permission.objects.count()
    )
    names = Permission.objects.filter(content_type__app_label="trading")
    assert names.get(codename="view_jobrun").name == "Can view job run"


# Addresses


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("/api/v1/trades/?limit=2", "/api/v1/trades?limit=2"),
        ("/api/trades", "/api/v1/trades"),
        ("/api/session/halt/", "/api/v1/session/halt"),
    ],
)
def test_an_address_without_version_or_with_a_slash_leads_on(asked: str, place: str) -> None:
    answer = Client().post(asked)
    assert (answer.status_code, answer["Location"]) == (308, place)


@pytest.mark.parametrize("path", ["/api/v1/luck", "/api/v2/trades", "/api/v1/", "/api/v1/a%0D%0Ab"])
def test_an_address_that_there_is_not_is_a_problem(path: str) -> None:
    for answer in (Client().get(path), Client().post(path), Client().delete(path)):
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["type"] == "urn:tradebot:problem:not-found"


def test_methods_and_types_that_there_are_not() -> None:
    ask = by_token("trader")
    answer = ask.send("DELETE", "trades")
    assert answer.status_code == 405
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD"}
    assert ask("trades", headers={"accept": "text/html"}).status_code == 406
    path = "/api/v1/session/halt"
    form = ask.client.post(path, {"reason": "x"}, headers=ask.headers)
    assert form.status_code == 415
    for body, status in (("{", 400), ("[]", 400), ('{"reason": NaN}', 400), ("[" * 50_000, 400),
                         ('{"reason": "a", "reason": "b"}', 400), (" " * 70_000, 413)):  # fmt: skip
        sent = ask.client.post(path, body, content_type="application/json", headers=ask.headers)
        assert (sent.status_code, sent["Content-Type"]) == (status, "application/problem+json")


def test_what_nobody_foresaw_is_logged_and_not_told(monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("the password is hunter2")

    monkeypatch.setattr("trading.api.reading.totals", broken)
    answer = by_token("viewer")("statistics")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "hunter2" not in answer.content.decode()


# Schema and page


def test_the_schema_is_openapi_3_1_and_names_every_endpoint() -> None:
    said = by_token("viewer")("schema").json()
    assert said["openapi"].startswith("3.1")
    named = {(method.upper(), path) for path, found in said["paths"].items() for method in found}
    assert len(named) == len(ENDPOINTS)
    for path, found in said["paths"].items():
        for method, operation in found.items():
            assert operation["summary"], (method, path)
            assert {"400", "401", "403", "429"} <= set(operation["responses"])
            assert operation["x-scope"] in ALL
    assert len({one["operationId"] for found in said["paths"].values() for one in found.values()}) \
        == len(named)  # fmt: skip
    assert "x-spec-enum-id" not in json.dumps(said)


def test_making_the_schema_warns_of_nothing(capsys: Any) -> None:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    SchemaGenerator(patterns=api.versioned).get_schema(request=None, public=True)
    assert not GENERATOR_STATS
    assert not capsys.readouterr().err


def test_the_schema_is_for_those_who_may_look() -> None:
    assert Asker()("schema").status_code == 401


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    assert Client().get("/api/").status_code == 302
    page = by_login("viewer").client.get("/api/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "https://" not in html
    assert "http://" not in html
    assert "unsafe" not in page[HEADER]
    assert all("src=" in one.partition(">")[0] for one in html.split("<script")[1:])
    bundle = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    assert bundle in html
    assert Client().get(bundle).status_code == 200
    assert "drf_spectacular_sidecar" in settings.INSTALLED_APPS
