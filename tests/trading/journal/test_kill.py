"""A real process, really killed, on the simulated market: it goes on where it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from trading.journal.reading import JournalFile

ROOT = Path(__file__).parents[3]
WORDS = ("--feed", "simulator", "--seed", "5", "--account", "killed", "--speed", "2000")


def manage(folder: Path, *words: str, **more: Any) -> Any:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment |= {
        "DATA_DIR": str(folder), "ENV_FILE": "", "LOG_FORMAT": "json", "SECRET_KEY": "x" * 50,
        "DJANGO_SETTINGS_MODULE": "tradebot.settings",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
    )  # fmt: skip


def journal(folder: Path) -> list[JournalFile]:
    return [JournalFile(path) for path in sorted((folder / "journal" / "killed").glob("*.jrn"))]


def until(condition: Any, process: Any) -> None:
    give_up = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read()[-2_000:]
        assert time.monotonic() < give_up
        time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    process = manage(tmp_path, "migrate", "--verbosity", "0")
    assert process.wait() == 0, process.stderr.read()
    return tmp_path


def test_a_process_that_is_killed_twice_goes_on_with_its_run(folder: Path) -> None:
    kept = 0
    for _ in range(2):
        process = manage(folder, "trade", *WORDS)
        try:
            until(lambda before=kept: sum(map(len, journal(folder))) > before + 30, process)
        finally:
            process.kill()
            process.wait()
        kept = sum(map(len, journal(folder)))
    process = manage(folder, "trade", *WORDS)
    until(lambda: sum(map(len, journal(folder))) > kept + 5, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 0, err[-2_000:]
    found = journal(folder)
    assert {each.header.run for each in found} == {found[0].header.run}
    notes = [item for each in found for item in each.records() if type(item).__name__ == "Note"]
    assert [note.kind for note in notes if note.kind != "continued"] == [
        "restarted", "restarted", "ended",
    ]  # fmt: skip
    assert [json.loads(line)["event"] for line in err.splitlines()].count("run_restarted") == 1
    assert "stopped" in out
