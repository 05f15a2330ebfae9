"""Commands over HTTP: who may, what is taken, and that asking twice is asking once."""

import asyncio
import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from tests.trading.days import session_row
from trading.commands import PAGES, request_command
from trading.models import Account, Command

pytestmark = pytest.mark.django_db

KINDS = ("start", "stop", "halt", "resume", "flatten", "kill")


@pytest.fixture
def account():
    return session_row().account


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(User.objects.create_user("ana", is_staff=True))
    return client


def ask(client, kind="halt", **sent):
    return client.post(f"/control/{kind}/", json.dumps(sent), content_type="application/json")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_becomes_a_row_of_who_asked(client, account, kind):
    answer = ask(client, kind, reason=" lunch ")
    assert answer.status_code == 202
    row = Command.objects.get()
    assert (row.account, row.kind, row.status, row.reason) == (account, kind, "pending", "lunch")
    assert row.requested_by.username == "ana"
    said = answer.json()
    assert (said["id"], said["kind"], said["status"]) == (row.pk, kind, "pending")
    assert (said["by"], said["account_name"], said["done"]) == ("ana", "paper-MES", None)


def test_a_form_is_as_good_as_json(client):
    assert client.post("/control/halt/", {"reason": "news"}).status_code == 202
    assert Command.objects.get().reason == "news"


def test_without_a_login_nothing_is_asked_for(account):
    for answer in (
        Client().post("/control/kill/"),
        Client().get("/control/commands/"),
        Client().get("/control/commands/1/"),
    ):
        assert answer.status_code == 401
        assert answer.json() == {"error": "You are logged out. Log in again."}
    assert not Command.objects.exists()


def test_who_may_only_look_is_told_so(account):
    user = User.objects.create_user("guest")
    client = Client()
    client.force_login(user)
    answer = ask(client, "kill")
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("guest may look but not steer")
    assert not Command.objects.exists()
    assert client.get("/control/commands/").status_code == 200


def test_the_permission_is_enough(account):
    user = User.objects.create_user("guest")
    user.user_permissions.add(Permission.objects.get(codename="add_command"))
    client = Client()
    client.force_login(user)
    assert ask(client).status_code == 202


def test_a_request_from_another_site_is_refused(account):
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_user("ana", is_staff=True))
    assert client.post("/control/kill/").status_code == 403
    assert not Command.objects.exists()


def test_looking_is_not_asking(client):
    assert client.get("/control/halt/").status_code == 405
    assert client.post("/control/commands/").status_code == 405


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"reason": "x" * 201}, 400, "reason has 201 characters"),
        ({"reason": 5}, 400, "reason is 5; it must be text"),
        ({"key": "a b"}, 400, "key 'a b' is no key"),
        ({"account": "other"}, 404, "no account 'other'"),
    ],
)
def test_what_makes_no_sense_is_named(client, sent, status, words):
    answer = ask(client, **sent)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert answer.json()["fields"] == list(sent)
    assert not Command.objects.exists()


@pytest.mark.parametrize("text", ["{", "[]", '"halt"', "[" * 50_000])
def test_no_object_is_no_request(client, text):
    answer = client.post("/control/halt/", text, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("The request is ")


def test_an_unknown_command_is_named_with_those_that_are(client):
    answer = ask(client, "explode")
    assert answer.status_code == 404
    assert "'explode' is no command; it is halt, resume" in answer.json()["error"]


def test_the_same_key_is_the_same_command(client):
    first, again = ask(client, key="a-1").json(), ask(client, key="a-1").json()
    assert first["id"] == again["id"]
    assert ask(client, key="a-2").json()["id"] != first["id"]
    assert Command.objects.count() == 2


def test_a_repeated_request_says_what_became_of_the_first(client):
    asked = ask(client, key="a-1").json()
    Command.objects.filter(pk=asked["id"]).update(status="done", result="halted")
    again = ask(client, key="a-1").json()
    assert (again["status"], again["result"]) == ("done", "halted")


def test_a_key_is_not_for_two_kinds(client):
    ask(client, key="a-1")
    answer = ask(client, "kill", key="a-1")
    assert answer.status_code == 400
    assert "was used for halt" in answer.json()["error"]
    assert Command.objects.count() == 1


def test_two_accounts_may_use_the_same_key(client, account):
    Account.objects.create(name="other", balance=1, peak=1)
    assert ask(client, key="k").json()["id"] != ask(client, account="other", key="k").json()["id"]


def test_before_anything_was_traded_there_is_nothing_to_steer():
    client = Client()
    client.force_login(User.objects.create_user("ana", is_staff=True))
    answer = ask(client)
    assert answer.status_code == 409
    assert "Nothing has been traded yet" in answer.json()["error"]


def test_a_command_says_how_it_stands(client, account):
    row = request_command(account, "flatten")
    Command.objects.filter(pk=row.pk).update(
        status="refused", result="nothing to flatten", executed_at=timezone.now()
    )
    said = client.get(f"/control/commands/{row.pk}/").json()
    assert (said["status"], said["result"]) == ("refused", "nothing to flatten")
    assert said["done"] >= said["t"]
    assert client.get("/control/commands/999/").status_code == 404


@pytest.mark.parametrize(
    ("kind", "status"), [(kind, "expired") for kind in KINDS if kind not in ("halt", "kill")]
    + [("halt", "pending"), ("kill", "pending")],
)  # fmt: skip
def test_what_nobody_took_expires_unless_it_makes_it_safer(client, account, kind, status):
    row = request_command(account, kind)
    Command.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    said = client.get(f"/control/commands/{row.pk}/").json()
    assert said["status"] == status
    assert ("no trading process took it" in said["result"]) == (status == "expired")
    row.refresh_from_db()
    assert row.status == status


def test_a_page_that_joins_late_gets_the_latest_first(client, account):
    rows = [request_command(account, kind) for kind in ("halt", "resume")]
    said = client.get("/control/commands/").json()["commands"]
    assert [one["id"] for one in said] == [row.pk for row in reversed(rows)]


@pytest.mark.django_db(transaction=True)
async def test_open_pages_are_told_of_a_new_command(client):
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(PAGES, channel)
    asked = (await sync_to_async(ask)(client, "kill", reason="enough")).json()
    async with asyncio.timeout(10):
        message = await layer.receive(channel)
    assert message == {"type": "live.frame", "frame": asked}
    assert asked["type"] == "command"
