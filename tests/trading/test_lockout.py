"""Too many wrong passwords: who has to wait, for how long, who is told, who is not concerned."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from trading.lockout import client_address, in_words
from trading.login import make_token
from trading.models import Notice

pytestmark = pytest.mark.django_db

PASSWORD = "long enough"
HERE = "192.0.2.7"


@pytest.fixture
def user() -> User:
    return User.objects.create_superuser("trader", password=PASSWORD)


@pytest.fixture
def now():
    with time_machine.travel("2026-11-20T15:10:00Z", tick=False) as now:
        yield now


def attempt(client, password="wrong", *, name="trader", page="/login/", address=HERE, **headers):
    return client.post(
        page, {"username": name, "password": password}, REMOTE_ADDR=address, **headers
    )


def lock_out(client, **asked):
    for _ in range(4):
        assert attempt(client, **asked).status_code == 200
    return attempt(client, **asked)


def test_after_five_wrong_passwords_the_right_one_is_not_taken_and_the_page_says_until_when(
    client, user, now
):
    assert "Try again in 15 minutes" in lock_out(client).content.decode()
    now.shift(timedelta(minutes=4, seconds=30))
    answer = attempt(client, PASSWORD)
    assert answer.status_code == 429
    assert "Try again in 11 minutes" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_the_admins_page_says_it_too(client, user, now):
    answer = lock_out(client, page="/admin/login/")
    assert "Try again in 15 minutes" in answer.content.decode()
    assert "Try again in 15 minutes" in attempt(client, PASSWORD).content.decode()


def test_a_lock_out_is_over_after_its_time_and_attempts_meanwhile_do_not_prolong_it(
    client, user, now
):
    lock_out(client)
    for _ in range(14):
        now.shift(timedelta(minutes=1))
        attempt(client)
    now.shift(timedelta(minutes=1, seconds=1))
    assert attempt(client, PASSWORD).status_code == 302


def test_the_same_name_may_log_in_from_elsewhere_and_another_name_from_there(client, user, now):
    User.objects.create_user("other", password=PASSWORD)
    lock_out(client)
    assert attempt(Client(), PASSWORD, address="198.51.100.1").status_code == 302
    assert attempt(Client(), PASSWORD, name="other").status_code == 302


def test_a_login_forgives_what_went_wrong_before(client, user, now):
    for _ in range(3):
        for _ in range(4):
            attempt(client)
        assert attempt(Client(), PASSWORD).status_code == 302


def test_a_name_that_nobody_has_is_locked_out_in_the_same_words(client, user, now):
    known = lock_out(client).content.decode()
    unknown = lock_out(Client(), name="nobody").content.decode()
    assert "Try again in 15 minutes" in known
    assert "Try again in 15 minutes" in unknown


def test_a_one_time_link_opens_the_page_to_who_is_locked_out(client, user, now):
    lock_out(client)
    answer = client.get(f"/login/once/{make_token(user)}/", REMOTE_ADDR=HERE)
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_lock_out_is_told_once_an_hour_for_a_user(client, user, now):
    lock_out(client)
    attempt(client)
    lock_out(client, address="198.51.100.1")
    notice = Notice.objects.get()
    assert (notice.kind, notice.level) == ("login_locked", "warning")
    assert "trader" in notice.title
    assert ["From", HERE] in notice.facts
    now.shift(timedelta(hours=1))
    lock_out(client)
    assert Notice.objects.count() == 2


def test_invented_names_are_told_once_an_hour_together(client, user, now):
    for name in ("one", "two", "three"):
        lock_out(client, name=name)
    assert "nobody has" in Notice.objects.get().title


def test_no_password_is_stored_or_logged(client, user, now, caplog):
    from axes.models import AccessAttempt

    attempt(client, "hunter2-secret")
    attempt(client, "x", name="typed-my-password")
    assert "hunter2-secret" not in str(list(AccessAttempt.objects.values()))
    assert "hunter2-secret" not in caplog.text
    assert "typed-my-password" not in caplog.text


@pytest.mark.parametrize(
    ("proxy", "headers", "address"),
    [
        (False, {"REMOTE_ADDR": HERE}, HERE),
        (False, {"REMOTE_ADDR": HERE, "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, HERE),
        (True, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "203.0.113.9"),
        (
            True,
            {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"},
            "203.0.113.9",
        ),
        (True, {"REMOTE_ADDR": HERE}, HERE),
        (True, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "nonsense"}, None),
        (False, {"REMOTE_ADDR": ""}, None),
        (False, {"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"),
        (False, {"REMOTE_ADDR": "::ffff:192.0.2.7"}, HERE),
    ],
)
def test_where_a_request_comes_from(settings, proxy, headers, address):
    settings.BEHIND_HTTPS = proxy
    assert client_address(RequestFactory().get("/", **headers)) == address


def test_an_invented_header_does_not_make_a_new_address(client, user, now):
    for number in range(5):
        answer = attempt(client, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert answer.status_code == 429


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "1 minute"), (60, "1 minute"), (61, "2 minutes"), (900, "15 minutes")],
)
def test_a_wait_is_never_said_shorter_than_it_is(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
