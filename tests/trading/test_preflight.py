"""What a preflight looks at, and what each check says."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from engine.ticks import NS
from tests.trading.broker_double import Double
from tests.trading.days import session_row
from trading.brokers.adapter import BrokerOrder, Execution
from trading.models import Account, AuditEvent, Preflight, Trade
from trading.pipeline.options import Options, plan
from trading.preflight import looking, machine, services
from trading.preflight.looking import look, outside_checks
from trading.preflight.machine import database_time
from trading.preflight.results import passed
from trading.preflight.table import show

pytestmark = pytest.mark.django_db

NOON = 1_718_208_000 * NS  # Wednesday 2024-06-12, 12:00 New York
SATURDAY = NOON + 3 * 86_400 * NS


@pytest.fixture(autouse=True)
def rithmic(settings, data_dir):
    settings.RITHMIC_ACCOUNT = "S-1"
    settings.RITHMIC_URL = "wss://127.0.0.1:5"


@pytest.fixture(autouse=True)
def a_machine_without_fault(monkeypatch):
    """What a machine and its services are like has tests of its own."""
    monkeypatch.setattr(machine, "clock_kept", lambda: True)
    monkeypatch.setattr(looking, "dangers", lambda plan, config: [passed("Dangers", "none")])
    monkeypatch.setattr(looking, "outside_checks", quick_checks)


def quick_checks(plan):
    """Those that look at nothing outside this process."""
    quick = {"Redis", "Disk", "Growth", "Tick store", "Journal", "Open files", "NTP", "Feed"}
    return [check for check in outside_checks(plan) if check.name in quick]


@pytest.fixture(autouse=True)
def a_database_of_that_time(monkeypatch):
    """The days of these tests are long gone by the clock of a real server."""
    monkeypatch.setattr(machine, "database_time", lambda now: now)


def looked(adapter=None, *, now=NOON, **words):
    words = {"mode": "live", "symbol": "MES", **words}
    adapter = adapter or Double()
    return look(
        plan(Options(**words)), connect=lambda account, contract: adapter, actor="ana", now=now
    )


def said(row, name):
    found = [result for result in row.results if result["name"] == name]
    assert len(found) == 1, row.results
    return found[0]["level"], found[0]["text"]


def test_all_is_well_and_the_row_says_for_what():
    row = looked()
    assert row.passed, row.results
    assert {result["level"] for result in row.results} == {"pass"}
    stored = Preflight.objects.get()
    assert (stored.account, stored.mode, stored.broker) == ("live-MES", "live", "test")
    assert (stored.broker_account, stored.balance, stored.actor) == ("S-1", Decimal(2500), "ana")
    assert str(stored.day) == "2024-06-12"
    assert said(row, "Settings")[1].endswith(stored.rules_digest)
    assert said(row, "Calendar") == (
        "pass", "2024-06-12: 09:30 to 16:00 New York, flat at 15:55"
    )  # fmt: skip
    assert said(row, "Broker") == ("pass", "Test broker account S-1, balance 2,500.00")
    assert said(row, "Positions") == ("pass", "nothing is held")


def test_paper_asks_no_broker():
    row = looked(Double(refuses="never"), mode="paper")
    assert row.passed
    assert "Broker" not in {result["name"] for result in row.results}


FOREIGN = BrokerOrder(
    id="", key="7", symbol="MESM4", role="foreign", side=1, size=1, filled=0, status="working"
)  # fmt: skip
LATER = Execution(
    id="f", order_id="", key="1", symbol="MESM4", side=1, size=1, price=Decimal(1),
    ts=NOON + 60 * NS,
)  # fmt: skip
HIGH = Decimal("40.01")


@pytest.mark.parametrize(
    ("adapter", "name", "level", "words"),
    [
        (Double(misfit="MESM4 is not known"), "Contract", "fail", "MESM4 is not known"),
        (Double(refuses="login refused"), "Broker", "fail", "login refused"),
        (Double(balance=None), "Broker", "fail", "no balance"),
        (Double(margins={"MES": HIGH}), "Margin MES", "fail", "40.01 a contract, above 40.00"),
        (Double(margins={}), "Margin MES", "fail", "MES is not traded"),
        (Double(positions={"MESM4": 2}), "Positions", "fail", "+2 MES at the broker, +0 in our"),
        (Double(orders=[FOREIGN]), "Orders", "warn", "MESM4 7"),
        (Double(executions=[LATER]), "Clock", "fail", "60 s before the broker's word"),
    ],
)
def test_what_the_broker_says_counts(adapter, name, level, words):
    row = looked(adapter)
    assert said(row, name)[0] == level
    assert words in said(row, name)[1]
    assert row.passed == (level != "fail")
    assert all(result["remedy"] for result in row.results if result["level"] != "pass")


def test_margin_at_its_limit_is_within_it():
    row = looked(Double(margins={"MES": Decimal(40)}))
    assert said(row, "Margin MES") == ("pass", "40.00 a contract, at most 40.00")


def test_margin_of_what_is_traded_at_this_balance_fails_of_other_tiers_it_warns():
    row = looked(Double(margins={"MES": Decimal(30), "ES": Decimal(500)}))
    assert said(row, "Margin ES")[0] == "warn"
    rich = looked(Double(balance=Decimal(9000), margins={"MES": Decimal(30), "ES": Decimal(500)}))
    assert said(rich, "Margin ES") == ("fail", "500.00 a contract, above 400.00")


def test_a_position_that_our_books_know_is_none_to_worry_about():

    session = session_row("live-MES")
    Account.objects.update(mode="live", broker="test", broker_account="S-1")
    Trade.objects.create(
        id="t", account=session.account, session=session, instrument_id="MES", day=session.day,
        status="open", direction=-1, size=2, ordered_ns=1,
    )  # fmt: skip
    assert said(looked(Double(positions={"MESM4": -2})), "Positions")[0] == "pass"
    assert said(looked(), "Positions")[0] == "fail"


def test_an_account_that_is_bound_elsewhere_fails_before_anything_is_asked():
    Account.objects.create(name="live-MES", mode="live", broker="rithmic", broker_account="S-1",
                           balance=1, peak=1)  # fmt: skip
    row = looked(Double(refuses="must not be asked"))
    assert said(row, "Account")[0] == "fail"
    assert "Broker" not in {result["name"] for result in row.results}


def test_real_credentials_are_looked_for_and_never_shown(settings):
    settings.RITHMIC_URL = ""
    settings.DATABENTO_API_KEY = ""
    settings.RITHMIC_USER, settings.RITHMIC_PASSWORD = "ana", "hush"
    row = looked(Double(refuses="must not be asked"), feed="databento")
    assert said(row, "Credentials") == ("fail", "not set: RITHMIC_SYSTEM")
    assert said(row, "Feed")[0] == "fail"
    assert "hush" not in str(row.results)


@pytest.mark.parametrize(
    ("now", "level", "words"),
    [
        (SATURDAY, "warn", "no session today; the next is 2024-06-17"),
        (NOON + 4 * 3600 * NS, "warn", "entries ended at 15:45"),
        (NOON - 4 * 3600 * NS, "pass", "09:30 to 16:00"),
        (1_711_713_600 * NS, "warn", "no session today"),  # Good Friday
    ],
)
def test_the_calendar(now, level, words):
    row = looked(now=now)
    assert said(row, "Calendar")[0] == level
    assert words in said(row, "Calendar")[1]
    assert row.passed


def test_a_full_disk_and_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    usage = lambda free: lambda path: type("Usage", (), {"free": free})  # noqa: E731
    monkeypatch.setattr(machine.shutil, "disk_usage", usage(499_999_999))
    assert machine.disk(tmp_path).level == "fail"
    monkeypatch.setattr(machine.shutil, "disk_usage", usage(4_000_000_000))
    assert machine.disk(tmp_path).level == "warn"
    (tmp_path / "taken").write_text("")
    assert machine.folder("Tick store", tmp_path / "taken").level == "fail"
    assert machine.folder("Tick store", tmp_path / "new").level == "pass"
    assert list((tmp_path / "new").iterdir()) == []


def test_a_clock_before_what_was_recorded_is_wrong():
    now = datetime(2024, 6, 12, 16, tzinfo=UTC)
    AuditEvent.objects.create(ts_ns=0, ts=now, recorded_at=now + timedelta(seconds=10), kind="x")
    assert machine.clock(now).text == "10 s before what was recorded here"
    assert machine.clock(now + timedelta(seconds=11)).level == "pass"


def test_a_clock_that_differs_from_the_databases(monkeypatch):
    now = datetime(2024, 6, 12, 16, tzinfo=UTC)
    for seconds, level in ((1, "pass"), (3, "warn"), (31, "fail")):
        theirs = now - timedelta(seconds=seconds)
        monkeypatch.setattr(machine, "database_time", lambda now, theirs=theirs: theirs)
        assert machine.clock(now).level == level


def test_the_databases_clock_is_its_own_where_it_is_a_server():
    now = datetime(2024, 6, 12, 16, tzinfo=UTC)
    first, second = database_time(now), database_time(now)
    if connection.vendor == "postgresql":
        assert now < first < second  # it runs on within a transaction
        assert first.utcoffset() == timedelta(0)
    else:
        assert first == second == now


def test_redis_that_does_not_answer(settings):
    settings.REDIS_URL = "redis://:secret@127.0.0.1:1/0"
    (result,) = services.redis()
    assert result.level == "fail"
    assert "secret" not in result.text


def test_the_table_says_what_to_do():
    out = StringIO()
    show(looked(Double(positions={"MESM4": 2})), out)
    text = out.getvalue()
    assert "FAIL" in text
    assert "close it at the broker" in text
    assert "trading day 2024-06-12: failed" in text


def test_the_command_takes_the_words_of_the_trade(monkeypatch, settings):
    adapter = Double()
    monkeypatch.setattr("trading.brokers.live.live_adapter", lambda account, contract: adapter)
    out = StringIO()
    call_command("preflight", "--feed", "simulator", "--account", "mine", stdout=out)
    assert Preflight.objects.get().account == "mine"
    adapter.positions["MESM4"] = 1
    with pytest.raises(SystemExit):
        call_command("preflight", "--feed", "simulator", stdout=out)


def test_a_clock_behind_the_exchanges_last_tick_is_wrong_by_the_trading_days_clock():
    now = datetime(2024, 6, 12, 16, tzinfo=UTC)
    session = session_row("paper-MES")
    session.synthetic, session.last_tick_ns = False, int(now.timestamp() + 60) * NS
    session.save()
    assert machine.clock(now).text == "60 s before the exchange's last tick"
    assert machine.clock(now, now + timedelta(minutes=2)).level == "pass"
    session.synthetic = True  # of a market that is made up, time is too
    session.save()
    assert machine.clock(now).level == "pass"
