"""The recap of a day: what it made, by what, what was let go, and on what data."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdata.models import Bar, DataQuality, moment
from tests.trading.days import DAY, NEXT_DAY, run_day, session_row
from tests.trading.test_pages_trades import MINUTE, START, add
from trading.models import Session, Signal, Trade
from trading.pages.recap import groups, recap, regimes, signals
from trading.recap.day import BarRow, marked, open_pnl, quality
from trading.selectors import session_bars

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_user("trader", password="long enough"))
    return client


def bar(number: int, close: str, regime: str = "RANGING") -> BarRow:
    start = START + number * MINUTE
    return BarRow(start, start + MINUTE, Decimal(close), regime, False)


def test_the_curve_counts_what_was_open_at_each_close() -> None:
    """Two MES bought at 5000.25: a point is five dollars a contract."""
    trade = add(session_row(), 1, net="57.52", minutes=2)
    assert open_pnl(trade, Decimal("5001.25")) == Decimal("10.00")
    bars = [bar(0, "5000.25"), bar(1, "5001.25"), bar(2, "4999.25"), bar(3, "5006.25")]
    booked, closes = marked(bars, [trade])
    assert booked == [(START + 3 * MINUTE, Decimal("57.52"))]
    assert [amount for _, amount in closes] == [
        Decimal(0), Decimal("10.00"), Decimal("57.52"), Decimal("57.52"),
    ]  # fmt: skip


def test_a_short_makes_what_the_price_falls() -> None:
    trade = add(session_row(), 1, net="1", direction=-1)
    assert open_pnl(trade, Decimal("4999.25")) == Decimal("10.00")


def test_groups_add_up_to_the_day_and_begin_with_the_best() -> None:
    session = session_row()
    trades = [
        add(session, 1, net="10", pattern="A"), add(session, 2, net="-30", pattern="B"),
        add(session, 3, net="5", pattern="A"),
    ]  # fmt: skip
    best, worst = groups(trades, "pattern")
    assert (best.name, best.made.count, best.made.net) == ("A", 2, 15)
    assert (worst.made.wins, worst.made.net) == (0, -30)
    assert (worst.bar_x, worst.bar_width) == (0, 50)
    assert (best.bar_x, best.bar_width) == (50, 25)


def test_a_day_adds_up_whatever_it_is_split_by() -> None:
    run_day()
    session = Session.objects.get()
    told = recap(session)
    assert told["totals"].net == session.net
    assert told["costs"]["fees"] == session.fees
    for _, its in told["groups"]:
        assert sum(one.made.net for one in its) == session.net
        assert sum(one.made.count for one in its) == session.trades_closed
    assert told["curve"]["exits"][-1]["total"] == session.net
    assert len(told["columns"]["drawn"]) == session.trades_closed


def test_every_signal_is_counted_once() -> None:
    run_day()
    told = signals(Session.objects.get())
    rows = Signal.objects.all()
    assert told["all"] == rows.count()
    assert told["accepted"] == rows.filter(approved=True).count()
    assert told["rejected"] == rows.filter(approved=False).count()
    assert told["traded"] == Trade.objects.filter(signal__isnull=False).count()
    assert sum(count for _, count, _ in told["reasons"]) == told["all"] - told["traded"]
    counts = [count for text, count, _ in told["reasons"] if text != "other reasons"]
    assert counts == sorted(counts, reverse=True)
    assert "not enabled in RANGING" in {text for text, _, _ in told["reasons"]}


def test_time_in_regimes_is_that_of_the_bars() -> None:
    bars = [bar(0, "1", ""), bar(1, "1"), bar(2, "1"), bar(3, "1", "VOLATILE")]
    told = {one["name"]: (one["minutes"], one["share"]) for one in regimes(bars)}
    assert told == {"RANGING": (2, 50), "NOT_KNOWN_YET": (1, 25), "VOLATILE": (1, 25)}
    assert regimes([]) == []


def test_gaps_are_where_no_bar_follows_at_once() -> None:
    session = session_row(dropped={"duplicate": 2, "price_jump": 5}, ticks=100)
    told = quality(session, [bar(0, "1"), bar(1, "1"), bar(4, "1"), bar(6, "1")])
    assert (told["gaps"], told["longest"][1]) == (2, 120)
    assert told["dropped"] == 7
    assert told["reasons"] == [("price_jump", 5), ("duplicate", 2)]
    assert quality(session, [])["longest"] is None


def test_the_stored_day_has_the_gaps_of_its_bars() -> None:
    run_day()
    session = Session.objects.get()
    bars = list(session_bars(session).values_list("start_ns", "end_ns"))
    holes = sum(after[0] > before[1] for before, after in pairwise(bars))
    assert recap(session)["quality"]["gaps"] == holes


# The page


def test_without_a_day_the_last_one_is_shown(page: Client) -> None:
    run_day(DAY, NEXT_DAY)
    response = page.get("/recap/")
    assert response["Location"] == "/recap/2024-06-13/"
    html = page.get(response["Location"]).content.decode()
    assert "Thu 13 Jun 2024" in html
    assert 'href="/recap/2024-06-12/"' in html


def test_a_chosen_day_and_account_become_the_address(page: Client) -> None:
    session_row("a")
    response = page.get("/recap/", {"account": "a", "day": "2024-06-11"})
    assert response["Location"] == "/recap/2024-06-11/?account=a"
    response = page.get("/recap/", {"account": "a", "day": "nonsense"})
    assert response["Location"] == "/recap/2024-06-12/?account=a"


def test_the_account_decides_whose_day_it_is(page: Client) -> None:
    session_row("a")
    session_row("b")
    response = page.get("/recap/2024-06-12/", {"account": "b"})
    assert response.context["session"].account.name == "b"
    assert set(response.context["accounts"]) == {"a", "b"}


def test_a_day_without_a_session_leads_to_those_beside_it(page: Client) -> None:
    session_row("a", day=DAY - timedelta(days=3))
    session_row("a", day=DAY + timedelta(days=3))
    response = page.get("/recap/2024-06-12/", {"account": "a"})
    html = response.content.decode()
    assert "No session of a on Wed 12 Jun 2024" in html
    assert 'href="/recap/2024-06-09/?account=a"' in html
    assert 'href="/recap/2024-06-15/?account=a"' in html


def test_a_day_without_trades_says_what_was_let_go(page: Client) -> None:
    run_day(settings={"router.min_confidence": "0.99", "router.min_strength": "0.99"})
    html = page.get("/recap/2024-06-12/").content.decode()
    assert "No trade was closed" in html
    assert "Why not traded" in html


def test_without_bars_the_recap_still_stands(page: Client) -> None:
    run_day()
    Bar.objects.all().delete()
    html = page.get("/recap/2024-06-12/").content.decode()
    assert "The bars of this day are not stored." in html
    assert "No bars are stored of this day." in html


def test_without_any_session_the_page_says_what_to_do(page: Client) -> None:
    assert "No day to recap yet" in page.get("/recap/").content.decode()
    assert "nobody has no session yet" in page.get("/recap/?account=nobody").content.decode()


def test_the_recap_asks_few_questions(page: Client) -> None:
    run_day()
    with CaptureQueriesContext(connection) as queries:
        page.get("/recap/2024-06-12/")
    assert len(queries) <= 11


@pytest.mark.parametrize(
    "path",
    [
        "/recap/",
        "/recap/2024-06-12/",
        "/recap/2024-06-12/recap.json",
        "/recap/2024-06-12/recap.html",
    ],
)
def test_the_recap_needs_a_login(client: Client, path: str) -> None:
    assert client.get(path)["Location"] == f"/login/?next={path}"


@pytest.mark.parametrize("day", ["2024-13-01", "yesterday"])
def test_what_is_no_day_is_no_page(page: Client, day: str) -> None:
    assert page.get(f"/recap/{day}/").status_code == 404


def stored_day(**values: object) -> DataQuality:
    defaults = {
        "instrument_id": "MES", "day": DAY, "contract": "MESM4", "source": "databento live",
        "until": moment(START), "grade": "doubtful", "reasons": ["1 gap, the longest 602 s"],
        "ticks": 4140, "volume": 9000, "buy_volume": 5000, "sell_volume": 4000,
        "unknown_volume": 0, "coverage": 0.9927, "gap_count": 1, "gap_ns": 602 * 10**9,
        "longest_gap_ns": 602 * 10**9, "exchange_volume": 9001, "exchange_source": "bars of 1m",
        "latency_count": 4140, "latency_median_ns": 404_000, "latency_p99_ns": 2_300_000,
        "latency_max_ns": 105_900_000,
    }  # fmt: skip
    return DataQuality.objects.create(**defaults | values)


def test_the_quality_of_the_stored_day_is_shown(page: Client) -> None:
    session_row(contract="MESM4")
    stored_day()
    html = page.get("/recap/2024-06-12/").content.decode()
    assert "The stored day: doubtful" in html
    assert "1 gap, the longest 602 s." in html
    assert "99.27% of trading hours" in html
    assert "9,001 (bars of 1m), ours -1" in html
    assert "median 404 us, p99 2.3 ms, most 105.9 ms" in html
    assert "while the day ran" not in html


def test_a_running_day_says_when_it_was_measured(page: Client) -> None:
    session_row(contract="MESM4")
    stored_day(complete=False)
    assert "Measured while the day ran, at " in page.get("/recap/2024-06-12/").content.decode()


@pytest.mark.parametrize("other", [{"contract": "MESU4"}, {"synthetic": True}, {"day": NEXT_DAY}])
def test_the_quality_of_another_market_is_not(page: Client, other: dict[str, object]) -> None:
    session_row(contract="MESM4")
    stored_day(**other)
    assert "The stored day" not in page.get("/recap/2024-06-12/").content.decode()


# To take away


def test_the_day_can_be_taken_away(page: Client) -> None:
    run_day()
    html = page.get("/recap/2024-06-12/").content.decode()
    assert 'href="/recap/2024-06-12/recap.json"' in html
    told = page.get("/recap/2024-06-12/recap.json")
    assert told["Content-Disposition"] == 'attachment; filename="2024-06-12_recap.json"'
    assert told["Content-Type"] == "application/json"
    assert told.json()["sessions"][0]["totals"]["trades"] == Session.objects.get().trades_closed
    file = page.get("/recap/2024-06-12/recap.html")
    assert file["Content-Disposition"] == 'attachment; filename="2024-06-12_recap.html"'
    assert "Content-Security-Policy" in file.content.decode()


def test_what_is_taken_away_is_of_the_account_that_is_shown(page: Client) -> None:
    session_row("a")
    session_row("b")
    html = page.get("/recap/2024-06-12/", {"account": "b"}).content.decode()
    assert 'href="/recap/2024-06-12/recap.json?account=b"' in html
    [of] = page.get("/recap/2024-06-12/recap.json", {"account": "b"}).json()["sessions"]
    assert of["session"]["account"] == "b"


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_day_without_a_session_has_nothing_to_take_away(page: Client, form: str) -> None:
    assert page.get(f"/recap/2024-06-12/recap.{form}").status_code == 404
