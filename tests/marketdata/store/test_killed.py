"""A recording process that is killed loses nothing that was safe, and no tick becomes another."""

import random
import subprocess
import sys
import time
from pathlib import Path

from marketdata.store import TickStore
from tests.marketdata.store.days import DAY, info, joined, same, ticks
from tests.marketdata.store.recording import TICKS

KILLS = 5


def test_a_journal_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    store, day, chance = TickStore(tmp_path), ticks(TICKS), random.Random(7)
    told = before = 0
    for number in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.marketdata.store.recording", str(tmp_path), str(number)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 400)):
                told = int(process.stdout.readline())
            time.sleep(chance.random() / 100)  # the pipe is filling: killed at no known moment
            process.kill()
            rest = process.stdout.read()
        whole = [int(line) for line in rest.split("\n")[:-1]]
        told = max([told, *whole])
        found = store.read("MES", DAY)
        assert told <= store.journal_path("MES", DAY).stat().st_size
        assert found.count >= before
        before = found.count
        assert same(joined(found.blocks()), day.part(slice(found.count)))
        with store.appender(info()) as appender:
            assert appender.count == found.count
            assert appender.last == found.last
    assert store.compact("MES", DAY) == found.count
    assert same(joined(store.read("MES", DAY).blocks()), day.part(slice(found.count)))
