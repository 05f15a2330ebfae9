"""A recording process that is killed loses nothing that was safe, and no tick becomes another."""

import random
import subprocess
import sys
import time
from pathlib import Path

from marketdata.store import TickStore
from marketdata.store.verifying import verify
from tests.marketdata.store.days import DAY, info, joined, same, ticks
from tests.marketdata.store.recording import TICKS

KILLS = 4


def killed(root: Path, chance: random.Random, lines: int, *words: object) -> list[int]:
    """What such a process told until it was killed, at no known moment after some lines."""
    command = [sys.executable, "-m", "tests.marketdata.store.recording", str(root)]
    with subprocess.Popen(
        [*command, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
        text=True,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(chance.randint(1, lines))]
        time.sleep(chance.random() / 20)
        process.kill()
        told += process.stdout.readlines()
    return [int(line) for line in told if line.endswith("\n")]


def test_a_journal_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    store, day, chance = TickStore(tmp_path), ticks(TICKS), random.Random(7)
    before = 0
    for number in range(KILLS):
        told = killed(tmp_path, chance, 400, number)
        assert told[-1] <= store.journal_path("MES", DAY).stat().st_size
        found = store.read("MES", DAY)
        assert found.count >= before
        before = found.count
        assert same(joined(found.blocks()), day.part(slice(found.count)))
        with store.appender(info()) as appender:
            assert appender.count == found.count
            assert appender.last == found.last
    assert store.compact("MES", DAY) == found.count
    assert same(joined(store.read("MES", DAY).blocks()), day.part(slice(found.count)))


def test_a_compaction_survives_kill_9_at_any_moment(tmp_path: Path) -> None:
    store, day, chance = TickStore(tmp_path), ticks(TICKS), random.Random(11)
    for number in range(KILLS):
        told = killed(tmp_path, chance, 3, number, "compact")
        found = store.read("MES", DAY)
        assert found.count >= told[-1]
        assert same(joined(found.blocks()), day.part(slice(found.count)))
        # A frame that was being written is torn, and cut off by whoever goes on.
        problems = verify(store, "MES", DAY).problems
        assert [said for said in problems if "no whole frame" not in said] == []
