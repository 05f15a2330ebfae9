"""The list of trades: what an address narrows it to, what it sums up, and what it exports."""

import csv
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from marketdata.models import moment
from tests.trading.days import session_row
from trading.models import Account, Trade
from trading.pages.export import COLUMNS
from trading.pages.filters import SORTS, trade_filter
from trading.pages.trades import filtered_trades
from trading.recap.figures import figures

pytestmark = pytest.mark.django_db(transaction=True)

START = 1_718_199_000_000_000_000  # 2024-06-12 09:30 New York
MINUTE = 60_000_000_000


@pytest.fixture
def trader() -> User:
    return User.objects.create_user("trader", password="long enough")


@pytest.fixture
def page(client: Client, trader: User) -> Client:
    client.force_login(trader)
    return client


@pytest.fixture
def trades() -> list[Trade]:
    """Six of MES on a Wednesday and one of ES by another account on the Thursday."""
    session = session_row()
    rows = [
        add(session, 1, net="57.52", pattern="BUY_IMBALANCE", regime="TRENDING_UP"),
        add(session, 2, net="-44.98", pattern="SELL_IMBALANCE", direction=-1, exit="stop"),
        add(session, 3, net="0", exit="break_even"),
        add(session, 4, net="-22.49", exit="stop", minutes=40),
        add(session, 5, net="86.28", direction=-1),
        add(session, 6, status="open"),
    ]
    other = session_row("other", day=date(2024, 6, 13), instrument_id="ES")
    rows.append(add(other, 7, net="-100", exit="kill"))
    return rows


def add(session: Any, number: int, *, net: str = "", minutes: int = 5, **more: Any) -> Trade:
    entry = START + number * MINUTE + (session.day - date(2024, 6, 12)).days * 1440 * MINUTE
    values: dict[str, Any] = {
        "id": f"{session.account.name}-{session.day:%Y%m%d}-{number:03d}",
        "account": session.account, "session": session, "instrument_id": session.instrument_id,
        "day": session.day, "status": more.get("status", "closed"), "size": 2,
        "direction": more.get("direction", 1), "ordered_ns": entry, "entry_ns": entry,
        "entry_ts": moment(entry), "entry_price": Decimal("5000.25"), "entry_notional": 40_002,
        "stop": Decimal("4996.25"), "target": Decimal("5006.25"),
        "pattern": more.get("pattern", "BUYING_EXHAUSTION"),
        "regime": more.get("regime", "RANGING"),
    }  # fmt: skip
    if net:
        end = entry + minutes * MINUTE
        values |= {
            "exit_ns": end, "exit_ts": moment(end), "exit_price": Decimal("5006.25"),
            "exit_notional": 40_050, "exit_reason": more.get("exit", "target"), "mae": number,
            "mfe": 24, "net": Decimal(net), "fees": Decimal("2.48"),
            "gross": Decimal(net) + Decimal("2.48"), "balance": Decimal(2500),
        }  # fmt: skip
    return Trade.objects.create(**values)


def numbers(query: dict[str, str]) -> list[int]:
    """The numbers at the end of the ids that an address shows, in its order."""
    return [int(row.pk[-3:]) for row in filtered_trades(trade_filter(query))]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, [7, 6, 5, 4, 3, 2, 1]),
        ({"account": "other"}, [7]),
        ({"symbol": "MES"}, [6, 5, 4, 3, 2, 1]),
        ({"from": "2024-06-13"}, [7]),
        ({"to": "2024-06-12"}, [6, 5, 4, 3, 2, 1]),
        ({"from": "2024-06-12", "to": "2024-06-13", "result": "won"}, [5, 1]),
        ({"result": "lost"}, [7, 4, 2]),
        ({"direction": "short"}, [5, 2]),
        ({"exit": "stop"}, [4, 2]),
        ({"pattern": "BUY_IMBALANCE"}, [1]),
        ({"regime": "RANGING", "direction": "short"}, [5, 2]),
        ({"sort": "entry"}, [1, 2, 3, 4, 5, 6, 7]),
        ({"sort": "-net"}, [5, 1, 3, 4, 2, 7, 6]),
        ({"sort": "net"}, [7, 2, 4, 3, 1, 5, 6]),
        ({"sort": "-held", "symbol": "MES", "result": "lost"}, [4, 2]),
    ],
)
def test_an_address_says_what_is_shown(
    trades: list[Trade], query: dict[str, str], shown: list[int]
) -> None:
    assert numbers(query) == shown


