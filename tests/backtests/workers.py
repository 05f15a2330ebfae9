"""Real Celery workers on a Redis server of their own, which can be killed and comes back empty.

Workers are made to stand still where a test wants it, without any hook in the product: by a lock
that the test holds in PostgreSQL, or a day's file that is a pipe nobody writes to.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg
import redis
from celery import current_app
from django.db import connection

from tests.services import free_port

ROOT = Path(__file__).parents[2]
WAIT_S = 45.0  # a condition costs what it takes; this bounds a busy machine
LEASE_S = 3


def until(true: Callable[[], object], what: str) -> None:
    give_up = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.05)


class OwnRedis:
    """A server that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                shutil.which("redis-server") or "redis-server",
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no"),
            ],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        until(self._answers, "Redis answers")

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Worker:
    """`celery -A tradebot worker` with one process for tasks."""

    def __init__(self, folder: Path, name: str, environment: dict[str, str]) -> None:
        self.folder, self.name, self.environment = folder, name, environment
        self.log = folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        words = ["-A", "tradebot", "worker", "--concurrency", "1", "-n", f"{self.name}@%h"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", *words],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3_000:]
        return " ready." in self.log.read_text()

    def kill(self) -> None:
        """With SIGKILL, and the process that it has for tasks."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def has(self, holder: str) -> bool:
        """Whether a process of this worker holds the part."""
        process = int(holder.split(":")[-2])
        try:
            return os.getpgid(process) == self.process.pid
        except ProcessLookupError:
            return False


def environment(redis_url: str, data_dir: Path) -> dict[str, str]:
    """Where workers find what the test uses: its database, its days."""
    return os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "DATA_DIR": str(data_dir),
        "BACKTEST_LEASE_S": str(LEASE_S),
        "BACKTEST_PART_DAYS": "2",
        "LOG_FORMAT": "json",
    }


def database_url() -> str:
    """The test's own database."""
    given = connection.settings_dict
    login = quote(given["USER"], safe="")
    login += f":{quote(given['PASSWORD'], safe='')}" if given["PASSWORD"] else ""
    name, host, port = given["NAME"], given["HOST"], given["PORT"] or 5432
    if host.startswith("/"):
        return f"postgres://{login}@/{name}?{urlencode({'host': host, 'port': port})}"
    return f"postgres://{login}@{host}:{port}/{name}"


@contextmanager
def asked_at(redis_url: str) -> Iterator[None]:
    """Tasks that this process sends go to that server."""
    before = current_app.conf.broker_url

    def use(url: str) -> None:
        current_app.conf.broker_url = url
        current_app.conf.broker_read_url = current_app.conf.broker_write_url = None
        current_app._pool = current_app.amqp._producer_pool = None

    use(redis_url)
    try:
        yield
    finally:
        use(before)


@contextmanager
def locked(statement: str, *values: object) -> Iterator[None]:
    """A transaction beside the test's own that has done this, and is undone."""
    with psycopg.connect(database_url().replace("postgres://", "postgresql://")) as other:
        other.execute(statement.encode(), values)
        yield
        other.rollback()


def waiting_for_locks() -> int:
    """Connections that stand still because of another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """A file whose reading never ends, as on a disk that hangs."""
    aside = path.with_suffix(".aside")
    path.rename(aside)
    os.mkfifo(path)
    try:
        yield
    finally:
        aside.rename(path)
