"""`manage.py trade`: what it refuses, how it starts and how it stops, as its own process."""

import asyncio
import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from tests.trading.days import session_row
from trading.errors import OptionError, StartError
from trading.models import Account, Session, Tier
from trading.pipeline import run as running
from trading.pipeline.market import simulated_start
from trading.pipeline.options import (
    Options,
    parse_address,
    parse_settings,
    parse_speed,
    plan,
)
from trading.pipeline.server import address, bind

REPOSITORY = Path(__file__).parents[2]
NS = 10**9


def refused(*arguments):
    """The one line with which the command ends."""
    with pytest.raises(CommandError) as error:
        call_command("trade", *arguments)
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--symbol XYZ", "unknown symbol 'XYZ'; known are ES"),
        ("--mode live", "set RITHMIC_ACCOUNT, or give --broker-account"),
        ("--mode dream", "paper or live"),
        ("--feed nonsense", "simulator, file:PATH, store, polygon or databento"),
        ("--feed file:", "simulator, file:PATH, store, polygon or databento"),
        ("--feed file:/no/such/file.dbn", "there is no such file"),
        ("--timeframe 0", "--timeframe '0'"),
        ("--timeframe five", "--timeframe 'five'"),
        ("--timeframe 999999", "at most a day"),
        ("--speed 0", "--speed '0'"),
        ("--speed -1", "--speed '-1'"),
        ("--speed nan", "--speed 'nan'"),
        ("--speed fast", "--speed 'fast'"),
        ("--session night", "rth or all"),
        ("--seed -4", "--seed '-4'"),
        ("--fills perfect", "unknown fill profile 'perfect'; known are honest, ideal"),
        ("--side left --feed file:x", "tick-rule"),
        ("--side tick-rule", "recorded files"),
        ("--contract ESH4", "recorded files"),
        ("--account a/b", "no account name"),
        ("--set risk.stop_ticks", "KEY=VALUE"),
        ("--set nonsense=1", "unknown setting 'nonsense'"),
        ("--set bars.kind=volume", "bars of time"),
        ("--set risk.stop_ticks=-1", "must be above 0"),
        ("--set risk.stop_ticks=x", "risk.stop_ticks is 'x'; it must be a whole number"),
        ("--set account.id=x", "--account"),
        ("--serve nowhere", "HOST:PORT"),
        ("--serve 127.0.0.1:99999", "HOST:PORT"),
        ("--serve 127.0.0.1:1 --headless", "not allowed with"),
        ("--no-such-option", "unrecognized arguments"),
    ],
)
def test_nonsense_is_refused_in_one_line(arguments, words):
    assert words in refused(*arguments.split())
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_an_unreadable_file_is_refused(tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert "is empty" in refused("--feed", f"file:{empty}")


@pytest.mark.django_db
def test_a_taken_port_is_one_clear_line():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        text = refused("--serve", f"127.0.0.1:{port}")
    assert text.startswith(f"127.0.0.1:{port} cannot be served: Address already in use")
    assert not Session.objects.exists()


@pytest.mark.django_db
def test_missing_migrations_are_one_clear_line(monkeypatch):
    monkeypatch.setattr(
        running.MigrationExecutor, "migration_plan", lambda self, targets: [None] * 3
    )
    assert refused("--headless") == (
        "the database lacks 3 migrations; run: python manage.py migrate"
    )


@pytest.mark.django_db
def test_an_account_that_may_not_trade_is_refused():
    session_row("closed")
    Account.objects.update(enabled=False)
    assert "is disabled" in refused("--account", "closed")
    Account.objects.update(enabled=True, mode="live")
    assert "is for live, not paper" in refused("--account", "closed")


@pytest.mark.django_db
def test_a_balance_is_for_a_new_account():
    session_row("rich")
    text = refused("--account", "rich", "--set", "account.balance=9000")
    assert "exists and has 2500" in text


@pytest.mark.django_db
def test_tiers_that_cannot_be_are_refused():
    Tier.objects.filter(ladder="index").delete()
    assert "tiers is empty" in refused("--headless", "--speed", "max")


def test_two_processes_do_not_trade_one_account(data_dir):
    with (
        running.only_pipeline_of("a"),
        running.only_pipeline_of("b"),
        pytest.raises(StartError, match="being traded by another process"),
        running.only_pipeline_of("a"),
    ):
        pass
    with running.only_pipeline_of("a"):
        pass


def test_the_collector_does_not_look_at_what_stays(data_dir, monkeypatch):
    frozen = []

    async def session(*_):
        frozen.append(gc.get_freeze_count())

    monkeypatch.setattr(running, "check_database", lambda: None)
    monkeypatch.setattr(running, "prepare", lambda _: (None, None))
    monkeypatch.setattr(running, "compile_engine", lambda _: None)
    monkeypatch.setattr(running, "_run", session)
    gc.unfreeze()
    try:
        running.run(SimpleNamespace(account="paper", config=None), serve=None, tell=print)
        assert frozen[0] > 10_000
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8000", ("127.0.0.1", 8000)), (":8000", ("127.0.0.1", 8000)),
        ("8000", ("127.0.0.1", 8000)), ("[::1]:80", ("::1", 80)), ("0.0.0.0:0", ("0.0.0.0", 0)),
    ],
)  # fmt: skip
def test_addresses(text, expected):
    assert parse_address(text) == expected