def test_every_column_that_sorts_can(trades: list[Trade]) -> None:
    for name in SORTS:
        assert sorted(numbers({"sort": name})) == sorted(numbers({"sort": f"-{name}"}))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"from": "12.6.2024"}, "from: “12.6.2024” is no day; write it like 2024-06-12."),
        ({"to": "2024-02-30"}, "to: “2024-02-30” is no day; write it like 2024-06-12."),
        ({"from": "2024-06-13", "to": "2024-06-12"}, "from 2024-06-13 is after to 2024-06-12"),
        ({"result": "draw"}, "result: “draw” is none of won, lost."),
        ({"direction": "up"}, "direction: “up” is none of long, short."),
        ({"sort": "luck"}, "sort: “luck” is none of entry"),
        ({"page": "0"}, "page: “0” is no page number"),
    ],
)
def test_what_cannot_be_understood_is_said_and_nothing_is_shown(
    page: Client, trades: list[Trade], query: dict[str, str], problem: str
) -> None:
    assert numbers(query) == []
    html = page.get("/trades/", query).content.decode()
    assert problem in html
    assert 'role="alert"' in html
    answer = page.get("/trades/export.csv", query)
    assert answer.status_code == 400
    assert problem in answer.content.decode()


def test_an_address_survives_its_way_through_the_filter() -> None:
    wanted = trade_filter({"account": "a", "sort": "-net", "page": "3", "to": "", "x": "y"})
    assert wanted.query(page=3) == "account=a&sort=-net&page=3"
    assert wanted.query() == "account=a&sort=-net"
    assert wanted.sorted_by("net") == "account=a&sort=net"
    assert wanted.sorted_by("entry") == "account=a"
    assert trade_filter({}).sorted_by("entry") == "sort=entry"


def test_totals_are_exact_and_say_nothing_of_nothing() -> None:
    rows = [("0.10", "-0.05"), ("0.20", "0.10"), ("-0.30", "-0.30"), ("0", "0")]
    made = figures((Decimal(g), Decimal("0.10"), Decimal(n)) for g, n in rows)
    assert (made.count, made.wins, made.losses) == (4, 1, 2)
    assert made.net == Decimal("-0.25")
    assert made.fees == Decimal("0.40")
    assert made.win_rate == Decimal("0.25")
    assert made.profit_factor == Decimal("0.10") / Decimal("0.35")
    assert made.expectancy == Decimal("-0.06")
    assert made.average_loss == Decimal("-0.18")  # half to even
    assert made.drawdown == Decimal("0.30")
    nothing = figures([])
    assert (nothing.count, nothing.net) == (0, 0)
    assert {nothing.win_rate, nothing.profit_factor, nothing.expectancy} == {None}


def test_the_page_sums_up_what_is_filtered(page: Client, trades: list[Trade]) -> None:
    response = page.get("/trades/", {"symbol": "MES"})
    totals = response.context["totals"]
    assert (totals.count, totals.wins, totals.losses) == (5, 2, 2)
    assert totals.net == Decimal("76.33")
    assert "+76.33" in response.content.decode()


