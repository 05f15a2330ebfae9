"""Real money: what a live start demands, and who said yes."""

import time
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from engine.config import engine_config
from engine.money import to_units
from tests.trading.days import session_row
from trading.brokers.live import live_broker
from trading.commands import request_command
from trading.errors import CommandError as AskedWrongly
from trading.errors import OptionError, StartError
from trading.management import market
from trading.models import Account, AuditEvent, Command, Preflight, Session, Trade
from trading.pipeline.options import Options, plan
from trading.pipeline.run import prepare
from trading.pipeline.start import begin, open_account, with_tiers
from trading.real_money.accounts import BrokerAccount, is_loopback, of_row
from trading.real_money.confirming import confirm, same
from trading.wire import config_to_wire

REAL = BrokerAccount(broker="rithmic", id="S-1")
TEST = BrokerAccount(broker="test", id="S-1")


@pytest.fixture
def rithmic(settings):
    settings.RITHMIC_ACCOUNT = "S-1"
    settings.RITHMIC_URL = ""


@pytest.fixture
def loopback(settings, rithmic):
    settings.RITHMIC_URL = "ws://127.0.0.1:5"


def refused(**words):
    with pytest.raises(OptionError) as error:
        plan(Options(mode="live", symbol="MES", **words))
    return str(error.value)


# Options


def test_live_needs_the_brokers_account(settings):
    settings.RITHMIC_ACCOUNT = ""
    assert "set RITHMIC_ACCOUNT, or give --broker-account" in refused()


@pytest.mark.django_db
def test_live_needs_a_live_feed_at_its_own_speed(rithmic):
    assert "use --feed databento" in refused(feed="simulator")
    assert "--speed 2" in refused(feed="databento", speed="2")
    made = plan(Options(mode="live", symbol="MES", feed="databento"))
    assert (made.broker, made.account) == (REAL, "live-MES")


@pytest.mark.django_db
def test_a_broker_on_this_machine_may_be_given_any_market(loopback):
    made = plan(Options(mode="live", symbol="MES", speed="60", broker_account="S-2"))
    assert made.broker == BrokerAccount(broker="test", id="S-2")


@pytest.mark.django_db
def test_the_broker_says_the_balance_and_paper_has_no_broker(loopback):
    assert "the broker says" in refused(settings={"account.balance": "9000"})
    with pytest.raises(OptionError, match="--broker-account is for --mode live"):
        plan(Options(broker_account="S-1"))
    assert plan(Options()).broker is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:5", True), ("wss://127.9.9.9", True), ("wss://[::1]:443", True),
        ("wss://localhost:1", True), ("wss://rituz00100.rithmic.com:443", False), ("", False),
        ("wss://127.0.0.1.example.com", False), ("wss://localhost.example.com", False),
        ("127.0.0.1:5", False), ("wss://10.0.0.1", False), ("wss://127.0.0.1@example.com", False),
    ],
)  # fmt: skip
def test_only_this_machine_is_a_test_broker(url, expected):
    assert is_loopback(url) is expected


@pytest.mark.django_db
def test_margin_limits_of_the_environment_count_where_the_configuration_is_silent(
    loopback, settings, tmp_path
):
    settings.MES_MARGIN_LIMIT, settings.ES_MARGIN_LIMIT = Decimal(55), Decimal(600)
    limits = plan(Options(mode="live", symbol="MES")).config.risk.margin_limits
    assert limits == {"MES": Decimal(55), "ES": Decimal(600)}
    assert plan(Options()).config.risk.margin_limits["MES"] == Decimal(40)
    own = tmp_path / "own.yaml"
    own.write_text("version: 1\nsymbols: {MES: {risk: {margin_limits: {MES: 45, ES: none}}}}\n")
    made = plan(Options(mode="live", symbol="MES", config=str(own)))
    assert made.config.risk.margin_limits == {"MES": Decimal(45)}


# Confirmation


@given(st.text(), st.text(min_size=1))
def test_only_the_exact_id_confirms(typed, account):
    assert same(typed, BrokerAccount(broker="rithmic", id=account)) == (typed == account)


def test_nothing_confirms_an_account_without_an_id():
    assert not same("", BrokerAccount(broker="rithmic", id=""))


def test_a_person_types_the_id():
    asked = []

    def answer(question):
        asked.append(question)
        return " S-1 "

    confirm(REAL, environment="", ask=answer)
    confirm(TEST, environment="", ask=answer)
    assert asked == [
        "Real money: Rithmic account S-1. Type its id to trade it: ",
        "Nobody's money: Test broker account S-1. Type its id to trade it: ",
    ]
    for wrong in ("", "s-1", "yes"):
        with pytest.raises(OptionError, match="nothing was started"):
            confirm(REAL, environment="", ask=lambda question, wrong=wrong: wrong)


