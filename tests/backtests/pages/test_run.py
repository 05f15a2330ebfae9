"""A run's page while it runs, after it failed, and stopping it."""

import sys
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import backtests
from backtests import storing
from backtests.models import Backtest
from backtests.pages.runs import equity_so_far, progress_to_wire, share
from tests.backtests.outcomes import outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which runs were asked to stop."""
    found: list[int] = []
    control = SimpleNamespace(stop=lambda row, asked_by: found.append(row.pk))
    monkeypatch.setitem(sys.modules, "backtests.control", control)
    monkeypatch.setattr(backtests, "control", control, raising=False)
    return found


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_a_run_shows_how_far_it_is(client: Client, running: Backtest) -> None:
    page = text(client, f"/backtests/{running.pk}/")
    assert "4 of 60 days" in page
    assert "9 analysed, 2 of them kept from before" in page
    assert f"{running.ticks:,}" in page
    assert "Balance so far" in page
    assert f'action="/backtests/{running.pk}/stop/"' in page


def test_its_progress_is_asked_for_alone(client: Client, running: Backtest) -> None:
    part = text(client, f"/backtests/{running.pk}/progress/")
    assert "4 of 60 days" in part
    assert "<html" not in part
    with CaptureQueriesContext(connection) as queries:
        text(client, f"/backtests/{running.pk}/progress/")
    assert len(queries) <= 4  # session, user, run, balances


def test_when_it_is_over_the_page_is_loaded_anew(client: Client, running: Backtest) -> None:
    storing.fail(running, "MES 2025-01-09: its file is damaged; run ticks repair")
    answer = client.get(f"/backtests/{running.pk}/progress/")
    assert answer["HX-Refresh"] == "true"
    assert answer.content == b""


def test_the_wire_says_what_the_page_counts(running: Backtest) -> None:
    assert running.started_at is not None
    assert progress_to_wire(running) == {
        "type": "backtest",
        "id": running.pk,
        "status": "running",
        "done": 4,
        "days": 60,
        "analysed": 9,
        "kept": 2,
        "ticks": running.ticks,
        "started": int(running.started_at.timestamp() * 1000),
        "stopping": False,
    }


def test_the_balance_so_far_is_that_of_the_days(running: Backtest) -> None:
    curve = equity_so_far(running)
    days = list(running.days.order_by("day"))
    assert curve is not None
    assert curve["balance"] == days[-1].closing
    assert curve["made"] == days[-1].closing - running.opening
    assert len(curve["points"].split()) == 4
    fresh = storing.create(outcome(days=3).plan, asked_from="page")
    assert equity_so_far(fresh) is None


def test_shares_stay_within_the_whole() -> None:
    assert [share(0, 0), share(0, 9), share(3, 9), share(9, 9), share(12, 9)] == [
        "0%", "0.0%", "33.3%", "100.0%", "100.0%",
    ]  # fmt: skip


def test_a_failed_run_says_why_in_words(client: Client, running: Backtest) -> None:
    storing.fail(running, "<b>MES 2025-01-09</b>: its file is damaged; run ticks repair")
    Backtest.objects.filter(pk=running.pk).update(days_done=0)
    page = text(client, f"/backtests/{running.pk}/")
    assert "&lt;b&gt;MES 2025-01-09&lt;/b&gt;: its file is damaged; run ticks repair" in page
    assert "Run again with changes" in page
    assert "No day of it was finished" in page


def test_stopping_is_asked_for_once_by_who_may(
    client: Client, onlooker: Client, running: Backtest, stopped: list[int]
) -> None:
    address = f"/backtests/{running.pk}/stop/"
    assert client.get(address).status_code == 405
    assert onlooker.post(address).status_code == 403
    assert stopped == []
    assert client.post(address)["Location"] == f"/backtests/{running.pk}/"
    assert stopped == [running.pk]
    Backtest.objects.filter(pk=running.pk).update(stop_asked=True)
    page = text(client, f"/backtests/{running.pk}/")
    assert "Stopping" in page
    assert "Stop it" not in page


def test_what_is_over_cannot_be_stopped(
    client: Client, running: Backtest, stopped: list[int]
) -> None:
    storing.fail(running, "the disk is full")
    answer = client.post(f"/backtests/{running.pk}/stop/")
    assert answer.status_code == 409
    assert b"It is failed; there is nothing to stop." in answer.content
    assert stopped == []


def test_a_form_of_another_site_stops_nothing(
    trader: User, running: Backtest, stopped: list[int]
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(trader)
    assert client.post(f"/backtests/{running.pk}/stop/").status_code == 403
    assert stopped == []


def test_who_only_looks_is_offered_no_stop(onlooker: Client, running: Backtest) -> None:
    page = text(onlooker, f"/backtests/{running.pk}/")
    assert "4 of 60 days" in page
    assert "Stop it" not in page


@pytest.mark.parametrize("address", ["report.html", "report.json"])
def test_there_is_no_report_of_what_is_not_finished(
    client: Client, running: Backtest, address: str
) -> None:
    assert "is not finished" in text(client, f"/backtests/{running.pk}/{address}", 409)


def test_a_run_that_is_not_there_has_a_page(client: Client) -> None:
    assert "There is no backtest 999" in text(client, "/backtests/999/", 404)