def test_htmx_gets_the_list_alone_and_the_address_to_show(
    page: Client, trades: list[Trade]
) -> None:
    query = {"account": "paper-MES", "symbol": "", "sort": "-entry"}
    response = page.get("/trades/", query, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "<html" not in html
    assert "paper-MES-20240612-005" in html
    assert response["HX-Push-Url"] == "/trades/?account=paper-MES"
    assert "HX-Request" in response["Vary"]
    whole = page.get(response["HX-Push-Url"]).content.decode()
    assert "<html" in whole
    assert "paper-MES-20240612-005" in whole


def test_pages_of_trades_repeat_and_skip_none(
    page: Client, trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trading.pages.answers.PAGE_SIZE", 3)
    seen: list[str] = []
    for number in (1, 2, 3):
        response = page.get("/trades/", {"page": str(number), "sort": "pattern"})
        seen += [row.pk for row in response.context["page"]]
    assert len(seen) == len(set(seen)) == 7
    beyond = page.get("/trades/", {"page": "99"})
    assert beyond.context["page"].number == 3
    again = page.get("/trades/", {"page": "99"}, headers={"HX-Request": "true"})
    assert again["HX-Push-Url"] == "/trades/?page=3"


def test_a_long_list_asks_as_few_questions_as_a_short_one(
    page: Client, trades: list[Trade]
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page.get("/trades/")
        return len(queries)

    few = asked()
    session = trades[0].session
    for number in range(10, 40):
        add(session, number, net="1")
    assert asked() == few <= 8


def test_without_a_trade_the_page_says_what_to_do(page: Client) -> None:
    html = page.get("/trades/").content.decode()
    assert "No trades yet" in html
    assert "make run" in html


def test_a_filter_that_nothing_passes_offers_the_way_back(
    page: Client, trades: list[Trade]
) -> None:
    html = page.get("/trades/", {"account": "nobody"}).content.decode()
    assert "No trade passes these filters" in html
    assert 'value="nobody" selected' in html


# Export


async def exported(trader: User, query: str = "") -> tuple[Any, list[dict[str, str]]]:
    client = AsyncClient()
    await client.aforce_login(trader)
    response = await client.get(f"/trades/export.csv{query}")
    assert response.streaming
    text = b"".join([part async for part in response.streaming_content]).decode()
    assert text.endswith("\r\n")
    return response, list(csv.DictReader(StringIO(text)))


async def test_the_export_holds_what_is_filtered_exactly(trader: User, trades: list[Trade]) -> None:
    response, rows = await exported(trader, "?account=paper-MES&result=won&sort=entry")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="trades-paper-mes.csv"'
    assert [row["trade"][-3:] for row in rows] == ["001", "005"]
    first = rows[0]
    assert list(first) == list(COLUMNS)
    assert (first["net"], first["gross"], first["fees"]) == ("57.52", "60.00", "2.48")
    assert (first["entry_price"], first["size"]) == ("5000.25", "2")
    assert first["entry_utc"] == "2024-06-12 13:31:00.000"
    assert first["entry_new_york"] == "2024-06-12 09:31:00.000-04:00"


async def test_an_open_trade_is_exported_with_empty_cells(
    trader: User, trades: list[Trade]
) -> None:
    _, rows = await exported(trader)
    (still,) = [row for row in rows if row["status"] == "open"]
    assert (still["exit_utc"], still["net"], still["mae_ticks"]) == ("", "", "")


async def test_no_text_in_the_export_is_a_formula(trader: User, trades: list[Trade]) -> None:
    await Account.objects.filter(name="other").aupdate(name="=cmd|'/c calc'!A1")
    await Trade.objects.filter(pk=trades[0].pk).aupdate(pattern="@SUM(A1)", exit_reason="+1")
    _, rows = await exported(trader)
    assert rows[0]["account"] == "'=cmd|'/c calc'!A1"
    assert (rows[-1]["pattern"], rows[-1]["exit_reason"]) == ("'@SUM(A1)", "'+1")
    assert {row["net"] for row in rows} >= {"-44.98", "-100.00"}


async def test_a_long_export_comes_in_parts(
    trader: User, trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trading.pages.export.CHUNK", 2)
    client = AsyncClient()
    await client.aforce_login(trader)
    response = await client.get("/trades/export.csv")
    parts = [part async for part in response.streaming_content]
    assert len(parts) == 4
    assert len(b"".join(parts).splitlines()) == 8


@pytest.mark.parametrize("path", ["/trades/", "/trades/export.csv"])
def test_trades_need_a_login_that_comes_back(client: Client, path: str) -> None:
    response = client.get(path, {"result": "won"})
    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={path}%3Fresult%3Dwon"
