"""Real beat and workers, by a clock that the test sets: a day's jobs are each done once, also when
a worker is killed in the middle of one."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backtests.workers import ROOT, OwnRedis, database_url, until
from tests.trading.schedule.desk import SetClock
from trading.models import JobRun
from trading.schedule.table import TABLE

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DAY = (
    ("03:00", {"cleanup"}), ("09:25", {"preflight"}), ("09:30", {"start"}), ("15:55", {"flatten"}),
    ("16:00", {"digest"}), ("17:00", {"roll"}), ("17:01", {"recap"}), ("17:05", {"parity"}),
)  # fmt: skip


class World:
    """A Redis, one beat and two workers on the test's database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.redis = OwnRedis(folder)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.set("2024-06-12 02:00")
        for name in ("one", "two"):
            self.begin(name, "worker", "--concurrency", "1", "-n", f"{name}@%h")
        self.begin("beat", "beat", "--pidfile=")

    def set(self, text: str) -> None:
        path = self.folder / "clock"
        draft = path.with_suffix(".draft")
        draft.write_text(f"{SetClock(text).now_ns()}")
        draft.replace(path)

    def begin(self, name: str, *words: str) -> None:
        around = os.environ | {
            "DATABASE_URL": database_url(), "REDIS_URL": self.redis.url,
            "DATA_DIR": str(self.folder), "SCHEDULE_LEASE_S": "2", "LOG_FORMAT": "json",
        }  # fmt: skip
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.trading.schedule.clocked", str(self.folder), *words],
                cwd=ROOT, env=around, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        self.redis.kill()

    def noted(self, what: str) -> list[tuple[str, int]]:
        path = self.folder / what
        lines = path.read_text().splitlines() if path.exists() else []
        return [(job, int(process)) for job, process in map(str.split, lines)]

    def worker_of(self, process: int) -> str:
        return next(
            name for name, each in self.processes.items() if os.getpgid(process) == each.pid
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    try:
        yield made
    except AssertionError:
        for log in tmp_path.glob("*.log"):
            print(log.name, log.read_text()[-3_000:])
        raise
    finally:
        made.end()


def done() -> set[str]:
    return set(JobRun.objects.filter(status="done").values_list("job", flat=True))


def test_a_days_jobs_are_each_done_once_and_one_whose_worker_dies_is_taken_up(
    world: World,
) -> None:
    so_far: set[str] = set()
    for at, jobs in DAY[:-1]:
        world.set(f"2024-06-12 {at}")
        so_far |= jobs
        until(lambda: done() == so_far, f"{jobs} are done")  # noqa: B023 (called at once)

    (world.folder / "hold").write_text("parity")
    world.set("2024-06-12 17:05:00")
    until(lambda: world.noted("begun")[-1][0] == "parity", "parity is begun")
    world.kill(world.worker_of(world.noted("begun")[-1][1]))
    (world.folder / "hold").unlink()
    world.set("2024-06-12 17:05:10")  # the lease, two seconds of ours, is thirty of this clock
    assert JobRun.objects.get(job="parity").status == "running"
    world.set("2024-06-12 17:05:40")
    until(lambda: done() == set(TABLE), "parity is done by the other")

    assert Counter(job for job, _ in world.noted("finished")) == dict.fromkeys(TABLE, 1)
    tried = dict(JobRun.objects.values_list("job", "attempts"))
    assert tried == dict.fromkeys(TABLE, 1) | {"parity": 2}
    assert JobRun.objects.count() == len(TABLE)
