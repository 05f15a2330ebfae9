"""A finished run's page: its report, trades, days and files; and two runs side by side."""

import csv
import json
import re
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backtests import storing
from backtests.models import Backtest
from backtests.pages.trades import COLUMNS, SORTS, trade_filter
from tests.backtests.outcomes import outcome
from tests.backtests.pages.conftest import Store
from tests.trading.days import session_row

pytestmark = pytest.mark.django_db

HOSTILE = '"><script>alert(1)</script>'


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def lines(client: Client, address: str) -> list[dict[str, str]]:
    answer: Any = client.get(address)
    content = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(StringIO(content)))


def test_the_page_has_the_report_the_plots_and_the_lists(client: Client, store: Store) -> None:
    row = store(days=6, trades=40, note="As it was")
    page = text(client, f"/backtests/{row.pk}/")
    for said in ("How this was simulated", "Key figures", "All trades", "Days", "As it was"):
        assert said in page
    plots = json.loads(page.split('id="report-plots" type="application/json">')[1].split("<")[0])
    assert "equity" in plots
    assert set(re.findall(r'data-plot="([^"]+)"', page)) <= set(plots)
    assert page.count("<tr>") > row.trades_closed, "its trades, and more tables"
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids)), "no id twice"


def test_no_script_or_style_stands_in_the_page(client: Client, store: Store) -> None:
    row = store(note=HOSTILE)
    Backtest.objects.filter(pk=row.pk).update(config_name=HOSTILE)
    page = text(client, f"/backtests/{row.pk}/")
    scripts = re.findall(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))", page)
    assert scripts == []
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>alert" not in page


def test_it_asks_as_much_for_many_trades_as_for_few(client: Client, store: Store) -> None:
    few, many = store(days=2, trades=4), store(days=8, trades=60)

    def asked(row: Backtest) -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client, f"/backtests/{row.pk}/")
        return len(queries)

    asked(few)
    assert asked(many) == asked(few)


def test_a_run_without_trades_has_a_page_too(client: Client, store: Store) -> None:
    row = store(trades=0)
    page = text(client, f"/backtests/{row.pk}/")
    assert "No trade was made" in page
    assert text(client, f"/backtests/{row.pk}/report.html").startswith("<!doctype html>")


@pytest.mark.parametrize("name", [*SORTS, *(f"-{name}" for name in SORTS)])
def test_trades_are_sorted_by_every_column(store: Store, name: str) -> None:
    row = store()
    shown = [trade.pk for trade in trade_filter({"sort": name}).apply(row.trades.all())]
    assert len(shown) == len(set(shown)) == row.trades_closed


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("result=won", lambda trade: trade.net > 0),
        ("result=lost&direction=short", lambda trade: trade.net < 0 and trade.direction == -1),
        ("exit=target", lambda trade: trade.exit_reason == "target"),
        ("regime=RANGING", lambda trade: trade.regime == "RANGING"),
        ("from=2025-01-03&to=2025-01-06", lambda trade: 3 <= trade.day.day <= 6),
    ],
)
def test_the_list_and_its_csv_say_the_same(
    client: Client, store: Store, query: str, passes: Any
) -> None:
    row = store(days=5, trades=60)
    wanted = sorted(trade.name for trade in row.trades.all() if passes(trade))
    assert wanted, "an example that shows something"
    found = lines(client, f"/backtests/{row.pk}/trades.csv?{query}")
    assert sorted(line["trade"] for line in found) == wanted
    assert f"of {len(wanted)} trade" in text(client, f"/backtests/{row.pk}/trades/?{query}")


def test_the_csv_says_amounts_exactly(client: Client, store: Store) -> None:
    row = store()
    found = lines(client, f"/backtests/{row.pk}/trades.csv")
    assert list(found[0]) == list(COLUMNS)
    last = row.trades.order_by("entry_ns").last()
    assert Decimal(found[-1]["net"]) == last.net
    assert found[-1]["balance"].startswith(f"{int(row.closing)}")


def test_a_wrong_address_is_said_and_nothing_exported(client: Client, store: Store) -> None:
    row = store()
    assert "none of long, short" in text(client, f"/backtests/{row.pk}/trades/?direction=up")
    assert "none of long" in text(client, f"/backtests/{row.pk}/trades.csv?direction=up", 400)


