"""The list of backtests: what narrows it, what it costs, and deleting."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backtests.models import Backtest, BacktestTrade
from backtests.pages.runs import SORTS, run_filter, runs
from tests.backtests.pages.conftest import Store
from tests.marketdata.store.days import info, ticks
from trading.models import AuditEvent

pytestmark = pytest.mark.django_db

HOSTILE = '"><script>alert(1)</script>{{ 7|add:7 }}'


def found(**asked: str) -> list[int]:
    return [row.pk for row in run_filter(asked).apply(runs())]


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_without_a_run_it_says_how_to_get_ticks(client: Client, data_dir: Any) -> None:
    page = text(client, "/backtests/")
    assert "No backtests yet" in page
    assert "manage.py ticks simulate --days 60" in page
    assert "manage.py ticks download" in page


def test_without_a_run_but_with_ticks_it_leads_to_the_form(client: Client, data_dir: Any) -> None:
    from marketdata.store import the_store

    the_store().write(info(), [ticks(5)])
    page = text(client, "/backtests/")
    assert "1 day of MES" in page
    assert 'href="/backtests/new/"' in page


@pytest.mark.parametrize("name", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_every_order_shows_every_run_once(store: Store, name: str) -> None:
    rows = {store(seed=seed).pk for seed in range(3)}
    shown = found(sort=name)
    assert set(shown) == rows
    assert len(shown) == 3


def test_what_an_address_narrows_it_to(store: Store, trader: User, running: Backtest) -> None:
    mine = store(note="Wider stops", by=trader)
    other = store(symbol="NQ", seed=2)
    Backtest.objects.filter(pk=other.pk).update(created_at=datetime(2025, 3, 4, 3, tzinfo=UTC))
    assert found(symbol="NQ") == [other.pk]
    assert found(status="running") == [running.pk]
    assert found(text="wider") == [mine.pk]
    assert found(text="ana") == [mine.pk]
    assert mine.pk in found(text=f"#{mine.pk}")
    assert found(to="2025-03-03") == [other.pk], "its evening in New York"
    assert found(**{"from": "2025-03-04", "sort": "asked"}) == [running.pk, mine.pk]
    assert found(text="nothing like it") == []


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("status=lost", "“lost” is none of waiting, running"),
        ("from=yesterday", "write it like 2024-06-12"),
        ("sort=luck", "“luck” is none of asked"),
        ("page=0", "is no page number"),
        ("from=2025-02-02&to=2025-02-01", "exchange them"),
    ],
)
def test_a_wrong_address_is_said_in_words(
    client: Client, store: Store, query: str, word: str
) -> None:
    store()
    page = text(client, f"/backtests/?{query}")
    assert word in page
    assert "table--runs" not in page


def test_a_list_for_htmx_is_the_list_alone(client: Client, store: Store) -> None:
    store()
    answer = client.get("/backtests/?symbol=MES", headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == "/backtests/?symbol=MES"
    assert b"<html" not in answer.content


def test_what_people_wrote_cannot_act(client: Client, store: Store) -> None:
    row = store(note=HOSTILE)
    Backtest.objects.filter(pk=row.pk).update(config_name=HOSTILE)
    for address in ("/backtests/", f"/backtests/?text={HOSTILE}", f"/backtests/{row.pk}/delete/"):
        page = text(client, address)
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in text(client, "/backtests/")


def test_badges_say_what_is_not_as_in_life(client: Client, store: Store) -> None:
    row = store()
    Backtest.objects.filter(pk=row.pk).update(fill_profile="ideal", inferred=True)
    page = text(client, "/backtests/")
    for badge in ("Synthetic", "Ideal", "Sides inferred"):
        assert badge in page


def test_it_asks_as_much_for_many_runs_as_for_few(
    client: Client, store: Store, trader: User
) -> None:
    store(by=trader)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client, "/backtests/")
        return len(queries)

    asked()
    few = asked()
    for seed in range(6):
        store(seed=seed, by=trader, days=1, trades=1)
    assert asked() == few


def test_who_only_looks_is_offered_nothing_else(onlooker: Client, store: Store) -> None:
    row = store()
    page = text(onlooker, "/backtests/")
    assert "/backtests/new/" not in page
    assert "/delete/" not in page
    for address in ("/backtests/new/", f"/backtests/{row.pk}/delete/"):
        assert "bob may look but not" in text(onlooker, address, 403)
        assert onlooker.post(address).status_code == 403
    assert Backtest.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    "address",
    [
        "", "new/", "new/estimate/", "compare/", "1/", "1/progress/", "1/delete/", "1/trades/",
        "1/trades.csv", "1/days/", "1/report.html", "1/report.json", "compare/report.html",
        "studies/", "studies/1/",
    ],
)  # fmt: skip
def test_every_page_needs_a_login(db: None, address: str) -> None:
    answer = Client().get(f"/backtests/{address}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


# Deleting


def test_deleting_asks_first_and_leaves_a_line_in_the_audit(client: Client, store: Store) -> None:
    kept, gone = store(seed=1), store(seed=2)
    asks = text(client, f"/backtests/{gone.pk}/delete/")
    assert f"Delete backtest {gone.pk}?" in asks
    assert Backtest.objects.count() == 2
    assert client.post(f"/backtests/{gone.pk}/delete/").status_code == 302
    assert list(Backtest.objects.all()) == [kept]
    assert set(BacktestTrade.objects.values_list("backtest", flat=True)) == {kept.pk}
    event = AuditEvent.objects.get()
    assert (event.kind, event.actor) == ("backtest_deleted", "ana")
    assert event.payload["backtest"] == gone.pk


def test_a_run_that_works_is_not_deleted(client: Client, running: Backtest) -> None:
    answer = client.post(f"/backtests/{running.pk}/delete/")
    assert answer.status_code == 409
    assert b"Stop it first" in answer.content
    assert Backtest.objects.filter(pk=running.pk).exists()


def test_a_form_of_another_site_deletes_nothing(trader: User, store: Store) -> None:
    row = store()
    client = Client(enforce_csrf_checks=True)
    client.force_login(trader)
    assert client.post(f"/backtests/{row.pk}/delete/").status_code == 403
    assert Backtest.objects.filter(pk=row.pk).exists()
