"""Backtests through the API: asked for once, looked at, cancelled."""

from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backtests.models import Backtest, BacktestPart
from engine.ticks import NS
from marketdata.calendars import new_york
from marketdata.store import the_store
from tests.backtests.pages.conftest import Store
from tests.marketdata.store.days import info, ticks
from tests.trading.api.asking import Asker, by_token

pytestmark = pytest.mark.django_db

DAYS = [date(2025, 11, 17), date(2025, 11, 18)]


@pytest.fixture(autouse=True)
def nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtests.control._start", lambda row: None)
    monkeypatch.setattr("backtests.embedded.begin", lambda: None)


@pytest.fixture
def stored(data_dir: Any) -> None:
    for day in DAYS:
        start = new_york(day - timedelta(days=1), time(18)) + NS
        the_store().write(info(day=day), [ticks(5, start=start)])


def run(ask: Asker, key: str = "", **sent: Any) -> Any:
    return ask.post("backtests", {"Idempotency-Key": key} if key else None, symbol="MES", **sent)


def test_a_run_is_accepted_and_says_where_it_is(ask: Asker, stored: None) -> None:
    answer = run(ask, balance="2500", note="as it is", **{"from": "2025-11-18"})
    row = Backtest.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/backtests/{row.pk}")
    assert (row.asked_from, row.asked_by.username) == ("api", "trader")  # type: ignore[union-attr]
    assert (row.first, row.last, row.note) == (DAYS[1], DAYS[1], "as it is")
    assert row.opening == 2500
    said = answer.json()
    assert (said["status"], said["over"], said["opening"]) == ("waiting", False, "2500.00")
    assert ask(answer["Location"]).json() == said


def test_the_last_days_and_all_of_them(ask: Asker, stored: None) -> None:
    assert run(ask, last_days=1).json()["first"] == "2025-11-18"
    assert run(ask).json()["first"] == "2025-11-17"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"last_days": 0}, "last_days"),
        ({"last_days": 1, "to": "2025-11-18"}, "last_days"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2025-11-18", "to": "2025-11-17"}, "to"),
        ({"from": "2030-01-01"}, "from"),
        ({"config": "account:nobody"}, "config"),
        ({"config": "/etc/passwd"}, "config"),
        ({"balance": "much"}, "balance"),
        ({"fills": "lucky"}, "fills"),
        ({"days": 3}, "days"),
    ],
)
def test_what_makes_no_sense_is_named(
    ask: Asker, stored: None, sent: dict[str, Any], field: str
) -> None:
    answer = run(ask, **sent)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    problem = answer.json()["problems"][0]
    assert problem["field"] == field
    assert problem["remedy"]
    assert not Backtest.objects.exists()


def test_a_repeated_key_is_the_same_run(ask: Asker, stored: None) -> None:
    first = run(ask, "k", last_days=1).json()
    assert run(ask, "k", last_days=1).json()["id"] == first["id"]
    assert run(ask, "k", last_days=2).status_code == 422
    assert run(by_token("admin"), "k", last_days=1).json()["id"] != first["id"]
    assert Backtest.objects.count() == 2


def test_a_key_of_what_was_refused_can_be_used_again(ask: Asker, stored: None) -> None:
    assert run(ask, "k", balance="much").status_code == 400
    assert run(ask, "k", balance="2500").status_code == 202


def test_a_finished_run_is_told_whole(ask: Asker, store: Store) -> None:
    row = store()
    said = ask(f"backtests/{row.pk}").json()
    assert (said["over"], Decimal(said["net"])) == (True, row.net)
    trades = ask(f"backtests/{row.pk}/trades", limit=500).json()["results"]
    assert sum(Decimal(trade["net"]) for trade in trades) == row.net
    assert len(trades) == row.trades_closed
    report = ask(f"backtests/{row.pk}/report").json()
    assert (report["number"], len(report["trades"])) == (row.pk, row.trades_closed)
    assert ask.post(f"backtests/{row.pk}/cancel").status_code == 409


def test_a_run_is_cancelled_and_stays_so(ask: Asker, running: Backtest) -> None:
    from backtests.splitting import make_parts

    make_parts(running, running.days_asked, 2)
    BacktestPart.objects.update(
        holder="somebody", lease_until=timezone.now() + timedelta(minutes=5)
    )
    for _ in range(2):
        answer = ask.post(f"backtests/{running.pk}/cancel")
        assert (answer.status_code, answer.json()["stop_asked"]) == (202, True)
        assert answer["Location"] == f"/api/v1/backtests/{running.pk}"
    assert ask(f"backtests/{running.pk}/report").status_code == 409


def test_what_there_is_not_is_said(ask: Asker) -> None:
    for path in ("backtests/7", "backtests/7/trades", "backtests/7/report"):
        answer = ask(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert ask.post("backtests/7/cancel").status_code == 404


def test_lists_ask_as_much_for_many_rows_as_for_few(ask: Asker, store: Store) -> None:
    ask("tiers")
    few, many = store(trades=2), store(trades=60)
    assert queries(ask, f"backtests/{few.pk}/trades") == queries(ask, f"backtests/{many.pk}/trades")
    before = queries(ask, "backtests")
    for _ in range(5):
        store(trades=1)
    assert queries(ask, "backtests") == before


def queries(ask: Asker, path: str) -> int:
    with CaptureQueriesContext(connection) as made:
        assert ask(path, limit=100).json()["results"]
    return len(made)
