"""PostgreSQL, by its own pg_dump and pg_restore: of the server's version or newer.

The dump and what is counted of it are of one moment: pg_dump reads the snapshot of the transaction
that counts. A restore is one transaction, which first drops every table that is there. Passwords
are in the tools' environment, never in their arguments.
"""

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

import psycopg
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

from trading.backup.database import MIGRATIONS_TABLE, migrations
from trading.backup.manifest import Facts, Table
from trading.errors import BackupError

VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "passfile": "PGPASSFILE",
    "options": "PGOPTIONS",
}
DEBIAN: Final = Path("/usr/lib/postgresql")
LOCK_WAIT: Final = "15s"
TABLES: Final = """
    select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema() and c.relkind in ('r', 'p') order by 1
"""
# As text in a fixed form, so that any server of any version gives the same for the same rows.
AS_TEXT: Final = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO'; set local extra_float_digits = 1"
)
DIGEST: Final = sql.SQL(
    "select count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0) from {} t"
)

Words = Sequence[str | Path]


class Postgres:
    engine = "postgresql"
    file = "database.dump"

    def __init__(self, parameters: dict[str, Any] | None = None) -> None:
        self.parameters = parameters or _ours()

    def dump(self, path: Path) -> tuple[Facts, frozenset[int]]:
        from trading.models import Session

        with self._reading() as open_:
            ((exported,),) = open_.execute("select pg_export_snapshot()").fetchall()
            options = ["--format=custom", "--no-owner", "--no-privileges"]
            options += [f"--snapshot={exported}", f"--file={path}"]
            self._run([tool("pg_dump", open_.info.server_version), *options])
            keys = sql.SQL("select id from {}").format(sql.Identifier(Session._meta.db_table))
            return _facts(open_), frozenset(key for (key,) in open_.execute(keys))

    def facts(self) -> Facts:
        with self._reading() as open_:
            return _facts(open_)

    def in_scratch(self, dump: Path) -> Facts:
        name = f"{self.parameters['dbname']}_verify_{secrets.token_hex(4)}"
        self._database("create database {} template template0", name)
        try:
            scratch = Postgres(self.parameters | {"dbname": name})
            scratch.restore(dump)
            return scratch.facts()
        finally:
            self._database("drop database if exists {}", name)

    def in_use(self) -> str:
        with self._reading() as open_:
            found = open_.execute(
                "select coalesce(nullif(application_name, ''), usename, 'unknown'), count(*) "
                "from pg_stat_activity where datname = current_database() "
                "and backend_type = 'client backend' and pid <> pg_backend_pid() group by 1"
            ).fetchall()
        return ", ".join(f"{count} of {name}" for name, count in found)

    def restore(self, dump: Path) -> None:
        # Ours would be waited for.
        cast(DatabaseWrapper, connection).close_pool()
        with self._reading() as open_:
            version = open_.info.server_version
            tables = [sql.Identifier(name) for (name,) in open_.execute(TABLES)]
            names = sql.SQL(", ").join(tables).as_string(open_)
        drop = f"drop table {names} cascade;\n" if tables else ""
        self._pour(dump, f"begin;\nset local lock_timeout = '{LOCK_WAIT}';\n{drop}", version)

    def _pour(self, dump: Path, preamble: str, version: int) -> None:
        """The dump as SQL into psql. Only its last word commits; who ends before did nothing."""
        read: Words = [
            tool("pg_restore", version),
            "--no-owner",
            "--no-privileges",
            "--file=-",
            dump,
        ]
        write: Words = [tool("psql", version), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        pipe = subprocess.PIPE
        with (
            tempfile.TemporaryFile() as unread,
            tempfile.TemporaryFile() as refused,
            subprocess.Popen(read, stdout=pipe, stderr=unread) as reader,
            subprocess.Popen(
                write,
                env=self._environment(),
                stdin=pipe,
                stdout=subprocess.DEVNULL,
                stderr=refused,
            ) as writer,
        ):
            source, target = cast(IO[bytes], reader.stdout), cast(IO[bytes], writer.stdin)
            try:
                target.write(preamble.encode())
                shutil.copyfileobj(source, target, 1 << 20)
                if reader.wait() == 0:
                    target.write(b"commit;\n")
                target.close()
            except BrokenPipeError:
                reader.kill()
            if writer.wait():
                raise BackupError(f"the database did not take the backup: {_first(refused)}")
            if reader.wait():
                raise BackupError(f"{dump}: cannot be read: {_first(unread)}")

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """One moment of the database, whatever is written meanwhile."""
        try:
            with psycopg.connect(**self.parameters, connect_timeout=10) as open_:
                open_.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                open_.read_only = True
                open_.execute(AS_TEXT)
                yield open_
        except psycopg.Error as error:
            raise BackupError(f"the database cannot be read: {_line(str(error))}") from error

    def _database(self, statement: str, name: str) -> None:
        try:
            with psycopg.connect(**self.parameters, autocommit=True, connect_timeout=10) as open_:
                open_.execute(sql.SQL(statement).format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            role = self.parameters.get("user", "tradebot")
            raise BackupError(
                "a backup is verified in a database of its own, which this role may not make; as "
                f"PostgreSQL's superuser: ALTER ROLE {role} CREATEDB"
            ) from error
        except psycopg.Error as error:
            raise BackupError(f"a database to verify in: {_line(str(error))}") from error

    def _run(self, arguments: Words) -> None:
        done = subprocess.run(
            arguments,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise BackupError(f"{Path(arguments[0]).name} failed: {_line(done.stderr)}")

    def _environment(self) -> dict[str, str]:
        ours = {VARIABLES[name]: str(value) for name, value in self.parameters.items()}
        return {"PATH": os.environ.get("PATH", ""), "PGCLIENTENCODING": "UTF8", **ours}


def _ours() -> dict[str, Any]:
    found = connection.get_connection_params()
    return {name: found[name] for name in VARIABLES if found.get(name)}


def tool(name: str, server: int) -> Path:
    """The newest of these programs that is there, if it is not older than the server, whose version
    is a number like 170004. BackupError otherwise."""
    on_path = shutil.which(name)
    places = [*([Path(on_path)] if on_path else []), *sorted(DEBIAN.glob(f"*/bin/{name}"))]
    found = {path: _version(path) for path in places}
    wanted = server // 10_000
    for path, version in found.items():
        if version == wanted:
            return path
    newest = max(found, key=lambda path: found[path], default=None)
    if newest is None or found[newest] < wanted:
        have = f"{name} here is {found[newest]}" if newest else f"there is no {name} here"
        raise BackupError(
            f"the server is PostgreSQL {wanted} and {have}; install postgresql-client-{wanted}"
        )
    return newest


def _version(path: Path) -> int:
    """Its major version; 0 when it does not say."""
    said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0


def _facts(open_: psycopg.Connection[tuple[Any, ...]]) -> Facts:
    names = [name for (name,) in open_.execute(TABLES).fetchall()]
    tables = {}
    for name in names:
        rows, total = open_.execute(DIGEST.format(sql.Identifier(name))).fetchall()[0]
        tables[name] = Table(rows, str(total))
    applied = sql.SQL("select app, name from {}").format(sql.Identifier(MIGRATIONS_TABLE))
    known = open_.execute(applied).fetchall() if MIGRATIONS_TABLE in names else []
    return Facts(
        engine=Postgres.engine,
        server=str(open_.info.server_version // 10_000),
        tables=tables,
        migrations=migrations([(app, name) for app, name in known]),
    )


def _first(said: IO[bytes]) -> str:
    said.seek(0)
    return _line(said.read().decode(errors="replace"))


def _line(text: str) -> str:
    """What a tool says, on one line, without the prefix of psql."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^psql:<stdin>:\d+: ", "", lines[0]) if lines else "it does not say why"