def test_the_environment_confirms_only_the_account_that_it_names():
    confirm(REAL, environment="S-1", ask=None)
    with pytest.raises(OptionError, match="CONFIRM_LIVE does not name"):
        confirm(REAL, environment="S-2", ask=lambda question: "S-1")
    with pytest.raises(OptionError, match="on a terminal"):
        confirm(REAL, environment="", ask=None)


# The account and its preflight


def preflight(made, **values):
    from trading.preflight.results import passed

    found = {
        "account": made.account, "mode": "live", "broker": made.broker.broker,
        "broker_account": made.broker.id, "instrument_id": "MES",
        "day": made.schedule.at(NOW).day, "rules_digest": with_tiers(made).rules_digest,
        "passed": True, "results": [passed("x", "y").to_json()], "balance": Decimal("4321.5"),
        "actor": "ana",
    }  # fmt: skip
    return Preflight.objects.create(**found | values)


NOW = 1_718_208_000 * 10**9
DAY = 86_400 * 10**9


@pytest.mark.django_db
def test_the_first_live_start_makes_the_account_with_the_brokers_balance(loopback):
    made = plan(Options(mode="live", symbol="MES"))
    with pytest.raises(StartError, match="no preflight of live-MES for 2024-06-12; run"):
        open_account(made, now=NOW)
    preflight(made)
    account = open_account(made, now=NOW)
    balance = Decimal("4321.5")
    assert (account.mode, account.balance, account.peak) == ("live", balance, balance)
    assert of_row(account) == TEST
    with pytest.raises(StartError, match="no preflight of live-MES for 2024-06-13"):
        open_account(made, now=NOW + DAY)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"passed": False}, "failed"),
        ({"rules_digest": "0" * 12}, "made with other settings"),
        ({"broker": "rithmic"}, "no preflight"),
        ({"broker_account": "S-2"}, "no preflight"),
        ({"account": "other"}, "no preflight"),
    ],
)
def test_a_preflight_counts_for_what_it_looked_at(loopback, values, words):
    made = plan(Options(mode="live", symbol="MES"))
    preflight(made, **values)
    with pytest.raises(StartError, match=words):
        open_account(made, now=NOW)
    assert not Account.objects.exists()


@pytest.mark.django_db
def test_the_newest_preflight_counts(loopback):
    made = plan(Options(mode="live", symbol="MES"))
    preflight(made)
    preflight(made, passed=False)
    with pytest.raises(StartError, match="failed"):
        open_account(made, now=NOW)


@pytest.mark.django_db
def test_an_account_never_turns_to_another_broker_account(loopback, settings):
    made = plan(Options(mode="live", symbol="MES"))
    preflight(made)
    open_account(made, now=NOW)
    other = plan(Options(mode="live", symbol="MES", broker_account="S-2"))
    preflight(other)
    with pytest.raises(StartError, match="is Test broker account S-1, not Test broker account S-2"):
        open_account(other, now=NOW)
    settings.RITHMIC_URL = ""
    real = plan(Options(mode="live", symbol="MES", feed="databento"))
    preflight(real)
    with pytest.raises(StartError, match="is Test broker account S-1, not Rithmic account S-1"):
        open_account(real, now=NOW)


@pytest.mark.django_db
def test_an_account_that_no_live_start_made_is_not_traded(loopback):
    Account.objects.create(name="live-MES", mode="live", balance=1, peak=1)
    made = plan(Options(mode="live", symbol="MES"))
    preflight(made)
    with pytest.raises(StartError, match="was not made by a live start"):
        open_account(made, now=NOW)


@pytest.mark.django_db
def test_the_command_asks_nobody_before_the_preflight_passed(loopback, monkeypatch):
    def never(question):
        raise AssertionError("asked")

    monkeypatch.setattr(market.sys.stdin, "isatty", lambda: True, raising=False)
    with pytest.raises(StartError, match="no preflight"):
        market.check_live(plan(Options(mode="live", symbol="MES")), ask=never)
    with pytest.raises(CommandError, match="no preflight"):
        call_command("trade", "--mode", "live", "--symbol", "MES")
    assert not Session.objects.exists()


def first_start(made, balance="4321.5"):
    """Begin a session of today as a start does; the account that follows."""
    found = preflight(made, day=made.schedule.at(time.time_ns()).day, balance=Decimal(balance))
    account = open_account(made)
    first = made.schedule.at(time.time_ns()).open
    info = SimpleNamespace(contract="MESM4", source="x", synthetic=False, side="", warnings=())
    market = SimpleNamespace(info=info, first_ts=first, warm_until=0, origin={})
    begun = begin(made, account, market)
    assert begun.carry.balance == to_units(account.balance)
    account.refresh_from_db()
    return found, account


