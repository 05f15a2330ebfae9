"""A link from the terminal logs in once, and soon."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from trading.errors import StartError
from trading.login import VALID_FOR, make_token, one_time_link, redeem
from trading.models import OneTimeLogin

pytestmark = pytest.mark.django_db


def token_of(link):
    return link.rstrip("/").rpartition("/")[2]


def test_the_first_link_makes_a_superuser_without_a_password():
    link = one_time_link("http://127.0.0.1:8000/")
    assert link.startswith("http://127.0.0.1:8000/login/once/")
    user = redeem(token_of(link))
    assert (user.username, user.is_superuser, user.has_usable_password()) == ("trader", True, False)


def test_a_link_is_for_the_superuser_that_is_there():
    boss = User.objects.create_superuser("boss")
    User.objects.create_user("guest")
    assert redeem(token_of(one_time_link("http://x"))) == boss
    assert User.objects.count() == 2


def test_a_token_works_once():
    token = token_of(one_time_link("http://x"))
    assert redeem(token) is not None
    assert redeem(token) is None
    assert OneTimeLogin.objects.get().used_at is not None


def test_a_token_is_good_for_a_quarter_of_an_hour():
    token = token_of(one_time_link("http://x"))
    with time_machine.travel(timezone.now() + VALID_FOR + timedelta(seconds=1), tick=False):
        assert redeem(token) is None
    with time_machine.travel(timezone.now() + VALID_FOR - timedelta(seconds=9), tick=False):
        assert redeem(token) is not None


def test_a_changed_or_invented_token_is_refused():
    token = token_of(one_time_link("http://x"))
    assert redeem(token[:-2] + "xx") is None
    assert redeem("nonsense") is None
    assert redeem("") is None


def test_the_token_itself_is_not_stored():
    token = token_of(one_time_link("http://x"))
    row = OneTimeLogin.objects.get()
    assert token not in str(vars(row))


def test_a_user_who_was_locked_out_does_not_get_in():
    user = User.objects.create_superuser("boss")
    token = make_token(user)
    User.objects.update(is_active=False)
    assert redeem(token) is None
    with pytest.raises(StartError, match="inactive"):
        one_time_link("http://x")


def test_links_that_nobody_used_are_forgotten():
    one_time_link("http://x")
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        one_time_link("http://x")
    assert OneTimeLogin.objects.count() == 1


def test_the_link_opens_the_page(client):
    link = one_time_link("http://testserver")
    answer = client.get(link)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    client.logout()
    assert client.get(link).status_code == 403
