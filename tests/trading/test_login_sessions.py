"""A login ends: when it was not used for long, and after its days however busy."""

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
import time_machine
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from trading.login_sessions import BEGUN

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    with time_machine.travel("2026-11-20T13:00:00Z", tick=False) as now:
        yield now


@pytest.fixture
def trader(now) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("trader"))
    return client


def keep_cookie(client: Client) -> None:
    """Against a browser that would not forget a cookie when it is told to."""
    client.cookies = SimpleCookie({"sessionid": client.cookies["sessionid"].value})


def test_a_login_that_is_not_used_for_half_a_day_ends(trader, now):
    keep_cookie(trader)
    now.shift(timedelta(hours=11, minutes=59))
    assert trader.get("/").status_code == 200
    now.shift(timedelta(hours=12, seconds=1))
    assert trader.get("/").status_code == 302


def test_a_login_in_use_goes_on_and_ends_after_thirty_days(trader, now):
    for _ in range(30 * 24 // 6):
        assert trader.get("/").status_code == 200
        now.shift(timedelta(hours=6))
    assert trader.get("/").status_code == 302
    assert trader.get("/").status_code == 302


def test_a_login_of_an_older_version_begins_its_days_when_it_is_seen(trader, now):
    session = trader.session
    del session[BEGUN]
    session.save()
    assert trader.get("/").status_code == 200
    assert trader.session[BEGUN] == int(timezone.now().timestamp())


def test_a_request_writes_no_session_until_a_hundredth_of_the_time_has_passed(trader, now):
    before = Session.objects.get().expire_date
    now.shift(timedelta(minutes=5))
    with CaptureQueriesContext(connection) as asked:
        trader.get("/")
    assert not [each["sql"] for each in asked if not each["sql"].startswith("SELECT")]
    assert Session.objects.get().expire_date == before
    now.shift(timedelta(minutes=5))
    trader.get("/")
    assert Session.objects.get().expire_date == before + timedelta(minutes=10)


def test_another_login_begins_anew(trader, now):
    now.shift(timedelta(hours=1))
    trader.force_login(User.objects.get())
    assert trader.session[BEGUN] == int(timezone.now().timestamp())
