"""Lists and single things: what they say is what is stored, whoever has run what."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdata.models import Bar
from tests.trading.api.asking import Asker, token_of, user_of
from tests.trading.days import run_day, session_row
from tests.trading.test_pages_trades import add
from trading.api.fields import nano_text
from trading.models import Order, Session, Signal, Tier, Trade
from trading.pages.filters import trade_filter
from trading.pages.trades import filtered_trades

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked() -> Asker:
    return Asker(token_of(user_of("viewer"), "read"))


def test_a_traded_day_is_told_as_it_is_stored(asked: Asker) -> None:
    run_day()
    session = Session.objects.get()
    found = asked("trades", limit=500).json()
    assert found["next"] is None
    for said in found["results"]:
        row = Trade.objects.get(pk=said["id"])
        assert Decimal(said["net"]) == row.net
        assert said["entry_at"] == nano_text(row.entry_ns)
        assert (said["account"], said["session"]) == ("paper-MES", session.pk)
        assert said["direction"] == row.get_direction_display()
        assert asked(f"trades/{row.pk}").json() == said
    assert len(found["results"]) == session.trades_closed > 0
    fills = [fill for one in asked("orders").json()["results"] for fill in one["fills"]]
    assert fills, "orders come with their fills"
    signals = asked("signals", limit=500, approved="true").json()["results"]
    assert len(signals) == Signal.objects.filter(approved=True).count()
    assert {one for said in signals for one in said["trades"]} == {
        said["id"] for said in found["results"]
    }


def test_bars_have_their_levels_as_prices(asked: Asker) -> None:
    run_day()
    said = asked("bars", ordering="time", limit=3).json()["results"]
    for one, row in zip(said, Bar.objects.order_by("start_ns")[:3], strict=True):
        assert Decimal(one["high"]) == row.high == Decimal(one["levels"][-1]["price"])
        assert sum(each["bid"] for each in one["levels"]) == row.sell_volume
        assert sum(each["ask"] for each in one["levels"]) == row.buy_volume
    assert asked("bars", levels="false", limit=1).json()["results"][0]["levels"] == []


def test_statistics_and_recaps_are_those_of_the_pages(asked: Asker) -> None:
    run_day()
    session = Session.objects.get()
    figures = asked("statistics").json()
    assert (Decimal(figures["net"]), figures["count"]) == (session.net, session.trades_closed)
    line = asked("recaps").json()["results"][0]
    assert (line["day"], Decimal(line["net"])) == (session.day.isoformat(), session.net)
    recap = asked(f"recaps/{session.day}").json()
    assert Decimal(recap["exits"][-1]["total"]) == session.net == Decimal(recap["totals"]["net"])
    assert recap["signals"]["all"] == Signal.objects.count()


def test_a_trade_is_explained_as_on_its_page(asked: Asker) -> None:
    run_day()
    trade = Trade.objects.filter(status="closed").first()
    told = asked(f"explain/{trade.pk}").json()
    assert (told["trade"], told["format"]) == (trade.pk, 1)


def test_what_is_open_is_marked_at_the_newest_bar(asked: Asker) -> None:
    run_day()
    session = Session.objects.get()
    add(session, 900, status="open")
    said = asked("positions").json()["results"]
    newest = Bar.objects.order_by("-start_ns").first()
    assert [Decimal(one["mark"]) for one in said] == [newest.close]
    moved = newest.close - Decimal("5000.25")
    assert Decimal(said[0]["open_pnl"]) == moved * 2 * 5
    status = asked("session/status").json()
    assert [one["id"] for one in status["positions"]] == [said[0]["id"]]
    assert (status["session"]["id"], status["real_money"]) == (session.pk, False)


def test_nothing_traded_yet_is_said(asked: Asker) -> None:
    for path in ("session/status", "bars"):
        answer = asked(path)
        assert answer.status_code == 404
        assert answer.json()["detail"] == "Nothing has been traded yet: there is no session."
    assert asked("trades").json() == {"results": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        {}, {"result": "won"}, {"direction": "short"}, {"exit": "stop"}, {"from": "2024-06-13"},
        {"to": "2024-06-12", "symbol": "MES"}, {"account": "other"}, {"regime": "TRENDING_UP"},
    ],
)  # fmt: skip
def test_the_filters_are_those_of_the_page(asked: Asker, query: dict[str, str]) -> None:
    session, other = session_row(), session_row("other", day="2024-06-13", instrument_id="ES")
    session.refresh_from_db()
    other.refresh_from_db()
    for number, net in enumerate(("57.52", "-44.98", "0", "-22.49")):
        more = {"exit": "stop", "regime": "TRENDING_UP"} if number % 2 else {"exit": "target"}
        add(session, number, net=net, direction=-1 if number > 2 else 1, **more)
    add(other, 9, net="-100")
    add(session, 10, status="open")
    here = {one["id"] for one in asked("trades", **query).json()["results"]}
    assert here == set(filtered_trades(trade_filter(query)).values_list("pk", flat=True))


def many(numbers: range) -> None:
    """So many of everything that is listed."""
    for number in numbers:
        session = session_row(f"many-{number}")
        trade = add(session, number, net="5")
        add(session, 500 + number, status="open")
        for role in ("entry", "stop"):
            order = Order.objects.create(
                id=f"{trade.pk}-{role}", session=session, trade=trade, instrument_id="MES",
                ts_ns=number, ts="2024-06-12T13:30Z", role=role, type="market", side=1, size=2,
                updated_ns=number,
            )  # fmt: skip
            order.fills.create(
                id=f"{order.pk}-f", session=session, trade=trade, ts_ns=number, role=role, side=1,
                ts="2024-06-12T13:30Z", size=2, price="5000", fee="1",
            )  # fmt: skip
        Signal.objects.create(
            id=f"s{number}", key=f"s{number}", session=session, ts_ns=number, bar_start_ns=number,
            ts="2024-06-12T13:30Z", pattern="BUY_IMBALANCE", direction=1, price=1, strength=0.5,
            regime="RANGING", confidence=0.5, approved=True,
        )  # fmt: skip
        session.account.commands.create(kind="halt")
        Tier.objects.create(
            ladder="single", name=f"t{number}", min_balance=10**6 + number, min_size=1, max_size=2,
            loss_limit=100,
        )  # fmt: skip


LISTS = (
    "trades", "positions", "orders", "signals", "sessions", "accounts", "tiers", "commands",
    "recaps",
)  # fmt: skip


def test_a_list_asks_as_much_of_the_database_for_many_rows_as_for_few(asked: Asker) -> None:
    asked("tiers")  # notes that the token was used
    many(range(2))
    few = {path: queries(asked, path) for path in LISTS}
    many(range(2, 40))
    assert {path: queries(asked, path) for path in LISTS} == few
    assert max(few.values()) <= 5


def queries(asked: Asker, path: str) -> int:
    with CaptureQueriesContext(connection) as made:
        answer = asked(path, limit=100)
    assert answer.status_code == 200
    assert answer.json()["results"], path
    return len(made)


def test_pages_follow_one_another_without_a_gap(asked: Asker) -> None:
    session = session_row()
    for number in range(7):
        add(session, number, net=["5", "-3"][number % 2])
    for ordering in ("time", "-time", "net", "-net", "day", "-size"):
        seen, place = [], f"/api/v1/trades?limit=2&ordering={ordering}"
        while place:
            page = asked(place).json()
            seen += [one["id"] for one in page["results"]]
            place = page["next"]
        assert len(seen) == len(set(seen)) == 7
        whole = [one["id"] for one in asked("trades", ordering=ordering).json()["results"]]
        assert seen == whole


def test_rows_that_come_meanwhile_move_nothing(asked: Asker) -> None:
    session = session_row()
    for number in range(4):
        add(session, number, net="5")
    first = asked("trades", limit=2).json()
    add(session, 9, net="5")
    rest = asked(first["next"]).json()
    assert [one["id"][-3:] for one in first["results"] + rest["results"]] == [
        "003", "002", "001", "000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"patern": "x"}, "patern", "is no parameter here"),
        ({"result": "drawn"}, "result", "'drawn' is not known"),
        ({"from": "June"}, "from", "'June' is no day"),
        ({"from": "2024-02-30"}, "from", "is no day"),
        ({"session": "-1"}, "session", "'-1' is no number of a row"),
        ({"session": "9" * 30}, "session", "is no number of a row"),
        ({"account": ""}, "account", "is empty"),
        ({"account": "a\0"}, "account", "Null characters are not allowed"),
        ({"symbol": ["MES", "ES"]}, "symbol", "comes 2 times"),
        ({"limit": "0"}, "limit", "'0' is no number of rows"),
        ({"limit": "501"}, "limit", "'501' is no number of rows"),
        ({"ordering": "luck"}, "ordering", "'luck' is not known"),
        ({"cursor": "nonsense"}, "cursor", "is no place in this list"),
        ({"cursor": "WyItdGltZSIsIngiLDFd"}, "cursor", "is no place in this list"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_never_ignored(
    asked: Asker, query: dict[str, str], field: str, words: str
) -> None:
    answer = asked("trades", **query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    problem = answer.json()["problems"][0]
    assert problem["field"] == field
    assert words in problem["detail"]
    assert problem["remedy"]


def test_what_is_unchanged_is_not_sent_again(asked: Asker) -> None:
    first = asked("tiers")
    again = asked("tiers", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Tier.objects.update(loss_limit=1)
    assert asked("tiers", headers={"if-none-match": first["ETag"]}).status_code == 200
    assert "Authorization" in first["Vary"]
    assert "private" in first["Cache-Control"]
