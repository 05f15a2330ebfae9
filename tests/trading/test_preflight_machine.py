"""What a preflight says of this machine, its software, its settings, and of checks that hang."""

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from trading.pipeline.options import Options, plan
from trading.preflight import database as database_checks
from trading.preflight import machine, market, software
from trading.preflight.checks import Check, side_by_side
from trading.preflight.dangers import dangers
from trading.preflight.database import database
from trading.preflight.results import passed, warned
from trading.real_money.accounts import BrokerAccount

MB = 1_000_000


def test_a_check_that_hangs_is_left_alone_and_the_others_are_heard():
    never = threading.Event()
    checks = [
        Check(name="Quick", look=lambda: passed("Quick", "fine")),
        Check(name="Hangs", look=lambda: never.wait() and passed("Hangs", "?"), within_s=0.05),
        Check(name="May hang", look=lambda: never.wait() and [], within_s=0.05, blame="warn"),
        Check(name="Two", look=lambda: [passed("One", ""), warned("Other", "", "do")]),
    ]
    found = side_by_side(checks).results()
    never.set()

    assert [(result.name, result.level) for result in found] == [
        ("Quick", "pass"), ("Hangs", "fail"), ("May hang", "warn"), ("One", "pass"),
        ("Other", "warn"),
    ]  # fmt: skip
    assert found[1].text == "no answer within 0.05 s"
    assert found[1].remedy


def test_a_check_that_breaks_says_so_without_its_error():
    def broken():
        raise ConnectionError("login of me with hunter2 refused")

    (result,) = side_by_side([Check(name="Broken", look=broken)]).results()

    assert (result.level, result.text) == ("fail", "could not be looked at: ConnectionError")
    assert "hunter2" not in str(result)


@pytest.mark.django_db
def test_the_database_says_what_it_is_and_keeps_what_is_written():
    first, second = database()
    assert first.text.startswith(connection.vendor)
    assert first.text.endswith("all migrations")
    assert second.text.startswith("written and taken back")


@pytest.mark.django_db
def test_a_database_that_is_too_old_or_slow(monkeypatch):
    monkeypatch.setattr(database_checks, "_round_trip_ms", lambda: 80.0)
    assert [result.level for result in database()] == ["pass", "warn"]
    monkeypatch.setattr(database_checks, "_version", lambda: (1, 2))
    (result,) = database()
    assert result.level == "fail"
    assert "1.2" in result.text


@pytest.mark.django_db
def test_a_database_that_may_only_be_read(monkeypatch):
    from django.db import OperationalError

    def refuse():
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(database_checks, "_write", refuse)
    (result,) = database()
    assert result.level == "fail"
    assert "readonly" in result.text


def test_memory_is_the_machines_or_the_containers(tmp_path):
    meminfo = tmp_path / "meminfo"
    for free, level in ((200, "fail"), (900, "warn"), (3_000, "pass")):
        meminfo.write_text(f"MemTotal: 9999999 kB\nMemAvailable: {free * MB // 1024} kB\n")
        assert machine.memory(meminfo, tmp_path).level == level
    (tmp_path / "memory.max").write_text(str(1_000 * MB))
    (tmp_path / "memory.current").write_text(str(900 * MB))
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {50 * MB}\n")
    assert machine.memory(meminfo, tmp_path).text == "150 MB available"
    assert machine.memory(tmp_path / "none", tmp_path).level == "warn"


