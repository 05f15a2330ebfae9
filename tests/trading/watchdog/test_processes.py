"""Real processes: one trades the simulated market, one watches it, and the first is killed."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.day.clock import FastClock
from tests.servers.discord import DiscordServer
from trading.watchdog.rules import COOL_DOWN

ROOT = Path(__file__).parents[3]
WORDS = ("--feed", "simulator", "--seed", "5", "--account", "killed", "--speed", "50")
SPEED = 30.0
GONE = "killed: the trading process is gone"
Process = subprocess.Popen[str]


class Machine:
    """Processes that share a folder and a clock that runs fast."""

    def __init__(self, folder: Path, webhook: str) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "NOTIFY_SOCKET")
        }
        clock = FastClock.starting(datetime.now(UTC), SPEED).environment()
        self.environment = kept | clock | {
            "DATA_DIR": str(folder), "ENV_FILE": "", "LOG_FORMAT": "json", "SECRET_KEY": "x" * 50,
            "DJANGO_SETTINGS_MODULE": "tradebot.settings", "DISCORD_WEBHOOK_URL": webhook,
        }  # fmt: skip
        assert self.start("migrate", "--verbosity", "0").wait() == 0

    def start(self, *words: str) -> Process:
        with (self.folder / f"{words[0]}.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.day.process", "manage.py", *words],
                cwd=ROOT, env=self.environment, text=True, stdout=log, stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def status(self) -> tuple[int, dict[str, Any]]:
        out = self.folder / "status.json"
        code = self.start("status", "--json", str(out)).wait()
        return code, json.loads(out.read_text())

    def kept(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return json.loads(path.read_text()) if path.is_file() else {}

    def notices(self) -> list[tuple[str, str, str]]:
        with closing(sqlite3.connect(self.folder / "tradebot.sqlite3")) as database:
            return database.execute(
                "select kind, level, title from trading_notice order by id"
            ).fetchall()

    def when(self, kind: str) -> list[str]:
        with closing(sqlite3.connect(self.folder / "tradebot.sqlite3")) as database:
            asked = "select ts from trading_notice where kind = ? order by ts"
            return [ts for (ts,) in database.execute(asked, (kind,))]

    def until(self, true: Callable[[], Any], process: Process) -> None:
        give_up = time.monotonic() + 180
        while not true():
            assert process.poll() is None, (self.folder / "trade.log").read_text()[-3_000:]
            assert time.monotonic() < give_up
            time.sleep(0.05)


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    with DiscordServer().running() as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path, discord: DiscordServer) -> Iterator[Machine]:
    machine = Machine(tmp_path, discord.url)
    yield machine
    for process in machine.processes:
        process.kill()
        process.wait()


def gone(machine: Machine) -> list[tuple[str, str, str]]:
    return [row for row in machine.notices() if row[0] == "watchdog_process_gone"]


def test_a_killed_process_is_noticed_once_and_one_that_ends_in_order_is_not(
    machine: Machine, discord: DiscordServer
) -> None:
    trading, watchdog = machine.start("trade", *WORDS), machine.start("watchdog")
    machine.until(lambda: machine.kept("heartbeat-killed.json").get("tick_count"), trading)
    machine.until(lambda: machine.kept("watchdog.json").get("accounts") == ["killed"], watchdog)
    code, status = machine.status()
    (account,) = status["accounts"]
    assert (account["now"], account["symbol"]) == ("running", "MES")
    assert status["watchdog"]["alive"] is True
    assert code == status["exit_code"] < 2
    assert gone(machine) == []

    trading.kill()
    trading.wait()
    machine.until(lambda: gone(machine), watchdog)
    expected = ("watchdog_process_gone", "critical", GONE)
    assert gone(machine) == [expected]
    # Who would have delivered it is dead, so the watchdog does.
    machine.until(lambda: any(GONE in title for title in discord.titles), watchdog)
    code, status = machine.status()
    assert (code, status["health"]) == (2, "nothing runs")
    assert status["accounts"][0]["now"] == "gone"

    # The watchdog is killed too: what it said is not said again.
    watchdog.kill()
    watchdog.wait()
    looked = machine.kept("watchdog.json")["looked_at"]
    watchdog = machine.start("watchdog")
    machine.until(lambda: machine.kept("watchdog.json")["looked_at"] > looked, watchdog)

    trading = machine.start("trade", *WORDS)
    machine.until(lambda: machine.kept("heartbeat.json")["pid"] == trading.pid, trading)
    machine.until(lambda: "watchdog_over" in {row[0] for row in machine.notices()}, watchdog)
    trading.send_signal(signal.SIGINT)
    assert trading.wait() == 0
    ended = machine.kept("heartbeat-killed.json")
    assert (ended["ended"], ended["error"], ended["pid"]) == (True, "", trading.pid)
    looked = machine.kept("watchdog.json")["looked_at"]
    machine.until(lambda: machine.kept("watchdog.json")["looked_at"] > looked, watchdog)
    watchdog.send_signal(signal.SIGTERM)
    assert watchdog.wait() == 0
    assert machine.kept("watchdog.json")["ended"] is True
    told = [datetime.fromisoformat(ts) for ts in machine.when("watchdog_process_gone")]
    assert all(after - before >= COOL_DOWN for before, after in pairwise(told))


def test_systemd_hears_of_a_trading_process_from_its_start_to_its_end(
    machine: Machine, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(180)
        machine.environment |= {
            "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000",
        }  # fmt: skip
        trading = machine.start("trade", *WORDS)
        heard: list[str] = []
        while "READY=1" not in heard or heard.count("WATCHDOG=1") < 3:
            heard.append(systemd.recv(4096).decode())
        trading.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in heard:
            heard.append(systemd.recv(4096).decode())
    assert trading.wait() == 0
    assert heard.index("READY=1") < heard.index("STOPPING=1")
    assert any(one.startswith("STATUS=killed running: MES") for one in heard)
