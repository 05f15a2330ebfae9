"""The form that starts a backtest: what it offers, what it refuses, what it asks for."""

import sys
from datetime import date, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

import backtests
from backtests import storing
from backtests.models import Backtest
from backtests.pages import form
from backtests.plan import Plan
from engine.ticks import NS
from marketdata.calendars import new_york
from marketdata.store import the_store
from tests.backtests.pages.conftest import Store
from tests.marketdata.store.days import info, ticks
from trading.configuration.stored import save_version
from trading.models import Account

pytestmark = pytest.mark.django_db

DAYS = [date(2025, 11, 17), date(2025, 11, 18), date(2025, 11, 20)]  # the 19th is missing
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(autouse=True)
def ticks_stored(data_dir: Any) -> None:
    for day in DAYS:
        start = new_york(day - timedelta(days=1), time(18)) + NS
        the_store().write(info(day=day), [ticks(5, start=start)])


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.REDIS_URL = ""
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What was asked of whoever runs backtests; nothing is run."""
    plans: list[Plan] = []

    def ask(plan: Plan, **by: Any) -> Backtest:
        plans.append(plan)
        return storing.create(plan, **by)

    control = SimpleNamespace(ask=ask)
    monkeypatch.setitem(sys.modules, "backtests.control", control)
    monkeypatch.setattr(backtests, "control", control, raising=False)
    return plans


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def send(client: Client, **fields: str) -> Any:
    return client.post("/backtests/new/", {"symbol": "MES"} | fields)


def test_it_offers_what_is_stored(client: Client) -> None:
    Account.objects.create(name="paper-MES", balance=4000, peak=4000)
    save_version("scalper", "version: 1\nsymbols: {MES: {risk: {stop_ticks: 12}}}\n")
    shown = page(client, "/backtests/new/")
    assert "MES: 3 days, 2025-11-17 to 2025-11-20" in shown
    assert "scalper@1" in shown
    assert "paper-MES: its configuration, balance and tiers" in shown
    assert "3 days, Mon 17 Nov 2025 to Thu 20 Nov 2025; 1 session between is not stored." in shown


def test_without_ticks_it_says_how_to_get_some(
    client: Client, settings: Any, tmp_path: Any
) -> None:
    settings.DATA_DIR = tmp_path / "empty"
    assert "manage.py ticks simulate --days 60" in page(client, "/backtests/new/")


def test_a_run_is_asked_for_and_its_page_follows(client: Client, asked: list[Plan]) -> None:
    answer = send(
        client, which="last", last_days="2", balance="5,000", tiers="off", fills="ideal",
        session="all", workers="2", note="  Without tiers  ",
    )  # fmt: skip
    row = Backtest.objects.get()
    assert answer["Location"] == f"/backtests/{row.pk}/"
    assert (row.asked_from, str(row.asked_by), row.note) == ("page", "ana", "Without tiers")
    assert row.workers == 2
    (plan,) = asked
    assert plan.days == (DAYS[1], DAYS[2])
    assert plan.missing == (date(2025, 11, 19),)
    assert plan.session == "all"
    assert plan.config.account.balance == 5000
    assert plan.config.fills.profile == "ideal"
    assert [tier.symbol for tier in plan.config.risk.tiers] == [""]
    assert plan.config_name == "defaults, with options"


def test_a_stored_configuration_counts_as_it_is(client: Client, asked: list[Plan]) -> None:
    for stop in (12, 14):
        save_version("scalper", f"version: 1\nsymbols: {{MES: {{risk: {{stop_ticks: {stop}}}}}}}\n")
    send(client, config="scalper@1")
    send(client, config="scalper@2", fills="honest")
    assert [plan.config.risk.stop_ticks for plan in asked] == [12, 14]
    assert [plan.config_name for plan in asked] == ["scalper@1", "scalper@2"]


def test_as_an_account_trades_is_its_settings_balance_and_tiers(
    client: Client, asked: list[Plan]
) -> None:
    Account.objects.create(name="paper-MES", balance=4321, peak=9000)
    save_version("paper-MES", "version: 1\nsymbols: {MES: {risk: {stop_ticks: 11}}}\n")
    send(client, config="account:paper-MES")
    (plan,) = asked
    assert plan.config.risk.stop_ticks == 11
    assert plan.config.account.balance == 4321
    assert plan.config.account.peak is None, "its past is not the backtest's"
    assert plan.config_name == "as paper-MES trades (paper-MES@1)"


@pytest.mark.parametrize(
    ("fields", "name", "words"),
    [
        ({"symbol": "EURUSD"}, "symbol", "is no known symbol; choose a stored one"),
        ({"symbol": "NQ"}, "symbol", "manage.py ticks simulate --symbol NQ"),
        ({"which": "some"}, "which", "“some” is none of all, last, range"),
        ({"which": "last", "last_days": "0"}, "last_days", "write 1 to 5000"),
        ({"which": "last", "last_days": "ten"}, "last_days", "write 1 to 5000"),
        ({"which": "range", "from": "17.11."}, "from", "write it like 2024-06-12"),
        ({"which": "range", "from": "2025-11-20", "to": "2025-11-17"}, "to", "exchange them"),
        ({"which": "range", "from": "2026-01-01"}, "which", "the tick store has 2025-11-17"),
        ({"balance": "much"}, "balance", "write it like 2500"),
        ({"balance": "-5"}, "balance", "is no amount above 0"),
        ({"balance": "1e30"}, "balance", "balance"),
        ({"tiers": "maybe"}, "tiers", "none of on, off"),
        ({"fills": "magic"}, "fills", "none of honest, ideal"),
        ({"session": "night"}, "session", "none of rth, all"),
        ({"config": "nobody"}, "config", "choose one of the list"),
        ({"config": "account:nobody"}, "config", "there is no account 'nobody'"),
        ({"config": "run:99"}, "config", "there is no backtest '99'"),
        ({"workers": "0"}, "workers", "write 1 to 2"),
        ({"workers": "many"}, "workers", "write 1 to 2"),
        ({"note": "x" * 201}, "note", "200 fit"),
    ],
)
def test_a_field_that_is_wrong_says_so_and_what_to_do(
    client: Client, asked: list[Plan], fields: dict[str, str], name: str, words: str
) -> None:
    answer = send(client, **fields)
    assert words in form.read({"symbol": "MES"} | fields).problems[name]
    assert f'id="e-{name}"' in answer.content.decode()
    assert asked == []
    assert not Backtest.objects.exists()


def test_no_file_is_opened_for_a_text_from_a_browser(
    client: Client, asked: list[Plan], tmp_path: Any
) -> None:
    secret = tmp_path / "es.yaml"
    secret.write_text("version: 1\nsymbols: {MES: {risk: {stop_ticks: 7}}}\n")
    answer = send(client, config=str(secret))
    assert "here is no stored configuration" in answer.content.decode()
    assert asked == []


def test_what_was_written_stays_and_cannot_act(client: Client, asked: list[Plan]) -> None:
    answer = send(client, note=HOSTILE, balance=HOSTILE, config=HOSTILE, symbol=HOSTILE)
    shown = answer.content.decode()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_where_workers_are_celerys_nobody_is_asked_how_many(client: Client, settings: Any) -> None:
    assert 'name="workers"' in page(client, "/backtests/new/")
    settings.REDIS_URL = "redis://elsewhere.example:6379/0"
    assert 'name="workers"' not in page(client, "/backtests/new/")


def test_the_estimate_says_days_and_what_is_wrong(client: Client) -> None:
    said = page(client, "/backtests/new/estimate/?symbol=MES&which=last&last_days=1&balance=x")
    assert "1 day, Thu 20 Nov 2025 to Thu 20 Nov 2025." in said
    assert "write it like 2500" in said
    assert "<form" not in said


def test_run_again_begins_with_what_was_run(
    client: Client, store: Store, asked: list[Plan]
) -> None:
    row = store(note="First try", balance=7000)
    Backtest.objects.filter(pk=row.pk).update(first=DAYS[0], last=DAYS[1])
    shown = page(client, f"/backtests/new/?again={row.pk}")
    assert f"The settings of backtest {row.pk}" in shown
    for value in ('value="First try"', 'value="2025-11-17"', 'value="2025-11-18"'):
        assert value in shown
    send(client, **form.again(Backtest.objects.get(pk=row.pk)))
    (plan,) = asked
    assert plan.config == Plan.from_json(row.plan).config
    assert plan.days == (DAYS[0], DAYS[1])


def test_a_form_of_another_site_starts_nothing(trader: User, asked: list[Plan]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(trader)
    assert send(client).status_code == 403
    assert asked == []
