"""Everything of the Procfile at once, on PostgreSQL and Redis: each lives, answers and ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.server import DEPLOY, REPOSITORY
from tests.services import claim_redis, free_port, open_database

PATIENCE_S = 240
NOTIFYING = ["pipeline", "watchdog"]
"""Units with Type=notify."""
ORDER = ["web", "pipeline", "worker", "beat", "watchdog"]


@dataclass
class Together:
    """One installation and its processes."""

    folder: Path
    environment: dict[str, str]
    processes: dict[str, "subprocess.Popen[bytes]"]
    systemd: dict[str, socket.socket]

    def manage(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=REPOSITORY, env=self.environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def start(self, name: str, command: str) -> None:
        more = {}
        if name in NOTIFYING:  # as systemd starts it; a name outside of the file system
            more = {"NOTIFY_SOCKET": f"@{self.environment['REDIS_PREFIX']}-{name}"}
            self.systemd[name] = heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            heard.bind(more["NOTIFY_SOCKET"].replace("@", "\0"))
            heard.settimeout(PATIENCE_S)
        # As a runner of Procfiles does: by a shell, which becomes the process.
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"], cwd=REPOSITORY, env=self.environment | more,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()[-3_000:]

    def healthy(self, name: str) -> bool:
        words = {"web": ["web", self.environment["PORT"]]}.get(name, [name])
        done = subprocess.run(
            [sys.executable, DEPLOY / "healthy.py", *words],
            env=self.environment, capture_output=True,
        )  # fmt: skip
        return done.returncode == 0

    def first_said_to_systemd(self, name: str) -> bytes:
        """The first word that is no mere status."""
        while (word := self.systemd[name].recv(4096)).startswith(b"STATUS="):
            pass
        return word

    def until(self, name: str, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.processes[name].poll() is None, self.said(name)
            assert time.monotonic() < give_up, f"{name}: {self.said(name)}"
            time.sleep(0.2)


@pytest.fixture
def together(tmp_path: Path) -> Iterator[Together]:
    database = open_database(os.environ["DATABASE_URL"], "for a Procfile")
    redis = claim_redis(os.environ["REDIS_URL"], "for a Procfile")
    left_out = ("TEST_", "PYTEST_", "DJANGO_SETTINGS_MODULE")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(left_out)} | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATABASE_URL": database.url,
        "REDIS_URL": redis.url,
        "REDIS_PREFIX": f"procfile-{os.getpid()}",
        "SECRET_KEY": "x" * 50,
        "ENV_FILE": "",
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(free_port()),
        "LOG_FORMAT": "json",
        "WORKER_CONCURRENCY": "1",
        "TRADE_OPTIONS": "--feed simulator --symbol MES --mode paper --speed 50",
    }
    here = Together(tmp_path, environment, {}, {})
    try:
        yield here
    finally:
        for process in here.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for heard in here.systemd.values():
            heard.close()
        redis.close()
        database.close()


@pytest.mark.services
@pytest.mark.slow
def test_every_process_lives_answers_and_ends_in_order(together: Together) -> None:
    lines = (REPOSITORY / "Procfile").read_text().splitlines()
    commands = dict(re.split(r": ", line, maxsplit=1) for line in lines)
    assert list(commands) == ORDER
    together.manage("migrate", "--verbosity", "0")
    for name, command in commands.items():
        together.start(name, command)

    for name in ORDER:
        together.until(name, lambda name=name: together.healthy(name))
    for name in NOTIFYING:
        assert b"READY=1" in together.first_said_to_systemd(name)
    journals = together.folder / "data" / "journal" / "paper-MES"
    together.until("pipeline", lambda: any(journals.glob("*.jrn")))
    backup = together.manage("backup", "--verify")
    assert "every table is the same" in backup

    for name in reversed(ORDER):
        process = together.processes[name]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) in (0, -signal.SIGTERM, 128 + signal.SIGTERM), (
            together.said(name)
        )
        assert "Traceback" not in together.said(name)
