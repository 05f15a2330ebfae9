"""What systemd is told, read from a real socket as systemd reads it."""

import asyncio
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trading.heartbeat.test_beating import WHOSE
from trading.heartbeat.beating import Heart
from trading.watchdog.systemd import Notifier


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0tradebot-{secrets.token_hex(8)}")
        listener.settimeout(20)
        yield listener


def environ(listener: socket.socket, **more: str) -> dict[str, str]:
    name: bytes = listener.getsockname()
    return {"NOTIFY_SOCKET": f"@{name[1:].decode()}", **more}


def said(listener: socket.socket) -> str:
    return listener.recv(4096).decode()


def test_what_a_service_says(listener: socket.socket) -> None:
    systemd = Notifier(environ(listener))
    systemd.ready()
    systemd.ready()  # said once
    systemd.status("paper-MES:\n all well")
    systemd.alive()
    systemd.stopping()
    assert [said(listener) for _ in range(4)] == [
        "READY=1", "STATUS=paper-MES: all well", "WATCHDOG=1", "STOPPING=1",
    ]  # fmt: skip


def test_a_socket_in_the_file_system(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}).alive()
        assert listener.recv(100) == b"WATCHDOG=1"


def test_nothing_is_said_where_nobody_asked_and_nobody_minds_a_deaf_one(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        systemd = Notifier(environment)
        systemd.ready()
        systemd.alive()
        assert systemd.watchdog_s == 0


@pytest.mark.parametrize(
    ("named", "expected"), [("nobody", 2.5), ("this process", 2.5), ("another", 0.0)]
)
def test_the_watchdog_is_for_the_process_that_it_names(named: str, expected: float) -> None:
    ours = os.getpid()
    pid = {"nobody": "", "this process": str(ours), "another": str(ours + 1)}[named]
    environment = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "2500000", "WATCHDOG_PID": pid}
    assert Notifier(environment).watchdog_s == expected


async def test_a_loop_that_turns_is_alive_and_one_that_hangs_is_not(
    listener: socket.socket,
) -> None:
    """The word comes from the loop itself: while the loop is held up, none does."""
    systemd = Notifier(environ(listener, WATCHDOG_USEC="20000"))
    listener.setblocking(False)
    heart = Heart(WHOSE, [], systemd=systemd)
    task = asyncio.create_task(heart.run())
    for _ in range(3):
        assert await asyncio.get_running_loop().sock_recv(listener, 100) == b"WATCHDOG=1"
    while True:
        try:
            listener.recv(100)
        except BlockingIOError:
            break
    # Held up for many of its periods: a thread would have spoken.
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.recv(100)
    listener.setblocking(False)
    assert await asyncio.get_running_loop().sock_recv(listener, 100) == b"WATCHDOG=1"
    task.cancel()
