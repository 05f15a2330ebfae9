"""The embedded database: SQLite's own online backup, which disturbs no writer."""

import gzip
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from django.db import connection

from marketdata.store.files import sync
from trading.backup.database import MIGRATIONS_TABLE, migrations
from trading.backup.manifest import Facts, Table
from trading.errors import BackupError

WAIT_S: Final = 20.0
LEVEL: Final = 3
"""Of gzip: a fifth of the size; more takes three times as long for a tenth less."""


class Sqlite:
    engine = "sqlite"
    file = "database.sqlite3.gz"

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path(connection.settings_dict["NAME"])

    def dump(self, path: Path) -> tuple[Facts, frozenset[int]]:
        with _scratch(path.parent) as plain:
            with _saying("be read"), _opened(self.path) as ours, _opened(plain) as copy:
                ours.backup(copy)
            with plain.open("rb") as source, gzip.open(path, "wb", LEVEL) as target:
                shutil.copyfileobj(source, target, 1 << 20)
            return _facts(plain), _sessions(plain)

    def facts(self) -> Facts:
        return _facts(self.path)

    def in_scratch(self, dump: Path) -> Facts:
        with self._unpacked(dump, Path(tempfile.gettempdir())) as plain:
            return _facts(plain)

    def in_use(self) -> str:
        """SQLite knows of nobody; whoever is in a transaction is waited for."""
        return ""

    def restore(self, dump: Path) -> None:
        connection.close()
        with self._unpacked(dump, self.path.parent) as plain:
            _facts(plain)
            # In one transaction of the database that is there: no file of it is left that belongs
            # to another, and who reads meanwhile reads the one or the other.
            with _saying("be written"), _opened(plain) as source, _opened(self.path) as ours:
                source.backup(ours)
                ours.execute("PRAGMA journal_mode=WAL")
        sync(self.path)

    @contextmanager
    def _unpacked(self, dump: Path, beside: Path) -> Iterator[Path]:
        with _scratch(beside) as plain:
            try:
                with gzip.open(dump, "rb") as source, plain.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            except (OSError, EOFError) as error:
                raise BackupError(f"{dump}: cannot be unpacked: {error}") from error
            yield plain


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """A name of our own, on a disk that has room; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix=".scratch-", dir=beside) as folder:
        yield Path(folder) / "database.sqlite3"


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=WAIT_S)) as opened:
        yield opened


@contextmanager
def _saying(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"the database cannot {what}: {error}") from error


def _facts(path: Path) -> Facts:
    with _saying("be read"), _opened(path) as opened:
        (said,) = opened.execute("PRAGMA integrity_check").fetchone()
        if said != "ok":
            raise BackupError(f"the database is damaged: {said.splitlines()[0]}")
        names = [
            name
            for (name,) in opened.execute(
                "select name from sqlite_master where type = 'table' "
                "and name not like 'sqlite\\_%' escape '\\' order by name"
            )
        ]
        applied = (
            opened.execute(f"select app, name from {MIGRATIONS_TABLE}").fetchall()
            if MIGRATIONS_TABLE in names
            else []
        )
        return Facts(
            engine=Sqlite.engine,
            server=sqlite3.sqlite_version,
            tables={name: _table(opened, name) for name in names},
            migrations=migrations(applied),
        )


def _table(opened: sqlite3.Connection, name: str) -> Table:
    rows = total = 0
    for row in opened.execute(f'select * from "{name}"'):
        rows += 1
        total += int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[:8])
    return Table(rows, f"{total % (1 << 64):016x}")


def _sessions(path: Path) -> frozenset[int]:
    from trading.models import Session

    with _opened(path) as opened:
        return frozenset(
            key for (key,) in opened.execute(f'select id from "{Session._meta.db_table}"')
        )
