"""What `manage.py status` says, and its exit code."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import Error as DatabaseError

from tests.trading.heartbeat.test_beating import WHOSE, Kept
from tests.trading.watchdog.looks import beat
from trading import clock
from trading.heartbeat.beating import Heart
from trading.heartbeat.figures import process
from trading.heartbeat.targets import File
from trading.models import JobRun, Preflight
from trading.status.gathering import gather
from trading.status.terminal import show
from trading.watchdog import looking, machine
from trading.watchdog.systemd import Notifier

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "memory_percent", lambda: 10.0)
    monkeypatch.setattr(machine, "disk_free", lambda folder: 10**11)
    return data_dir


def beats(folder: Path, account: str = "a", *, age: float = 20, **more: Any) -> None:
    """A beat with all that a process without a session says, and more."""
    whole = Heart(WHOSE, [Kept()], systemd=Notifier({})).document()
    said = beat(account, age=age, now=clock.now(), **(process() | more)).document
    for name in ("journal", "feed_state", "session"):
        whole.pop(name, None)
    File(folder).write([whole | said])


def printed(**options: Any) -> tuple[int, str]:
    out, code = io.StringIO(), 0
    try:
        call_command("status", stdout=out, **options)
    except SystemExit as left:
        code = int(str(left.code))
    return code, out.getvalue()


def test_nothing_runs(folder: Path) -> None:
    code, text = printed()
    assert code == 2
    assert "No process was heard within a day; start one with: python manage.py trade" in text
    beats(folder, ended=True, state="ended")
    assert printed()[0] == 2
    beats(folder, age=400)
    code, text = printed()
    assert code == 2
    assert "a: no heartbeat: its last heartbeat was 6 minutes ago" in text


def test_one_that_runs_is_healthy(folder: Path) -> None:
    beats(folder)
    status = gather()
    assert (status["health"], status["exit_code"]) == ("healthy", 0)
    assert (status["database"], status["redis"] in (None, "answers")) == ("answers", True)
    assert status["accounts"][0]["age"] == "20 seconds ago"


def test_what_is_wrong_is_said_with_its_remedy(folder: Path) -> None:
    beats(folder, "a")
    beats(folder, "b", pid=2**22 + 1)
    status = gather()
    assert (status["health"], status["exit_code"]) == ("wrong", 1)
    assert [one["now"] for one in status["accounts"]] == ["running", "gone"]
    assert [one["title"] for one in status["findings"] if one["level"] != "info"] == [
        "b: the trading process is gone"
    ]
    assert gather(["a"])["health"] == "healthy"


def test_without_the_database_the_files_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> float:
        raise DatabaseError("no route to host\nDETAIL: none")

    monkeypatch.setattr(looking, "database_skew", down)
    beats(folder)
    status = gather()
    assert status["database"] == "no route to host"
    assert [one["account"] for one in status["accounts"]] == ["a"]
    assert (status["exit_code"], status["jobs"], status["preflight"]) == (1, None, None)
    show(status, out := io.StringIO())
    assert "no route to host" in out.getvalue()


def test_it_knows_todays_jobs_the_last_preflight_and_the_watchdog(folder: Path) -> None:
    now = clock.now()
    for day in (now.date(), now.date() + timedelta(days=1)):  # a trading day rolls at 17:00
        JobRun.objects.create(
            job="recap", day=day, status="done", due_at=now, started_at=now, seen_at=now
        )
    Preflight.objects.create(
        account="a", mode="paper", instrument_id="MES", day=day, passed=False, actor="me",
        rules_digest="x",
        results=[{"name": "Disk", "level": "fail", "text": "full", "remedy": "free some"}],
    )  # fmt: skip
    status = gather()
    assert [(job["job"], job["status"]) for job in status["jobs"]] == [("recap", "done")]
    assert status["preflight"]["failed"] == ["Disk: full"]
    assert status["watchdog"] == {"alive": False, "looked": "never"}
    call_command("watchdog", once=True, stdout=io.StringIO())
    assert gather()["watchdog"]["looked"] == "just now"
    text = printed()[1]
    assert "recap done" in text
    assert "Disk: full" in text


def test_json_is_for_programs(folder: Path, tmp_path: Path) -> None:
    beats(folder)
    code, _ = printed(json=str(tmp_path / "status.json"))
    status = json.loads((tmp_path / "status.json").read_text())
    assert code == status["exit_code"] == 0
    assert status.keys() == {
        "at", "health", "exit_code", "accounts", "findings", "database", "redis", "watchdog",
        "notifications", "jobs", "preflight", "memory_percent", "disk_free_mb",
    }  # fmt: skip
