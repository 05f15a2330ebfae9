"""Tokens: shown once, kept as a hash, good for what they say and no longer."""

import hashlib
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.trading.api.asking import Asker, token_of, user_of
from trading.api import tokens
from trading.models import ApiToken

pytestmark = pytest.mark.django_db


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("token", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_only_the_hash_is_kept() -> None:
    row, text = tokens.create(user_of("trader"), "script", ["read"])
    assert text.startswith(row.hint)
    assert len(text) == len("tb_") + 43
    assert row.token_hash == hashlib.sha256(text.encode()).hexdigest()
    stored = ApiToken.objects.values().get()
    assert text not in str(stored)
    assert Asker(text)("tiers").status_code == 200


@pytest.mark.parametrize("wrong", ["tb_made_up", "x", "tb_", "tb_\u00e9", ""])
def test_what_is_no_token_is_refused_and_told_how_to_log_in(wrong: str) -> None:
    answer = Client().get("/api/v1/tiers", headers={"authorization": f"Bearer {wrong}"})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"] == 'Bearer realm="tradebot"'
    assert wrong not in answer.json()["detail"] or wrong in ("", "x", "tb_")


def test_a_token_ends_when_it_expires_is_revoked_or_its_user_leaves() -> None:
    user = user_of("trader")
    row, text = tokens.create(user, "script", ["read"], days=1)
    asker = Asker(text)
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        assert asker("tiers").status_code == 401
        assert tokens.state(row) == "expired"
    User.objects.update(is_active=False)
    assert asker("tiers").status_code == 401
    User.objects.update(is_active=True)
    assert asker("tiers").status_code == 200
    assert tokens.revoke(row)
    assert not tokens.revoke(row)
    assert asker("tiers").status_code == 401


def test_that_it_was_used_is_written_once_a_minute() -> None:
    asker = Asker(token_of(user_of("trader")))
    start = timezone.now()
    seen = []
    for seconds in (0, 30, 61):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            asker("tiers")
            seen.append(ApiToken.objects.get().last_used_at)
    assert seen[0] == seen[1]
    assert (seen[2] - seen[0]).total_seconds() == 61


def test_the_command_line_makes_lists_and_revokes() -> None:
    user_of("trader")
    text, said = run("create", "trader", "nightly", "--scope", "read", "--scope", "trade")
    asker = Asker(text.strip())
    assert asker("tiers").status_code == 200
    assert "It is not shown again" in said
    assert ApiToken.objects.get().scopes == ["read", "trade"]
    listed, _ = run("list", "--user", "trader")
    assert "nightly" in listed
    assert "valid" in listed
    assert text.strip() not in listed
    assert "is revoked" in run("revoke", "trader", "nightly")[0]
    assert "was revoked before" in run("revoke", "trader", "nightly")[0]
    assert asker("tiers").status_code == 401


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "nobody", "x"), "there is no user 'nobody'; there are trader"),
        (("create", "trader", "x", "--scope", "all"), "scopes all cannot be given"),
        (("create", "trader", "x", "--days", "0"), "days 0 is no time"),
        (("create", "trader", " "), "name ' ' is no name"),
        (("revoke", "trader", "x"), "has no token 'x'"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], said: str) -> None:
    user_of("trader")
    with pytest.raises(CommandError, match=said):
        run(*words)
    assert not ApiToken.objects.exists()


def test_a_name_is_used_once_for_each_user() -> None:
    user_of("trader")
    run("create", "trader", "x")
    with pytest.raises(CommandError, match="has a token 'x' already"):
        run("create", "trader", "x")


# The admin


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(user_of("trader", is_staff=True))
    return client


def add(client: Client, **sent: Any) -> Any:
    user = User.objects.get(username="trader")
    values = {"user": user.pk, "name": "bot", "scopes": ["read", "trade"], "days": 30} | sent
    return client.post("/admin/trading/apitoken/add/", values)


def test_the_admin_shows_a_token_once(staff: Client) -> None:
    page = add(staff)
    assert page.status_code == 200
    text = page.context["token"]
    assert text in page.content.decode()
    assert Asker(text)("tiers").status_code == 200
    row = ApiToken.objects.get()
    assert row.scopes == ["read", "trade"]
    for address in ("", f"{row.pk}/change/"):
        shown = staff.get(f"/admin/trading/apitoken/{address}")
        assert shown.status_code == 200
        assert text not in shown.content.decode()
        assert row.token_hash not in shown.content.decode()


def test_the_admin_makes_no_token_for_somebody_else(staff: Client) -> None:
    other = user_of("admin")
    page = add(staff, user=other.pk)
    assert "Select a valid choice" in page.content.decode()
    assert not ApiToken.objects.exists()
    tokens.create(other, "anothers", ["read"])
    assert "anothers" not in staff.get("/admin/trading/apitoken/").content.decode()


def test_the_admin_revokes(staff: Client) -> None:
    asker = Asker(add(staff).context["token"])
    row = ApiToken.objects.get()
    staff.post(
        "/admin/trading/apitoken/", {"action": "revoke", "_selected_action": [row.pk]}, follow=True
    )
    assert asker("tiers").status_code == 401
