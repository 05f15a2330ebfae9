"""Exports in the admin: nobody edits them, and what failed can be sent again."""

import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.trading.days import DAY, NEXT_DAY
from trading.export import later
from trading.models import Export

pytestmark = pytest.mark.django_db

LIST = "/admin/trading/export/"


@pytest.fixture
def rows() -> list[Export]:
    return [
        Export.objects.create(
            day=day, target="/mnt/archive", path=f"ticks/{symbol}/{day}.parquet", status="failed",
            size=1234567, error="No space left on device; make room there",
        )
        for day, symbol in ((DAY, "MES"), (DAY, "ES"), (NEXT_DAY, "MES"))
    ]  # fmt: skip


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[list[str]]:
    settings.REDIS_URL = ""
    found: list[list[str]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **how: found.append(words))
    return found


def again(client: Client, rows: list[Export]) -> Any:
    return client.post(
        LIST, {"action": "send_again", "_selected_action": [row.pk for row in rows]}, follow=True
    )


def test_the_list_says_what_failed_and_why(admin_client: Client, rows: list[Export]) -> None:
    html = admin_client.get(LIST).content.decode()
    assert "make room there" in html
    assert "1,234,567" in html
    assert admin_client.get(f"{LIST}add/").status_code == 403


def test_days_are_sent_again_once_by_a_process_of_their_own(
    admin_client: Client, rows: list[Export], started: list[list[str]]
) -> None:
    html = again(admin_client, rows).content.decode()
    assert "Being sent again: 2024-06-12, 2024-06-13" in html
    assert [words[-1] for words in started] == ["2024-06-12", "2024-06-13"]
    assert started[0][0] == sys.executable
    assert set(Export.objects.values_list("status", "error")) == {("waiting", "")}


def test_with_workers_they_send(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    from trading.export.tasks import send_day

    settings.REDIS_URL = "redis://nowhere"
    asked: list[str] = []
    monkeypatch.setattr(send_day, "delay", asked.append)
    later.send_later([NEXT_DAY, DAY, DAY])
    assert asked == ["2024-06-12", "2024-06-13"]


def test_who_may_only_look_cannot_send(
    client: Client, rows: list[Export], started: list[list[str]]
) -> None:
    user = User.objects.create_user("looker", password="long enough", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_export"))
    client.force_login(user)
    assert client.get(LIST).status_code == 200
    again(client, rows)
    assert started == []
