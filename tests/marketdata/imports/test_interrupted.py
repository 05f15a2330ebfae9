"""A real process that is ended in the middle of an import."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.files import write_dbn
from bench.imports import repeated
from bench.market import FIRST_DAY
from engine.instruments import instrument
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from tests.marketdata.imports.files import columns

TICKS = 200_000
TIMEOUT_S = 120


def command(path: Path) -> list[str]:
    return [sys.executable, "manage.py", "ticks", "import", str(path), "--any-hours"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whole_days_or_nothing(tmp_path: Path, number: signal.Signals) -> None:
    feed = Simulator("ES", seed=1, ticks_per_day=10_000).history(FIRST_DAY, 2)
    path, data = tmp_path / "es.dbn.zst", tmp_path / "data"
    write_dbn(
        path, repeated([feed.simulator.day(day) for day in feed.days], TICKS), instrument("ES")
    )
    store = TickStore(data / "ticks")
    environment = {**os.environ, "DATA_DIR": str(data)}
    words = command(path)
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    end = time.monotonic() + TIMEOUT_S
    while not store.days("ES") and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(number)
    said = process.communicate(timeout=TIMEOUT_S)[0]
    kept = {day: columns(store, "ES", day)["ts_event"] for day in store.days("ES")}
    assert kept
    unfinished = [each.name for each in (store.root / "ES").iterdir() if each.suffix != ".parquet"]
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert f"interrupted: {len(kept)} of " in said
        assert unfinished == []
    else:
        assert process.returncode == -signal.SIGKILL
        assert all(name.endswith(".part") for name in unfinished)
    again = subprocess.run(
        words, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    whole = {day: columns(store, "ES", day)["ts_event"] for day in store.days("ES")}
    assert again.stdout.count("stored already from this file") == len(kept)
    assert again.stdout.count(": stored\n") == len(whole) - len(kept) > 0
    assert kept.items() <= whole.items()
    assert sum(len(each) for each in whole.values()) == TICKS
