"""`python -m tests`: how it finds services and what it counts."""

import contextlib
import os
import shutil
import socket
import threading
from pathlib import Path

import psycopg
import pytest
import redis

from tests import services
from tests.__main__ import Counts, read_junit, read_tap, selects
from tests.services import Service, Unavailable, find_postgres, find_redis


@pytest.fixture
def silent_port():
    """A port at which nobody listens."""
    return services.free_port()


@pytest.fixture
def rude_port():
    """A port at which somebody answers who is neither PostgreSQL nor Redis."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    with caller:
                        caller.sendall(b"220 mail ready\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize("find", [find_postgres, find_redis])
def test_nobody_listening_and_nothing_to_start_is_said(find, silent_port):
    with pytest.raises(Unavailable, match=f"127.0.0.1:{silent_port}"):
        find({}, local_port=silent_port, start=None)


@pytest.mark.parametrize("find", [find_postgres, find_redis])
def test_an_open_port_is_no_service_until_it_answers(find, rude_port):
    with pytest.raises(Unavailable, match=f"127.0.0.1:{rude_port}"):
        find({}, local_port=rude_port, start=None)


@pytest.mark.parametrize(
    ("find", "variable", "address"),
    [
        (find_postgres, "DATABASE_URL", "postgres://me:hunter2@127.0.0.1:{}/x"),
        (find_redis, "REDIS_URL", "redis://:hunter2@127.0.0.1:{}/0"),
    ],
)
def test_a_throwaway_server_replaces_what_does_not_answer(find, variable, address, silent_port):
    started = Service("somewhere", "started a throwaway server")

    found = find(
        {variable: address.format(silent_port)}, local_port=silent_port, start=lambda: started
    )

    assert found is started
    assert f"did not do, {variable}" in found.how
    assert "hunter2" not in found.how


def test_a_server_that_does_not_start_is_said(silent_port):
    def start():
        raise Unavailable("redis-server is not installed")

    with pytest.raises(Unavailable, match="redis-server is not installed"):
        find_redis({}, local_port=silent_port, start=start)


def test_throwaway_postgres_gives_a_database_and_is_gone_afterwards():
    service = services.start_postgres()
    try:
        with psycopg.connect(service.url) as connection:
            (name,) = connection.execute("select current_database()").fetchone()
        assert name.startswith("tradebot_")
    finally:
        service.close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(service.url, connect_timeout=2)


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
def test_throwaway_redis_gives_empty_databases_and_is_gone_afterwards():
    first = services.start_redis()
    try:
        server = first.url.rpartition("/")[0]
        redis.Redis.from_url(f"{server}/14").set("somebody", "else's")
        second = services.claim_redis(f"{server}/0", "reachable")
        assert (first.url, second.url) == (f"{server}/15", f"{server}/13")

        redis.Redis.from_url(second.url).set("left", "behind")
        second.close()
        assert redis.Redis.from_url(second.url).dbsize() == 0
        assert redis.Redis.from_url(f"{server}/14").get("somebody") == b"else's"
    finally:
        first.close()
    with pytest.raises(redis.ConnectionError):
        redis.Redis.from_url(first.url).ping()


@pytest.mark.parametrize(
    ("server", "address"),
    [
        ("postgres://me:p%40ss@db:5433/x", "postgres://me:p%40ss@db:5433/new"),
        (
            "postgresql://postgres:@/postgres?host=/tmp/pg",
            "postgres://postgres@/new?host=%2Ftmp%2Fpg&port=5432",
        ),
    ],
)
def test_address_of_another_database_on_the_same_server(monkeypatch, server, address):
    monkeypatch.delenv("PGPASSWORD", raising=False)

    assert services.address_of(server, "new") == address


JUNIT = '<testsuites><testsuite tests="9" failures="1" errors="1" skipped="2"/></testsuites>'


def test_counts_are_read_from_pytests_report(tmp_path):
    report = tmp_path / "junit.xml"
    report.write_text(JUNIT)

    assert read_junit(report, 1) == Counts(passed=5, failed=2, skipped=2)


def test_a_run_that_ended_early_is_a_failure(tmp_path):
    assert read_junit(tmp_path / "missing.xml", 4) == Counts(failed=1)


def test_a_run_that_selected_nothing_is_none(tmp_path):
    assert read_junit(tmp_path / "missing.xml", 5) == Counts()


TAP = "ok 1 - draws\n# tests 5\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 1\n"


def test_counts_are_read_from_nodes_report():
    assert read_tap(TAP, 1) == Counts(passed=2, failed=1, skipped=2)
    assert read_tap("SyntaxError", 1) == Counts(failed=1)


def test_the_last_line_sums_up():
    assert str(Counts(1, 2, 3) + Counts(10, 20, 30)) == "11 passed, 22 failed, 33 skipped"


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], False),
        (["-x", "-q"], False),
        (["-k", "stop"], True),
        (["tests/tradebot"], True),
        (["tests/tradebot/test_runner.py::test_it"], True),
    ],
)
def test_arguments_that_choose_tests(arguments, chosen):
    assert selects(arguments) is chosen


def test_tests_never_write_into_the_working_copys_data(settings):
    assert Path(__file__).parents[2] not in Path(settings.DATA_DIR).parents
    assert os.environ["DATA_DIR"] == str(settings.DATA_DIR)
