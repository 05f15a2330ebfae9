"""The list of sessions, and all there is about one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.trading.days import DAY, NEXT_DAY, run_day, session_row
from trading.models import Account, AuditEvent, Command, Configuration, Session, Signal, Trade
from trading.pages.sessions import carried, sessions, settings_of, told
from trading.selectors import session_bars

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(client: Client) -> Client:
    client.force_login(User.objects.create_user("trader", password="long enough"))
    return client


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="long enough"))
    return client


def html_of(page: Client, path: str, query: dict[str, str] | None = None) -> str:
    response = page.get(path, query or {})
    assert response.status_code == 200
    return response.content.decode()


def test_the_newest_day_comes_first_with_its_bars_counted(page: Client) -> None:
    run_day(DAY, NEXT_DAY)
    rows = list(page.get("/sessions/").context["page"])
    assert [row.day for row in rows] == [NEXT_DAY, DAY]
    for row in rows:
        assert row.bars == session_bars(row).count() > 100
        assert row.net == sum(Trade.objects.filter(session=row).values_list("net", flat=True))


@pytest.mark.parametrize(("broker", "words"), [("rithmic", "Real money"), ("test", "Test broker")])
def test_every_page_of_a_live_account_says_whose_money_it_is(
    page: Client, broker: str, words: str
) -> None:
    run_day()
    trade = Trade.objects.filter(status="closed").latest()
    paths = ("/trades/", f"/trades/{trade.pk}/", "/sessions/", f"/sessions/{trade.session_id}/")
    paths += (f"/recap/{DAY}/",)
    for path in paths:
        assert words not in html_of(page, path)
    Session.objects.update(mode="live")
    Account.objects.update(mode="live", broker=broker, broker_account="S-1")
    for path in paths:
        assert words in html_of(page, path)


def test_bars_of_a_market_that_others_played_further_do_not_count(page: Client) -> None:
    run_day()
    whole = Session.objects.get()
    middle = list(session_bars(whole))[40].start_ns
    late = session_row("late", source=whole.source, last_tick_ns=middle + 1)
    assert {row.pk: row.bars for row in sessions()}[late.pk] == 41


def test_sessions_are_narrowed_to_an_account_and_a_state(page: Client) -> None:
    session_row("a", status="ended")
    session_row("b", status="failed")
    rows = page.get("/sessions/", {"account": "b"}).context["page"]
    assert [row.account.name for row in rows] == ["b"]
    part = page.get("/sessions/", {"status": "ended"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert part["HX-Push-Url"] == "/sessions/?status=ended"
    assert [row.account.name for row in part.context["page"]] == ["a"]
    assert "No session passes" in html_of(page, "/sessions/", {"account": "nobody"})


def test_many_sessions_ask_as_few_questions_as_one(page: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            page.get("/sessions/")
        return len(queries)

    session_row()
    few = asked()
    for days in range(1, 20):
        session_row(day=DAY + timedelta(days=days))
    assert asked() == few <= 6


def test_without_a_session_the_page_says_what_to_do(page: Client) -> None:
    assert "make run" in html_of(page, "/sessions/")


# One session


def test_a_session_shows_its_trades_and_signals_with_what_became_of_them(page: Client) -> None:
    run_day()
    row = Session.objects.get()
    response = page.get(f"/sessions/{row.pk}/")
    assert [one.pk for one in response.context["trades"]] == list(
        Trade.objects.order_by("entry_ns").values_list("pk", flat=True)
    )
    assert response.context["totals"].net == row.net
    html = response.content.decode()
    assert "is not enabled in" in html
    for trade in Trade.objects.all():
        assert f'href="/trades/{trade.pk}/"' in html


@pytest.mark.parametrize("fate", ["accepted", "rejected", "traded", "not traded"])
def test_signals_are_narrowed_to_a_decision(page: Client, fate: str) -> None:
    run_day()
    row = Session.objects.get()
    part = page.get(f"/sessions/{row.pk}/", {"signals": fate}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    found = part.context["page"].paginator.count
    signals = Signal.objects.filter(session=row)
    traded = signals.filter(pk__in=Trade.objects.values("signal")).count()
    wanted = {
        "accepted": signals.filter(approved=True).count(),
        "rejected": signals.filter(approved=False).count(),
        "traded": traded,
        "not traded": signals.filter(approved=True).count() - traded,
    }
    assert found == wanted[fate] > 0


def test_signals_are_narrowed_to_a_pattern_and_paged(page: Client) -> None:
    run_day()
    row = Session.objects.get()
    query = {"pattern": "BUY_IMBALANCE", "page": "2"}
    shown = page.get(f"/sessions/{row.pk}/", query).context["page"]
    assert {one.pattern for one in shown} == {"BUY_IMBALANCE"}
    everything = page.get(f"/sessions/{row.pk}/", {"signals": "sideways", "pattern": "x"})
    assert everything.context["page"].paginator.count == Signal.objects.count()


def test_a_session_asks_few_questions_whatever_it_holds(page: Client) -> None:
    run_day()
    row = Session.objects.get()
    with CaptureQueriesContext(connection) as queries:
        page.get(f"/sessions/{row.pk}/")
    assert len(queries) <= 13


def test_commands_and_audit_are_told(page: Client) -> None:
    run_day()
    row = Session.objects.get()
    person = User.objects.create_user("ann")
    Command.objects.create(
        account=row.account, session=row, kind="halt", reason="lunch", status="done",
        requested_by=person, result="halted",
    )  # fmt: skip
    html = html_of(page, f"/sessions/{row.pk}/")
    for text in ("ann", "lunch", "Day started", "Phase entries closed", "by pipeline"):
        assert text in html


def test_what_the_day_began_with_and_left_is_in_money() -> None:
    run_day()
    rows = {label: (before, after) for label, before, after in carried(Session.objects.get())}
    balance = Account.objects.get().balance
    assert rows["Balance"] == (Decimal(2500), balance)
    assert rows["Halts"][0] == "none"
    assert all(after is None for _, _, after in carried(session_row("new")))


def test_settings_are_those_of_the_last_start() -> None:
    run_day()
    events = list(Session.objects.get().audit.order_by("-recorded_at"))
    settings = dict(settings_of(events))
    assert settings["risk.loss_limit"] == "5000"
    assert "bars.seconds" not in settings
    assert settings_of([]) == []


def test_an_audit_event_is_a_line_without_what_other_places_say() -> None:
    event = AuditEvent(kind="halted", payload={"halt": "kill", "reason": "me", "carry": {"a": 1}})
    assert told(event) == "halt kill, reason me"
    lost = AuditEvent(kind="x", payload={"left": {"a": 1, "b": [1, 2]}, "error": ""})
    assert told(lost) == "left a 1, b 1, 2"


def test_staff_find_the_configuration_in_the_admin_and_others_its_name(boss: Client) -> None:
    stored = Configuration.objects.create(name="calm", version=2, text="x")
    row = session_row(config_name="calm@2", rules_digest="abc123")
    link = f"/admin/trading/configuration/{stored.pk}/change/"
    assert link in html_of(boss, f"/sessions/{row.pk}/")
    boss.force_login(User.objects.create_user("trader"))
    html = html_of(boss, f"/sessions/{row.pk}/")
    assert link not in html
    assert "calm@2" in html
    assert "abc123" in html


def test_an_empty_session_says_so(page: Client) -> None:
    row = session_row()
    html = html_of(page, f"/sessions/{row.pk}/")
    assert "No trade in this session." in html
    assert "No signals in this session." in html


@pytest.mark.parametrize("path", ["/sessions/", "/sessions/1/"])
def test_sessions_need_a_login(client: Client, path: str) -> None:
    assert client.get(path)["Location"] == f"/login/?next={path}"


def test_an_unknown_session_is_said(page: Client) -> None:
    response = page.get("/sessions/4711/")
    assert response.status_code == 404
    assert "There is no session 4711." in response.content.decode()