async def test_a_served_connection_sends_at_once():
    taken = asyncio.get_running_loop().create_future()

    def take(reader, writer):
        connection = writer.get_extra_info("socket")
        taken.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = bind("127.0.0.1", 0)
    async with await asyncio.start_server(take, sock=listener):
        await asyncio.open_connection(*listener.getsockname())
        assert await taken


def test_an_address_for_everybody_is_told_as_one_that_can_be_opened():
    with bind("0.0.0.0", 0) as listener:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address(listener))


def test_speeds_and_settings():
    assert [parse_speed(text) for text in ("1", "0.5", "100", "max")] == [1, 0.5, 100, None]
    assert parse_settings(["a.b=1", "c.d= x=y"]) == {"a.b": "1", "c.d": "x=y"}
    with pytest.raises(OptionError):
        parse_settings(["=1"])


def test_options_become_the_engines_configuration():
    made = plan(Options(symbol="ES", timeframe="60", fills="ideal", session="all",
                        settings={"risk.stop_ticks": "9"}))  # fmt: skip
    assert made.config.bars.seconds == 60
    assert made.config.fills.profile == "ideal"
    assert made.config.risk.stop_ticks == 9
    assert (made.account, made.ladder, made.speed_name) == ("paper-ES", "index", "1")
    assert made.schedule.session == "all"
    assert plan(Options(symbol="CL")).ladder == "single"


def test_simulated_time_never_goes_back():
    made = plan(Options())
    noon = 1_718_208_000 * NS  # Wednesday, 12:00 New York
    assert simulated_start(made, now=noon, last_tick=0) == noon
    assert simulated_start(made, now=noon, last_tick=noon + 60 * NS) == noon + 60 * NS + 1
    evening = noon + 4 * 3600 * NS
    following = simulated_start(made, now=noon, last_tick=evening)
    day = made.schedule.at(following)
    assert day.day.isoformat() == "2024-06-13"
    assert day.entries_from < following < day.entries_to
    fast = plan(Options(speed="max"))
    first = simulated_start(fast, now=noon, last_tick=0)
    assert fast.schedule.at(first).day.isoformat() == "2024-06-12"
    assert simulated_start(fast, now=noon, last_tick=first) > fast.schedule.at(first).end


# As a process of its own


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An installation with a migrated database."""
    folder = tmp_path_factory.mktemp("installation")
    values = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    values |= {"ENV_FILE": "", "DATA_DIR": str(folder), "LOG_FORMAT": "json"}
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, env=values, cwd=REPOSITORY, check=True, timeout=120)
    return values


def process(environment, *arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "trade", *arguments],
        env=environment, cwd=REPOSITORY, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(stream, event):
    """Read lines of logs until an event was said."""
    lines = []
    for line in stream:
        lines.append(line)
        if json.loads(line)["event"] == event:
            return lines
    raise AssertionError(f"{event} was never said: {lines}")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_stops_it_in_order(environment, number):
    running = process(environment, "--headless", "--speed", "100", "--account", f"a{number}")
    said = wait_for(running.stderr, "pipeline_started")
    running.send_signal(number)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert "stopped" in out
    assert not any(json.loads(line)["level"] == "error" for line in (*said, *err.splitlines()))
    again = process(environment, "--headless", "--speed", "100", "--account", f"a{number}")
    wait_for(again.stderr, "pipeline_started")
    again.send_signal(number)
    assert again.wait(60) == 0


@pytest.mark.slow
def test_it_serves_the_page_and_tells_how_to_get_in(environment):
    running = process(environment, "--serve", "127.0.0.1:0", "--speed", "50")
    link = None
    for line in running.stdout:
        found = re.search(r"Log in once.*?(http://\S+)", line)
        if found:
            link = found.group(1)
            break
    assert link
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(link, timeout=30) as answer:
        assert answer.status == 200
        assert "/login" not in answer.url
    wait_for(running.stderr, "pipeline_started")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_recorded_file_headless_ends_by_itself(environment, tmp_path):
    file = tmp_path / "tape.csv"
    start = 1_718_200_800 * NS
    rows = [f"{start + n * NS},{5400 + (n // 7 % 9) * 0.25},{1 + n % 3},{'BS'[n % 2]}"
            for n in range(2000)]  # fmt: skip
    file.write_text("\n".join(["ts,price,size,side", *rows]) + "\n")
    running = process(
        environment, "--headless", "--feed", f"file:{file}", "--symbol", "MES", "--speed", "max"
    )
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert "ended" in out
    assert "2,000" in out


@pytest.mark.slow
def test_a_wrong_option_is_one_line_on_standard_error(environment):
    for arguments in (("--nonsense",), ("--speed", "fast"), ("--symbol", "XYZ")):
        running = process(environment, *arguments)
        out, err = running.communicate(timeout=60)
        assert running.returncode != 0
        assert out == ""
        assert len(err.strip().splitlines()) == 1, err
