"""PostgreSQL's own tools: which are used, and what a dump that ends early does."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

from tests.services import open_database
from trading.backup import postgres
from trading.errors import BackupError


def program(folder: Path, version: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pg_dump"
    path.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.4 (Debian)'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pg_dump 14 on PATH, and Debian's 15 and 17."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path / "debian")
    program(tmp_path / "bin", 14)
    for version in (15, 17):
        program(tmp_path / "debian" / str(version) / "bin", version)
    return tmp_path


@pytest.mark.parametrize(("server", "used"), [(14, "bin"), (15, "15"), (16, "17"), (17, "17")])
def test_the_servers_version_is_used_or_else_the_newest(installed: Path, server: int, used: str):
    assert used in postgres.tool("pg_dump", server * 10_000 + 4).parts


def test_an_older_one_is_refused_with_what_to_install(installed: Path):
    with pytest.raises(BackupError, match=r"PostgreSQL 18.*is 17; install postgresql-client-18"):
        postgres.tool("pg_dump", 180_001)


@pytest.fixture
def scratch() -> Iterator[postgres.Postgres]:
    ours = settings.DATABASES["default"]
    server = psycopg.conninfo.make_conninfo(
        host=ours["HOST"], port=ours["PORT"], user=ours["USER"], password=ours["PASSWORD"]
    )
    service = open_database(f"{server} dbname=postgres", "scratch")
    try:
        yield postgres.Postgres(dict(conninfo_to_dict(service.url)))
    finally:
        service.close()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_dump_that_ends_early_leaves_the_database_as_it_was(scratch, tmp_path: Path):
    dump = tmp_path / "database.dump"
    postgres.Postgres().dump(dump)
    dump.write_bytes(dump.read_bytes()[: dump.stat().st_size * 2 // 3])
    with psycopg.connect(**scratch.parameters) as open_:
        open_.execute("create table precious (id int); insert into precious values (1)")
    before = scratch.facts()

    with pytest.raises(BackupError):
        scratch.restore(dump)

    assert scratch.facts() == before
    assert before.tables["precious"].rows == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_restore_takes_away_what_the_backup_does_not_know(scratch, tmp_path: Path):
    facts, _ = postgres.Postgres().dump(tmp_path / "database.dump")
    with psycopg.connect(**scratch.parameters) as open_:
        open_.execute("create table of_a_newer_version (id int)")

    scratch.restore(tmp_path / "database.dump")

    assert scratch.facts().tables == facts.tables


@pytest.mark.services
def test_whoever_is_connected_is_named(scratch):
    with psycopg.connect(**scratch.parameters, application_name="tradebot-web"):
        assert scratch.in_use() == "1 of tradebot-web"
