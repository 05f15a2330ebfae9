"""`manage.py ticks download`: what it says, asks and refuses."""

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from marketdata.store import TickStore
from tests.marketdata.history.days import FRIDAY, MONDAY, NEW, OLD, WEDNESDAY, serve_a_roll
from tests.servers.databento_history import KEY, Answer, Cut, Slow

REPOSITORY = Path(__file__).parents[3]
DAYS = ("--from", f"{FRIDAY}", "--to", f"{WEDNESDAY}")


@pytest.fixture
def told(server, settings, tmp_path, monkeypatch):
    """Runs the command against the server; what it printed."""
    settings.DATA_DIR = tmp_path
    settings.DATABENTO_API_KEY = KEY
    settings.DATABENTO_HISTORICAL_GATEWAY = server.url
    serve_a_roll(server)

    def run(*words, answer=None):
        def ask():
            if answer is None:
                raise EOFError
            return answer

        monkeypatch.setattr("builtins.input", ask)
        out = io.StringIO()
        code = 0
        try:
            call_command("ticks", "download", "--symbol", "MES", *words, stdout=out)
        except SystemExit as stopped:
            code = stopped.code
        except CommandError as error:
            out.write(f"CommandError: {error}")
        text = out.getvalue()
        assert KEY not in text
        assert "\n" not in text.partition("CommandError")[2]
        return code, text

    return run


def test_it_says_the_cost_asks_and_stores(server, told, tmp_path):
    code, text = told(*DAYS, answer="yes")
    assert code == 0
    assert f"{OLD}: 1 day\n{NEW}: 3 days\n" in text
    assert "2025-09-12 to 2025-09-17: 92 trades, 0.0 MB, $0.0001 by Databento's estimate" in text
    assert "Type yes to download for $0.0001:" in text
    assert "4 days stored, 92 ticks." in text
    assert len(TickStore(tmp_path / "ticks").days("MES")) == 4
    code, text = told(*DAYS)
    assert (code, text.splitlines()) == (0, [
        "4 days stored already: 2025-09-12, 2025-09-15, 2025-09-16, 2025-09-17",
        "There is nothing to download.",
    ])  # fmt: skip


@pytest.mark.parametrize("answer", ["no", "", "y", None])
def test_anything_but_yes_spends_nothing(server, told, answer):
    code, text = told(*DAYS, answer=answer)
    assert code == 1
    assert "nothing was spent. Answer yes, or give --yes." in text
    assert server.sent == 0


def test_yes_can_be_given_ahead_and_a_limit_too(server, told):
    _, text = told(*DAYS, "--yes", "--max-cost", "0.00001")
    assert "CommandError: it costs $0.0001, above --max-cost 0.00001; nothing was spent" in text
    assert server.sent == 0
    assert told(*DAYS, "--yes", "--max-cost", "1")[0] == 0
    assert server.sent == 92


def test_one_contract_can_be_named(told, tmp_path):
    _, text = told(*DAYS, "--contract", NEW, "--yes")
    assert f"{NEW}: 4 days\n" in text
    assert TickStore(tmp_path / "ticks").read("MES", FRIDAY).info.contract == NEW


def test_what_happens_on_the_way_is_said(server, told):
    server.misbehave("timeseries.get_range", Cut(9))
    _, text = told("--from", f"{FRIDAY}", "--to", f"{MONDAY}", "--yes")
    assert "2025-09-12: the stream broke off" in text
    assert "going on after 9 trades" in text
    assert "2 days stored" in text


def test_a_half_downloaded_day_is_said_with_its_cost(server, told):
    server.misbehave("timeseries.get_range", Answer(402, "Account out of funds"))
    assert "CommandError: Databento refused" in told(*DAYS, "--yes")[1]
    text = told(*DAYS, answer="no")[1]
    assert "1 day half downloaded by a run that was stopped: from the start again: " in text
    assert "92 trades" in text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "--from is missing"),
        (("--from", "friday"), "'friday' is no day"),
        (("--from", "2025-09-12", "--max-cost", "lots"), "'lots' is no amount of dollars"),
        (("--from", "2025-09-12", "--max-cost", "-1"), "no amount of dollars"),
        (("--from", "2025-09-12", "--max-cost", "nan"), "no amount of dollars"),
        (("--from", "2025-09-17", "--to", "2025-09-12"), "is after"),
        (("--from", "2025-09-12", "--contract", "ESZ5"), "no outright of MES"),
    ],
)
def test_nonsense_is_refused_in_one_line(told, words, text):
    assert text in told(*words)[1]


def test_without_a_key_it_says_where_to_get_one(told, settings):
    settings.DATABENTO_API_KEY = ""
    assert "DATABENTO_API_KEY is not set" in told(*DAYS)[1]


def test_the_settings_come_from_the_environment(server, tmp_path):
    serve_a_roll(server)
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "ENV_FILE": "",
        "DATABENTO_API_KEY": KEY,
        "DATABENTO_HISTORICAL_GATEWAY": server.url,
        "LOG_LEVEL": "DEBUG",
    }
    command = [sys.executable, "manage.py", "ticks", "download", "--symbol", "MES", *DAYS]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, input="yes\n", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "4 days stored, 92 ticks." in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_ctrl_c_keeps_what_is_whole_and_says_what_begins_again(server, told, tmp_path):
    server.misbehave("timeseries.get_range", None, Slow(30))
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "ENV_FILE": "",
        "DATABENTO_API_KEY": KEY,
        "DATABENTO_HISTORICAL_GATEWAY": server.url,
    }
    command = [sys.executable, "manage.py", "ticks", "download", "--symbol", "MES", *DAYS, "--yes"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        while len(server.asked("timeseries.get_range")) < 2:
            assert running.poll() is None, running.communicate()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"Traceback" not in said
    assert TickStore(tmp_path / "ticks").days("MES") == [FRIDAY]
    assert "1 day half downloaded by a run that was stopped" in told(*DAYS, answer="no")[1]
