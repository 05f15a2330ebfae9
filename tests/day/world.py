"""All processes of an installation on PostgreSQL and Redis, and what is outside of it.

Everything goes by one fast clock; a simulated market runs as fast as that.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

import httpx
import psycopg
import pytest

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.calendars import NEW_YORK, new_york, schedule
from tests.backtests.workers import OwnRedis
from tests.chaos.preparing import RULES, through
from tests.day.clock import HeldClock
from tests.day.processes import ROOT, Supervised, until
from tests.servers.discord import DiscordServer
from tests.servers.proxy import Proxy
from tests.services import find_postgres, free_port

ACCOUNT: Final = "paper-MES"
SPEED: Final = 120.0
STARTED_S: Final = 180.0


def next_regular_day() -> datetime:
    """Midnight of the next trading day that has all its hours. What is stored says when it was
    written by the real clock, and a day that is behind that would have a clock that is wrong."""
    after = datetime.now(NEW_YORK).date() + timedelta(days=1)
    for day in schedule(instrument("MES"), "rth").days(after, after + timedelta(days=14)):
        if day.close == new_york(day.day, time_of_day(16)):
            return datetime.combine(day.day, time_of_day(0), NEW_YORK)
    raise RuntimeError("there is no regular trading day within two weeks")


DAY: Final = next_regular_day()


@dataclass
class World:
    """`environment` is what every process gets, `line` its way to PostgreSQL; `processes` are by
    name; `token` lets one steer over the API."""

    folder: Path
    clock: HeldClock
    postgres: str
    line: Proxy
    redis: OwnRedis
    discord: DiscordServer
    port: int = field(default_factory=free_port)
    processes: dict[str, Supervised] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    token: str = ""
    answered: dict[str, str] = field(default_factory=dict)

    @property
    def export(self) -> Path:
        return self.folder / "export"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> Mapping[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DATABASE_", "REDIS_", "DJANGO_"))
        }
        return {
            **inherited,
            **self.clock.environment(),
            "ENV_FILE": "",
            "DATA_DIR": str(self.data),
            "DATABASE_URL": through(self.postgres, self.line.port),
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": "only-for-this-day-" + "x" * 40,
            "DISCORD_WEBHOOK_URL": self.discord.url,
            "EXPORT_TARGET": str(self.export),
            "SCHEDULE_LEASE_S": "10",
            "WATCH_PAGES": f"http://127.0.0.1:{self.port}/health/",
            "DJANGO_SUPERUSER_PASSWORD": "only for this day",
            "LOG_FORMAT": "json",
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", ""),
        }

    # The day

    def start(self) -> None:
        """Tables, then all processes, then the clock."""
        self.data.mkdir()
        self.export.mkdir()
        self.manage("migrate", "--verbosity", "0")
        self.manage("createsuperuser", "--noinput", "--username", "ana", "--email", "a@example.com")
        said = self.manage("token", "create", "ana", "day", "--scope", "read", "--scope", "trade")
        self.token = next(word for word in said.split() if word.startswith("tb_"))
        rules = [word for name, value in RULES.items() for word in ("--set", f"{name}={value}")]
        trade = [
            "manage.py", "trade", "--headless", "--stay", "--feed", "simulator",
            "--symbol", "MES", "--mode", "paper", "--speed", f"{SPEED:g}", "--timeframe", "300",
        ]  # fmt: skip
        celery = ["celery", "-A", "tradebot"]
        for name, words in (
            ("web", ["tradebot.web", "--port", str(self.port)]),
            ("pipeline", [*trade, *rules]),
            ("worker", [*celery, "worker", "--concurrency", "1"]),
            ("beat", [*celery, "beat", "--loglevel", "INFO"]),
            ("watchdog", ["manage.py", "watchdog"]),
        ):
            process = Supervised(name, words, self.environment, self.folder)
            self.processes[name] = process
            process.start()
        until(self.all_started, "all processes are there", STARTED_S)
        self.clock.go()

    def all_started(self) -> bool:
        said = self.rows("select count(*) from trading_auditevent where kind = 'process_began'")
        worker = self.processes["worker"].said()
        return said == [(1,)] and " ready." in worker and self.answers()

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_for(self, hour: int, minute: int) -> None:
        """Until the clock shows this time of the day in New York."""
        at = DAY.replace(hour=hour, minute=minute).timestamp() * NS
        while (left := at - self.clock.now_ns()) > 0:
            time.sleep(min(left / NS / self.clock.speed, 1.0))

    def command(self, kind: str) -> str:
        """Ask for a command over the API and await it; its status."""
        base = f"http://127.0.0.1:{self.port}/api/v1"
        with httpx.Client(headers={"Authorization": f"Bearer {self.token}"}) as client:
            asked = client.post(f"{base}/session/{kind}", json={"reason": "a day's test"})
            assert asked.status_code == 202, asked.text
            place = asked.headers["Location"]
            until(lambda: client.get(f"{base}{_after(place)}").json()["over"], f"{kind} is over")
            return str(client.get(f"{base}{_after(place)}").json()["status"])

    def end(self) -> None:
        """All processes in order; what they ended with."""
        for name in ("pipeline", "beat", "worker", "web", "watchdog"):
            self.exits[name] = self.processes[name].end()

    # What is to be seen of it

    def manage(self, *words: str) -> str:
        command = [sys.executable, "-m", "tests.day.process", "manage.py", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=dict(self.environment), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def notices(self, kind: str) -> list[str]:
        """The titles of a kind, in the order in which they happened."""
        return [
            title
            for (title,) in self.rows(
                f"select title from trading_notice where kind = '{kind}' order by ts, id"
            )
        ]

    def jobs(self) -> dict[str, tuple[str, int]]:
        """Status and attempts of each job of the day."""
        found = self.rows(
            "select job, status, attempts from trading_jobrun "
            f"where day = '{DAY.date()}' order by due_at"
        )
        return {job: (status, attempts) for job, status, attempts in found}


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A whole installation, gone afterwards."""
    with ExitStack() as stack:
        postgres = find_postgres(os.environ)
        stack.callback(postgres.close)
        redis = OwnRedis(folder)
        stack.callback(redis.kill)
        discord = stack.enter_context(DiscordServer().running())
        at = DAY.replace(hour=9, minute=20)
        clock = HeldClock.standing(folder / "clock", at, SPEED)
        given = urlsplit(postgres.url)
        if not given.hostname:
            pytest.skip("PostgreSQL is not to be had over TCP, where its line could be cut")
        line = stack.enter_context(Proxy(given.hostname, given.port or 5432))
        made = World(folder, clock, postgres.url, line, redis, discord)
        stack.callback(lambda: [each.end() for each in made.processes.values()])
        yield made


def _after(place: str) -> str:
    return place.partition("/api/v1")[2]
