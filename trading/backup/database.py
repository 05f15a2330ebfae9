"""The database as one file: what both kinds can do."""

from pathlib import Path
from typing import Final, Protocol

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from trading.backup.manifest import Facts
from trading.errors import BackupError

UNKNOWN: Final = "was made by a newer version of tradebot"


class Database(Protocol):
    """`file` is the name of its dump. Every method raises BackupError."""

    engine: str
    file: str

    def dump(self, path: Path) -> tuple[Facts, frozenset[int]]:
        """Write it to `path`. What it was at exactly that moment, and the keys of its sessions."""

    def facts(self) -> Facts: ...

    def in_scratch(self, dump: Path) -> Facts:
        """Restore the dump beside, look at it, and remove it."""

    def in_use(self) -> str:
        """Who else is connected; "": nobody."""

    def restore(self, dump: Path) -> None:
        """Make the database what the dump has: whole, or not at all."""


def the_database() -> Database:
    """This installation's."""
    if connection.vendor == "postgresql":
        from trading.backup.postgres import Postgres

        return Postgres()
    from trading.backup.sqlite import Sqlite

    return Sqlite()


def migrations(rows: list[tuple[str, str]]) -> dict[str, str]:
    """The newest of each application, from django_migrations."""
    return dict(sorted(rows))


def check_known(facts: Facts) -> None:
    """BackupError unless this version has all migrations of the dump's database."""
    from django.db.migrations.loader import MigrationLoader

    known = MigrationLoader(None).disk_migrations or {}
    for app, name in facts.migrations.items():
        if (app, name) not in known:
            raise BackupError(f"the backup {UNKNOWN} ({app} {name}); restore it with that version")


MIGRATIONS_TABLE: Final = MigrationRecorder.Migration._meta.db_table
