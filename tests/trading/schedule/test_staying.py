"""`manage.py trade --headless --stay` as a process of its own, which is killed and comes back.

Without Redis it looks at the schedule by itself.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from marketdata.calendars import NEW_YORK
from tests.backtests.workers import ROOT
from tests.day.clock import FastClock

pytestmark = pytest.mark.slow


class Desk:
    """One account's process, one after the other, at the times that a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        given = {"ENV_FILE": "", "DATA_DIR": str(folder), "LOG_FORMAT": "json"}
        self.around = kept | given
        migrate = [sys.executable, "manage.py", "migrate", "-v0"]
        subprocess.run(migrate, env=self.around, cwd=ROOT, check=True)
        self.process: subprocess.Popen[str] | None = None

    def begin(self, at: str, *, schedule: bool) -> None:
        clock = FastClock.starting(datetime.fromisoformat(at).replace(tzinfo=NEW_YORK), 1.0)
        words = ("manage.py", "trade", "--headless", "--stay", "--account", "paper-MES")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.day.process", *words],
            env=self.around | clock.environment() | {"SCHEDULE": str(int(schedule))},
            cwd=ROOT, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def until(self, event: str) -> dict[str, Any]:
        """Read its log until an event was said."""
        assert self.process is not None
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            said: dict[str, Any] = json.loads(line)
            if said["event"] == event:
                return said
        raise AssertionError(f"{event} was never said: {''.join(lines)[-4_000:]}")

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.communicate()
        return self.process.returncode

    def rows(self, what: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.folder / 'tradebot.sqlite3'}?mode=ro", uri=True) as base:
            return base.execute(what).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


SESSIONS = "select day, starts, status from trading_session"
STANDING = "select kind from trading_auditevent where kind like 'process_%' order by recorded_at"


def test_it_waits_is_killed_waits_is_started_by_the_schedule_is_killed_and_goes_on(
    desk: Desk,
) -> None:
    for _ in range(2):
        desk.begin("2025-11-20 08:00", schedule=False)
        assert desk.until("waiting")["reason"].startswith("the session begins at 2025-11-20 09:30")
        desk.until("idle")
        desk.end(signal.SIGKILL)
    assert desk.rows(SESSIONS) == []

    desk.begin("2025-11-20 09:29:50", schedule=True)
    desk.until("waiting")
    desk.until("pipeline_started")
    desk.end(signal.SIGKILL)
    assert desk.rows(SESSIONS) == [("2025-11-20", 1, "running")]
    ((kind, status, reason),) = desk.rows("select kind, status, reason from trading_command")
    assert (kind, reason) == ("start", "schedule")
    assert status in ("executing", "done")

    desk.begin("2025-11-20 09:40", schedule=True)
    assert desk.until("run_restarted")["start"] == 1
    desk.until("pipeline_started")
    assert desk.end(signal.SIGTERM) == 0
    assert desk.rows(SESSIONS) == [("2025-11-20", 1, "stopped")]
    assert [kind for (kind,) in desk.rows(STANDING)] == ["process_began"] * 4 + ["process_ended"]

    desk.begin("2025-11-20 16:30", schedule=False)  # too late for the day
    assert desk.until("waiting")["reason"] == "no session of 2025-11-20 can be begun any more"
    desk.until("idle")
    assert desk.end(signal.SIGTERM) == 0
    assert desk.rows(SESSIONS) == [("2025-11-20", 1, "stopped")]
