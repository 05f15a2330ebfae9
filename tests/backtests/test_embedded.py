"""Without Celery, a process of low priority beside the server does runs, and the server's pages
hear of it."""

import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from backtests.runner import run
from marketdata.store import TickStore
from tests.backtests.plans import stored_plan
from tests.backtests.workers import ROOT, unreadable, until

pytestmark = pytest.mark.slow
DAYS = 6
SERVING = ("-m", "tests.backtests.serving")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    plan = stored_plan(tmp_path, days=DAYS, ticks=5_000)
    (tmp_path / "plan.json").write_text(json.dumps(plan.as_json()))
    done = serving(tmp_path, "manage.py", "migrate", "--verbosity", "0")
    assert done.wait() == 0
    done.communicate()
    expected = run(plan, store=TickStore(tmp_path / "ticks"))
    (tmp_path / "expected.pickle").write_bytes(pickle.dumps(expected))
    return tmp_path


def serving(folder: Path, *words: str) -> subprocess.Popen[str]:
    ours = {"DATABASE_URL", "REDIS_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.Popen(
        [sys.executable, *(words or SERVING)],
        cwd=ROOT,
        env=kept
        | {
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tradebot.settings",
            "LOG_LEVEL": "WARNING",
            "BACKTEST_LEASE_S": "3",
            "BACKTEST_PART_DAYS": "2",
        },
        stdout=subprocess.PIPE,
        text=True,
    )


def rows(folder: Path, what: str) -> list[tuple]:
    with sqlite3.connect(f"file:{folder / 'tradebot.sqlite3'}?mode=ro", uri=True) as database:
        return database.execute(what).fetchall()


def outcome(folder: Path, name: str = "outcome") -> object:
    return pickle.loads((folder / f"{name}.pickle").read_bytes())


def holder(folder: Path) -> int:
    """The process that works on the third day's part, 0 before."""
    found = rows(
        folder,
        "select holder from backtests_backtestpart where number = 2 and lease_until is not null",
    )
    return int(found[0][0].split(":")[-2]) if found else 0


def test_a_run_is_done_beside_the_server_and_its_pages_hear_of_it(folder):
    server = serving(folder)
    said, _ = server.communicate()
    assert server.returncode == 0
    heard = [json.loads(line) for line in said.splitlines()]
    assert outcome(folder) == outcome(folder, "expected")
    last = heard[-1]
    assert (last["status"], last["done"], last["analysed"]) == ("done", DAYS, DAYS)
    assert [message["done"] for message in heard] == sorted(message["done"] for message in heard)
    ((worker,),) = rows(folder, "select holder from backtests_backtestpart where number = 0")
    assert int(worker.split(":")[-2]) != server.pid


def test_a_server_that_ends_takes_the_run_along_and_the_next_goes_on_with_it(folder):
    plan = json.loads((folder / "plan.json").read_text())
    third = date.fromisoformat(plan["days"][2])
    with unreadable(TickStore(folder / "ticks").path(plan["symbol"], third)):
        left_over = 0
        for words, how in (((), signal.SIGKILL), ((*SERVING, "again"), signal.SIGINT)):
            server = serving(folder, *words)
            until(lambda before=left_over: holder(folder) not in (0, before), "a day hangs")
            left_over = holder(folder)
            assert os.getpriority(os.PRIO_PROCESS, left_over) >= 10
            server.send_signal(how)
            server.communicate()
            until(lambda ended=left_over: not running(ended), "its process has ended")
            assert rows(folder, "select status from backtests_backtest") == [("running",)]
    server = serving(folder, *SERVING, "again")
    server.communicate()
    assert server.returncode == 0
    assert outcome(folder) == outcome(folder, "expected")
    days = rows(folder, "select day from backtests_backtestday")
    assert sorted(day for (day,) in days) == plan["days"]


def running(process: int) -> bool:
    return Path(f"/proc/{process}").exists()
