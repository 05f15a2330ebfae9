"""Commands through the API: asked for once, awaited, and refused as problems."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trading.api.asking import Asker, by_login, by_token, token_of, user_of
from tests.trading.days import session_row
from trading.api import steering
from trading.commands import settle
from trading.models import Account, Command

pytestmark = pytest.mark.django_db

KINDS = ("start", "stop", "halt", "resume", "flatten", "kill")
PROBLEM = "application/problem+json"


@pytest.fixture
def account() -> Account:
    return session_row().account


@pytest.mark.parametrize("kind", KINDS)
def test_each_command_is_accepted_and_says_where_it_is(
    ask: Asker, account: Account, kind: str
) -> None:
    answer = ask.post(f"session/{kind}", reason=" lunch ")
    row = Command.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/commands/{row.pk}")
    assert (row.account, row.kind, row.reason) == (account, kind, "lunch")
    assert row.requested_by is not None
    assert row.requested_by.username == "trader"
    said = answer.json()
    assert (said["id"], said["status"], said["over"]) == (row.pk, "pending", False)
    assert ask(answer["Location"]).json() == said


def test_a_command_needs_no_body(ask: Asker, account: Account) -> None:
    assert ask.client.post("/api/v1/session/kill", headers=ask.headers).status_code == 415
    assert ask.post("session/kill").status_code == 202


def test_a_repeated_key_is_the_same_command(ask: Asker, account: Account) -> None:
    key = {"Idempotency-Key": "a-1"}
    first = ask.post("session/halt", key, reason="news")
    session_row("traded-later")
    again = ask.post("session/halt", key, reason="news")
    assert first.json()["id"] == again.json()["id"]
    assert Command.objects.get().account == account, "of the account that it was meant for"


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("kill", {"reason": "news"}),
        ("halt", {"reason": "other"}),
        ("halt", {"reason": "news", "account": "other"}),
    ],
)
def test_a_key_is_not_for_something_else(
    ask: Asker, account: Account, kind: str, sent: dict[str, str]
) -> None:
    Account.objects.create(name="other", balance=1, peak=1)
    ask.post("session/halt", {"Idempotency-Key": "a-1"}, reason="news")
    answer = ask.post(f"session/{kind}", {"Idempotency-Key": "a-1"}, **sent)
    assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert answer.json()["type"] == "urn:tradebot:problem:key-reused"
    assert "make a new key" in answer.json()["detail"]
    assert Command.objects.count() == 1


def test_a_key_is_its_users(ask: Asker, account: Account) -> None:
    ask.post("session/halt", {"Idempotency-Key": "a-1"})
    answer = by_token("admin").post("session/halt", {"Idempotency-Key": "a-1"})
    assert answer.status_code == 422
    assert "somebody else" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"reason": "x" * 201}, "reason", "no more than 200 characters"),
        ({"reason": 5}, "reason", "is 5"),
        ({"accuont": "other"}, "accuont", "is not known"),
        ({"account": ["a"]}, "account", "send it as text"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_remedy(
    ask: Asker, account: Account, sent: dict[str, Any], field: str, words: str
) -> None:
    answer = ask.post("session/halt", **sent)
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    problem = answer.json()["problems"][0]
    assert problem["field"] == field
    assert words in f"{problem['detail']}; {problem['remedy']}"
    assert problem["remedy"]
    assert not Command.objects.exists()


@pytest.mark.parametrize("key", ["a b", "", "x" * 65])
def test_a_key_is_letters_and_digits(ask: Asker, account: Account, key: str) -> None:
    answer = ask.post("session/halt", {"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "Idempotency-Key"


def test_an_account_that_there_is_not_and_none_at_all(ask: Asker) -> None:
    assert ask.post("session/halt").status_code == 409
    session_row()
    answer = ask.post("session/halt", account="other")
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (404, "account")


def test_real_money_starts_only_when_its_account_is_typed(ask: Asker) -> None:
    session_row()
    live = Account.objects.create(
        name="live", mode="live", broker="rithmic", broker_account="DU77", balance=1, peak=1
    )
    for sent in ({}, {"confirm": "DU7"}):
        answer = ask.post("session/start", account="live", **sent)
        assert answer.status_code == 400
        assert answer.json()["problems"][0]["field"] == "confirm"
    assert not Command.objects.exists()
    answer = ask.post("session/start", account="live", confirm="DU77")
    assert (answer.status_code, answer.json()["confirmed"]) == (202, True)
    assert Command.objects.get().account == live
    assert ask.post("session/kill", account="live").status_code == 202, "closing needs no word"


def test_a_browser_needs_its_csrf_token(account: Account) -> None:
    browser = by_login(csrf=True)
    answer = browser.post("session/kill")
    assert (answer.status_code, answer["Content-Type"]) == (403, PROBLEM)
    assert "CSRF" in answer.json()["detail"]
    assert browser("commands").status_code == 200
    assert not Command.objects.exists()
    assert by_login().post("session/kill").status_code == 202


# Awaiting


def test_an_answer_is_awaited(ask: Asker, account: Account, monkeypatch: Any) -> None:
    number = ask.post("session/halt").json()["id"]
    asked: list[float] = []

    def pause(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            settle(Command.objects.get(pk=number), Command.Status.DONE, "halted")

    monkeypatch.setattr(steering, "_pause", pause)
    said = ask(f"commands/{number}", wait=10).json()
    assert (said["status"], said["result"], said["over"]) == ("done", "halted", True)
    assert len(asked) == 3
    ask(f"commands/{number}", wait=10)
    assert len(asked) == 3, "what is over is not waited for"


def test_waiting_ends_with_its_time(ask: Asker, account: Account, monkeypatch: Any) -> None:
    number = ask.post("session/halt").json()["id"]
    now = [0.0]
    monkeypatch.setattr(steering, "_clock", lambda: now[0])
    monkeypatch.setattr(steering, "_pause", lambda seconds: now.__setitem__(0, now[0] + seconds))
    assert ask(f"commands/{number}", wait=5).json()["status"] == "pending"
    assert 5 <= now[0] < 6


def test_waiting_ends_with_the_process() -> None:
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "main_thread", lambda: ended)
        assert steering._clock() == float("inf")


def test_only_so_many_wait_at_once(ask: Asker, account: Account, monkeypatch: Any) -> None:
    number = ask.post("session/halt").json()["id"]
    monkeypatch.setattr(steering, "_waiters", threading.BoundedSemaphore(1))
    monkeypatch.setattr(steering, "_pause", lambda seconds: pytest.fail("it waited"))
    steering._waiters.acquire()
    assert ask(f"commands/{number}", wait=30).json()["status"] == "pending"


@pytest.mark.parametrize("wait", ["31", "-1", "1.5", "x", ""])
def test_a_wait_is_a_number_of_seconds(ask: Asker, account: Account, wait: str) -> None:
    number = ask.post("session/halt").json()["id"]
    answer = ask(f"commands/{number}", wait=wait)
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (400, "wait")


def test_while_it_waits_it_holds_no_connection(monkeypatch: Any) -> None:
    closed: list[bool] = []
    connection = SimpleNamespace(in_atomic_block=False, close=lambda: closed.append(True))
    monkeypatch.setattr(steering, "connection", connection)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    steering._pause(0.2)
    assert closed == [True]


# How often


def test_too_many_requests_are_told_when_to_come_again(ask: Asker, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    assert [ask("tiers").status_code for _ in range(3)] == [200, 200, 429]
    answer = ask("tiers")
    assert answer["Content-Type"] == PROBLEM
    assert 1 <= int(answer["Retry-After"]) <= 61
    other = Asker(token_of(user_of("trader")))
    assert other("tiers").status_code == 200, "each token has its own"


def test_what_makes_it_safer_is_never_asked_for_too_often(
    ask: Asker, account: Account, settings: Any
) -> None:
    settings.API_REQUESTS_PER_MINUTE = settings.API_COMMANDS_PER_MINUTE = 1
    ask("tiers")
    assert ask("tiers").status_code == 429
    for kind in ("halt", "flatten", "kill", "stop"):
        assert [ask.post(f"session/{kind}").status_code for _ in range(3)] == [202] * 3
    assert [ask.post("session/resume").status_code for _ in range(2)] == [202, 429]


def test_strangers_are_counted_by_address(settings: Any) -> None:
    settings.API_ANONYMOUS_PER_MINUTE = 2
    stranger = Asker("tb_made_up")
    assert [stranger("tiers").status_code for _ in range(3)] == [401, 401, 429]
    assert stranger("tiers", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 429
    assert Asker()("tiers").status_code == 429