@pytest.mark.django_db
def test_a_day_begins_with_the_brokers_balance(loopback):
    made = plan(Options(mode="live", symbol="MES"))
    row = session_row("live-MES").account
    row.mode, row.broker, row.broker_account = "live", TEST.broker, TEST.id
    row.balance, row.peak = Decimal(4_000), Decimal(4_500)
    row.save()
    found, account = first_start(made)
    assert (account.balance, account.peak) == (Decimal("4321.5"), Decimal("4821.5"))
    event = AuditEvent.objects.get(kind="balance_adopted")
    assert event.payload["before"].startswith("4000")
    assert event.payload["after"].startswith("4321.5")
    assert event.payload["preflight"] == found.pk
    # Within the day it stays.
    assert first_start(made, "5000")[1].balance == Decimal("4321.5")
    assert AuditEvent.objects.filter(kind="balance_adopted").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["open", "closed since", "near"])
def test_a_balance_that_may_not_be_the_last_word_is_not_adopted(loopback, why):
    made = plan(Options(mode="live", symbol="MES"))
    session = session_row("live-MES")
    row = session.account
    row.mode, row.broker, row.broker_account = "live", TEST.broker, TEST.id
    row.balance = row.peak = Decimal(4_000)
    row.save()
    if why != "near":
        later = timezone.now() + timedelta(hours=1)
        Trade.objects.create(
            pk="live-MES-1", account=row, session=session, instrument_id="MES", day=session.day,
            direction=1, size=1, status="open" if why == "open" else "closed",
            ordered_ns=1, entry_ns=1, exit_ns=2, entry_price=1, exit_price=1, net=1,
            exit_ts=None if why == "open" else later,
        )  # fmt: skip
    _, account = first_start(made, "4024" if why == "near" else "4321.5")
    assert account.balance == Decimal(4_000)


# From the page


@pytest.fixture
def live_account(rows_of_migrations):
    account = session_row("live-MES").account
    account.mode, account.broker, account.broker_account = "live", "rithmic", "S-1"
    account.save()
    return account


@pytest.mark.django_db
def test_a_live_start_from_the_page_is_confirmed_by_the_id(live_account):
    for wrong in ("", "s-1", "live-MES"):
        with pytest.raises(AskedWrongly, match="typed exactly") as error:
            request_command(live_account, "start", confirm=wrong)
        assert error.value.field == "confirm"
    assert not Command.objects.exists()
    assert request_command(live_account, "start", confirm="S-1").confirmed
    assert not request_command(live_account, "halt").confirmed


@pytest.mark.django_db
def test_the_view_takes_the_id(live_account, admin_client):
    answer = admin_client.post("/control/start/", {"account": "live-MES"})
    assert (answer.status_code, answer.json()["fields"]) == (400, ["confirm"])
    answer = admin_client.post("/control/start/", {"account": "live-MES", "confirm": "S-1"})
    assert answer.status_code == 202
    assert Command.objects.get().confirmed


@pytest.mark.django_db
def test_on_paper_nothing_is_confirmed():
    account = session_row().account
    assert not request_command(account, "start").confirmed


# The broker of a live session


def test_a_live_broker_is_armed_for_what_the_tiers_may_trade(settings, rithmic):
    settings.RITHMIC_USER, settings.RITHMIC_PASSWORD = "ana", "hush"
    settings.RITHMIC_SYSTEM, settings.RITHMIC_URL = "Test", "ws://127.0.0.1:5"
    made = live_broker(TEST, engine_config("MES"), "MESM4")
    assert (made.armed, made.simulated) == (True, False)
    assert made.adapter.symbols == ("ES", "MES")
    assert (made.adapter.access.account, made.adapter.contract("ES")) == ("S-1", "ESM4")
    made.adapter.follow("MESU4")
    assert made.adapter.contract("MES") == "MESU4"


def test_without_credentials_there_is_no_line(settings, rithmic):
    with pytest.raises(OptionError, match="RITHMIC_USER"):
        live_broker(TEST, engine_config("MES"), "MESM4")


@pytest.mark.django_db
def test_a_start_that_cannot_reach_a_broker_leaves_no_session(loopback):
    made = plan(Options(mode="live", symbol="MES"))
    preflight(made, day=made.schedule.at(time.time_ns()).day)
    with pytest.raises(OptionError, match="RITHMIC_USER"):
        prepare(made)
    assert not Session.objects.exists()


# What is said of it


@pytest.mark.django_db
def test_the_admin_says_while_real_money_is_traded(live_account, admin_client):
    Session.objects.update(mode="live", status="running")
    page = admin_client.get("/admin/").content.decode()
    assert "Real money: live-MES" in page
    assert "Real money ·" in page.partition("</title>")[0]
    Account.objects.update(broker="test")
    assert "Real money" not in admin_client.get("/admin/").content.decode()
    Account.objects.update(broker="rithmic")
    Session.objects.update(status="stopped")
    assert "Real money" not in admin_client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_the_page_is_told_whose_money_it_is(live_account):
    said = config_to_wire(live_account.sessions.get())
    assert said["broker"] == {"name": "Rithmic", "account": "S-1", "test": False}
    assert config_to_wire(session_row("paper")).get("broker") is None