def test_days_that_fit_are_told_by_what_the_last_took(tmp_path, monkeypatch):
    assert machine.growth(tmp_path).text == "no day is stored yet"
    for folder, size in (("ticks/MES", 3 * MB), ("ticks/ES", 5 * MB), ("journal/live-MES", MB)):
        (tmp_path / folder).mkdir(parents=True)
        for day in range(12):
            name = f"2025-01-{day + 1:02d}.parquet"
            (tmp_path / folder / name).write_bytes(b"x" * (0 if day < 2 else size // 100))
    usage = lambda free: lambda path: type("Usage", (), {"free": free})  # noqa: E731
    monkeypatch.setattr(machine.shutil, "disk_usage", usage(90_000 * 19))
    assert machine.growth(tmp_path).text == "0.1 MB a day: room for 19 more"
    assert machine.growth(tmp_path).level == "warn"
    monkeypatch.setattr(machine.shutil, "disk_usage", usage(90_000 * 20))
    assert machine.growth(tmp_path).level == "pass"


@pytest.mark.parametrize(
    ("limit", "level"),
    [(255, "fail"), (256, "warn"), (1023, "warn"), (1024, "pass"), (-1, "pass")],
)
def test_open_files(monkeypatch, limit, level):
    monkeypatch.setattr(machine.resource, "getrlimit", lambda which: (limit, limit))
    assert machine.open_files().level == level


@pytest.mark.parametrize(("kept", "level"), [(True, "pass"), (False, "warn"), (None, "warn")])
def test_a_clock_that_nothing_keeps_right(monkeypatch, kept, level):
    monkeypatch.setattr(machine, "clock_kept", lambda: kept)
    assert machine.ntp().level == level


def test_the_kernel_is_asked_for_its_clock():
    assert machine.clock_kept() in (True, False, None)


PINS = """
    # a comment
numpy==2.4.6 \\
    --hash=sha256:abc
tzdata==2026.1 ; sys_platform == 'win32' \\
    --hash=sha256:abc
"""


def test_pins_that_are_for_other_systems_do_not_count():
    assert list(software.pinned(PINS)) == [("numpy", "2.4.6")]


def test_libraries_that_differ_are_named(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    assert software.libraries().level == "warn"
    (tmp_path / "requirements.txt").write_text("django==1.0\nno-such-thing==3\n")
    result = software.libraries()
    assert result.level == "warn"
    assert "no-such-thing missing instead of 3" in result.text
    assert "instead of 1.0" in result.text
    assert result.remedy == software.INSTALL


def test_the_commit_of_a_checkout_is_told(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    assert software.ours() == "1.2.3"
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("0123456789abcdef\n")
    assert software.ours() == "1.2.3 (0123456789)"


def planned(**words):
    return plan(Options(symbol="MES", **words))


def named(made, config=None):
    return {result.name for result in dangers(made, config or made.config)}


@pytest.fixture
def harmless(settings, tmp_path):
    settings.DEBUG, settings.ALLOWED_HOSTS = False, ["localhost"]
    settings.DATA_DIR, settings.BASE_DIR = "/var/lib/tradebot", tmp_path
    settings.EMBEDDED = False


def test_nothing_stands_out(harmless):
    assert named(planned()) == {"Dangers"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEBUG", True, "DEBUG"),
        ("ALLOWED_HOSTS", ["*"], "ALLOWED_HOSTS"),
        ("ALLOWED_HOSTS", ["trade.example.com"], "BEHIND_HTTPS"),
        ("DATA_DIR", "/tmp/here", "DATA_DIR"),
        ("ON_FEED_LOST", "none", "ON_FEED_LOST"),
        ("ON_DATABASE_LOST", "none", "ON_DATABASE_LOST"),
        ("LIVE_MAX_ORDER_SIZE", ["ES:2", "MES:50"], "LIVE_MAX_ORDER_SIZE"),
        ("LIVE_PRICE_COLLAR_PERCENT", Decimal(20), "LIVE_PRICE_COLLAR_PERCENT"),
        ("LIVE_STALE_TICK_S", 300, "LIVE_STALE_TICK_S"),
        ("CONFIRM_LIVE", "S-1", "CONFIRM_LIVE"),
        ("LOG_LEVEL", "ERROR", "LOG_LEVEL"),
        ("EMBEDDED", True, "DATABASE_URL"),
    ],
)
def test_a_setting_that_may_hurt_is_named(harmless, settings, name, value, said):
    setattr(settings, name, value)
    made = replace(planned(), broker=BrokerAccount(broker="rithmic", id="S-1"))
    assert named(made) == {said}


def test_limits_that_are_most_of_the_balance_are_named(harmless):
    assert named(planned(settings={"risk.loss_limit": "900"})) == {"risk.loss_limit"}
    assert named(planned(settings={"risk.max_drawdown": "2000"})) == {"risk.max_drawdown"}
    assert named(planned(fills="ideal")) == {"Fills"}


@pytest.mark.parametrize(
    ("month", "friday"),
    [((2025, 12), date(2025, 12, 19)), ((2026, 3), date(2026, 3, 20)),
     ((2024, 3), date(2024, 3, 15)), ((2026, 5), date(2026, 5, 15))],
)  # fmt: skip
def test_an_index_future_expires_on_the_third_friday(month, friday):
    assert market.third_friday(*month) == friday


NS = 10**9


@pytest.mark.parametrize(
    ("contract", "noon", "level", "words"),
    [
        ("MESM4", 1_718_208_000, "warn", "expires on 2024-06-21, in 9 days"),  # 2024-06-12
        ("MESU4", 1_718_208_000, "pass", "100 days to 2024-09-20"),
        ("MESM4", 1_718_208_000 + 12 * 86_400, "warn", "expired on 2024-06-21"),
        ("MES.v.0", 1_718_208_000, "pass", "decided when the feed is heard"),
    ],
)
@pytest.mark.django_db
def test_a_contract_that_is_about_to_expire_warns(contract, noon, level, words):
    made = replace(planned(), live=True, contract=contract)
    result = market.roll(made, noon * NS)
    assert result.level == level
    assert words in result.text


def test_a_day_that_closes_early_warns():
    black_friday = 1_732_896_000 * NS  # 2024-11-29, 11:00 New York
    result = market.calendar(planned(), black_friday)
    assert result.level == "warn"
    assert "2024-11-29 closes early: 09:30 to 13:15 New York" in result.text
