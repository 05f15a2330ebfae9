"""The pages around the socket: live, login, logout, one-time login, the sign of life."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from trading.login import VALID_FOR, make_token

pytestmark = pytest.mark.django_db

PASSWORD = "long enough"


@pytest.fixture
def user() -> User:
    return User.objects.create_user("trader", password=PASSWORD)


def test_the_live_page_needs_a_login_and_comes_back_to_itself(client: Client, user: User) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/")
    response = client.post(
        "/login/", {"username": "trader", "password": PASSWORD, "next": "/"}, follow=True
    )
    assert response.redirect_chain == [("/", 302)]
    assert "trading/live.html" in [template.name for template in response.templates]


def test_a_wrong_password_is_said_and_logs_nobody_in(client: Client, user: User) -> None:
    response = client.post("/login/", {"username": "trader", "password": "wrong"})
    assert response.status_code == 200
    assert b'role="alert"' in response.content
    assert client.get("/").status_code == 302


def test_a_login_leads_to_no_other_site(client: Client, user: User) -> None:
    response = client.post(
        "/login/",
        {"username": "trader", "password": PASSWORD, "next": "https://elsewhere.example/"},
    )
    assert response["Location"] == "/"


def test_a_login_form_without_its_token_is_refused(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post("/login/", {"username": "trader", "password": PASSWORD})
    assert response.status_code == 403


def test_a_login_link_works_once(client: Client, user: User) -> None:
    link = reverse("login-once", args=[make_token(user)])
    response = client.get(link)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200

    other = Client()
    response = other.get(link)
    assert response.status_code == 403
    assert "used before" in response.content.decode()
    assert other.get("/").status_code == 302


def test_a_login_link_grows_too_old(client: Client, user: User) -> None:
    with time_machine.travel(0, tick=False) as now:
        link = reverse("login-once", args=[make_token(user)])
        now.shift(VALID_FOR + timedelta(seconds=1))
        assert client.get(link).status_code == 403


def test_a_preview_does_not_use_a_login_link_up(client: Client, user: User) -> None:
    link = reverse("login-once", args=[make_token(user)])
    assert client.head(link).status_code == 405
    assert client.get(link).status_code == 302


@pytest.mark.parametrize("token", ["x", "a:b:c", "%00", "ü"])
def test_a_made_up_login_link_is_refused(client: Client, token: str) -> None:
    assert client.get(f"/login/once/{token}/").status_code == 403


def test_logging_out_takes_a_post(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_the_sign_of_life_needs_no_login_and_says_nothing_else(client: Client) -> None:
    response = client.get("/health/")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response["Cache-Control"]


def test_pages_carry_no_inline_script_or_style(client: Client, user: User) -> None:
    """The policy would stop a script; a style attribute would hide from the design system."""
    pages = [client.get("/login/"), client.get("/nowhere/")]
    client.force_login(user)
    pages.append(client.get("/"))
    for page in pages:
        html = page.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", html)
        assert not re.search(r"\s(?:on\w+|style)\s*=", html)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


def test_everything_a_page_names_is_there(client: Client, user: User) -> None:
    client.force_login(user)
    html = client.get("/").content.decode()
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', html)
    assert named
    for name in named:
        assert client.get(name).status_code == 200


def test_every_module_that_a_script_imports_is_there() -> None:
    folder = Path(settings.BASE_DIR) / "static" / "js"
    for script in folder.rglob("*.js"):
        for target in re.findall(r'from "(\.[^"]+)"', script.read_text()):
            assert (script.parent / target).resolve().is_file(), f"{script}: {target}"
