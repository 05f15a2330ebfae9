"""An installation of its own, in other processes: a database, a DATA_DIR, and manage.py."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from trading.journal.reading import JournalFile

ROOT = Path(__file__).parents[3]
ACCOUNT = "kept"
TRADE = ("trade", "--feed", "simulator", "--seed", "5", "--account", ACCOUNT, "--speed", "2000")
PATIENCE_S = 180


@dataclass
class Installation:
    """`postgres`: its database's address; "": SQLite."""

    data: Path
    postgres: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def start(self, *words: str) -> subprocess.Popen[str]:
        bare = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "BACKUP_DIR")
        }
        bare |= {"DATA_DIR": str(self.data), "ENV_FILE": "", "LOG_FORMAT": "json"}
        bare |= {"SECRET_KEY": "x" * 50, "DJANGO_SETTINGS_MODULE": "tradebot.settings"}
        if self.postgres:
            bare["DATABASE_URL"] = self.postgres
        return subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=bare | self.more,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def manage(self, *words: str, code: int = 0) -> tuple[str, str]:
        """What it printed, and what it said is wrong."""
        process = self.start(*words)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == code, out + err
        return out, err

    def trade_until(self, done: Callable[[], bool]) -> None:
        """Trade, and be killed when that is so."""
        process = self.start(*TRADE)
        try:
            self.wait(process, done)
        finally:
            process.kill()
            process.communicate()

    def wait(self, process: subprocess.Popen[str], done: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not done():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up
            time.sleep(0.05)

    def inputs(self) -> int:
        """How much its journals hold."""
        return sum(map(len, self.journals()))

    def journals(self) -> list[JournalFile]:
        folder = self.data / "journal" / ACCOUNT
        return [JournalFile(path) for path in sorted(folder.glob("*.jrn"))]

    def tables(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        found: dict[str, list[str]] = {}
        if self.postgres:
            with psycopg.connect(self.postgres) as open_:
                for (name,) in open_.execute(
                    "select tablename from pg_tables where schemaname = 'public'"
                ).fetchall():
                    rows = open_.execute(
                        sql.SQL("select t::text from {} t").format(sql.Identifier(name))
                    )
                    found[name] = sorted(row for (row,) in rows)
            return found
        with closing(sqlite3.connect(self.data / "tradebot.sqlite3")) as file:
            for (name,) in file.execute("select name from sqlite_master where type = 'table'"):
                found[name] = sorted(map(repr, file.execute(f"select * from {name}")))
        return found

    def one(self, query: str) -> Any:
        """The only value of a query."""
        if self.postgres:
            with psycopg.connect(self.postgres) as open_:
                return open_.execute(query.encode()).fetchall()[0][0]
        with closing(sqlite3.connect(self.data / "tradebot.sqlite3")) as file:
            return file.execute(query).fetchone()[0]

    def wreck_database(self) -> None:
        if self.postgres:
            with psycopg.connect(self.postgres, autocommit=True) as open_:
                open_.execute(DROP)
            return
        for path in self.data.glob("tradebot.sqlite3*"):
            path.unlink()

    def contents(self) -> dict[str, bytes]:
        """Every file of journals and ticks."""
        return {
            path.relative_to(self.data).as_posix(): path.read_bytes()
            for name in ("journal", "ticks")
            for path in (self.data / name).rglob("*")
            if path.is_file()
        }


DROP = """
do $$ declare one text; begin
  for one in select tablename from pg_tables where schemaname = 'public' loop
    execute format('drop table if exists public.%I cascade', one);
  end loop;
end $$
"""