def test_a_formula_in_a_tier_does_not_run_in_a_spreadsheet(client: Client, store: Store) -> None:
    row = store()
    row.trades.update(tier='=HYPERLINK("http://elsewhere.example")')
    found = lines(client, f"/backtests/{row.pk}/trades.csv")
    assert {line["tier"][:2] for line in found} == {"'="}


def test_a_trade_leads_to_the_replay_of_its_day_where_there_is_one(
    client: Client, store: Store
) -> None:
    row = store()
    first = row.trades.order_by("entry_ns").first()
    assert "/replay/" not in text(client, f"/backtests/{row.pk}/trades/").split("<main")[1]
    session = session_row("paper-MES", day=first.day)
    session.last_tick_ns = first.exit_ns
    session.save()
    page = text(client, f"/backtests/{row.pk}/trades/")
    assert f'href="/replay/{session.pk}/?t={first.entry_ns // 1_000_000}"' in page


def test_the_files_are_downloads(client: Client, store: Store) -> None:
    row = store()
    answer = client.get(f"/backtests/{row.pk}/report.html")
    assert answer["Content-Disposition"].startswith(f'attachment; filename="backtest-{row.pk}-MES')
    said = client.get(f"/backtests/{row.pk}/report.json")
    assert said["Content-Disposition"].startswith("attachment")
    content = said.json()
    assert content["number"] == row.pk
    assert len(content["trades"]) == row.trades_closed
    assert content["figures"] == row.figures


def test_a_stopped_run_is_reported_as_far_as_it_came(client: Client) -> None:
    run = outcome(days=6, trades=30)
    row = storing.create(run.plan, asked_from="page")
    for day in run.days[:2]:
        storing.store_day(row, day)
    row.status, row.days_done = Backtest.Status.STOPPED, 2
    row.save()
    page = text(client, f"/backtests/{row.pk}/")
    assert "after 2 of 6 days" in page
    assert "Key figures" in page


def test_days_come_a_page_at_a_time(client: Client, store: Store) -> None:
    row = store(days=60, trades=60)
    page = text(client, f"/backtests/{row.pk}/")
    assert "Page 1 of 2" in page.split('id="day-list"')[1]
    assert page.split('id="day-list"')[1].count('<th scope="row">') == 50
    later = text(client, f"/backtests/{row.pk}/days/?days=2")
    assert later.count('<th scope="row">') == 10


# Side by side


def test_two_runs_are_compared_with_what_chance_explains(client: Client, store: Store) -> None:
    a, b = store(days=8, seed=1), store(days=8, seed=2, edge=0.3)
    page = text(client, f"/backtests/compare/?a={a.pk}&b={b.pk}")
    assert "What differs, and what chance explains" in page
    assert "8 common days" in page
    assert f'href="/backtests/{b.pk}/"' in page
    again = text(client, f"/backtests/compare/?a={a.pk}&b={b.pk}")
    assert again.split("<main")[1] == page.split("<main")[1], "chance is seeded"


def test_a_comparison_is_a_file_too(client: Client, store: Store) -> None:
    a, b = store(seed=1), store(seed=2)
    answer = client.get(f"/backtests/compare/report.html?a={a.pk}&b={b.pk}")
    assert answer["Content-Disposition"] == (f'attachment; filename="backtests-{a.pk}-{b.pk}.html"')
    assert f"Backtests {a.pk} and {b.pk}" in answer.content.decode()
    assert client.get(f"/backtests/compare/report.html?a={a.pk}").status_code == 404


def test_the_boxes_of_the_list_lead_there(client: Client, store: Store) -> None:
    a, b = store(), store(seed=2)
    answer = client.get(f"/backtests/compare/?run={b.pk}&run={a.pk}")
    assert answer["Location"] == f"/backtests/compare/?a={b.pk}&b={a.pk}"
    assert "exactly two" in text(client, f"/backtests/compare/?run={b.pk}", 400)


@pytest.mark.parametrize("number", ["", "0", "x", "99", "9" * 40, HOSTILE])
def test_what_cannot_be_compared_is_said(client: Client, store: Store, number: str) -> None:
    row = store()
    page = client.get("/backtests/compare/", {"a": row.pk, "b": number})
    assert page.status_code == 404
    assert b"b of the address names no finished backtest" in page.content


def test_an_unfinished_run_is_not_compared(client: Client, store: Store, running: Backtest) -> None:
    row = store()
    assert "a of the address" in text(client, f"/backtests/compare/?a={running.pk}&b={row.pk}", 404)
