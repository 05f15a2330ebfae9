"""What is appended reaches the disk, and whoever appends does not wait for that."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketdata.store import durable
from marketdata.store.durable import LONGEST_HELD_S, DurableFile


class Disk:
    """A disk that is at it until the test lets it go on, and may fail."""

    def __init__(self) -> None:
        self.busy = threading.Event()
        self.let_go = threading.Event()
        self.on_disk: list[bytes] = []
        self.fails = self.full = False
        self.now = 0.0

    def sync(self, file: int) -> None:
        self.busy.set()
        assert self.let_go.wait(30)
        if self.fails:
            raise OSError(5, "Input/output error")
        self.on_disk.append(os.pread(file, 1 << 20, 0))

    def clock(self) -> float:
        return self.now


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def file(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[DurableFile]:
    monkeypatch.setattr(durable, "SYNC_EVERY_S", 1e6)
    number = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    made = DurableFile(number, tmp_path / "file", 0, to_disk=disk.sync, clock=disk.clock)
    yield made
    disk.let_go.set()
    try:
        made.close()
    except OSError:
        assert disk.fails or disk.full


def syncing(file: DurableFile, disk: Disk) -> threading.Thread:
    """A sync in a thread, which waits for the disk."""

    def sync() -> None:
        try:
            file.sync()
        except OSError:
            assert disk.fails or disk.full

    thread = threading.Thread(target=sync)
    thread.start()
    assert disk.busy.wait(30)
    return thread


def test_what_is_appended_is_with_the_operating_system_at_once(file: DurableFile) -> None:
    file.append(b"one")
    assert file.path.read_bytes() == b"one"
    assert file.written == 3


def test_nobody_waits_for_the_disk_and_the_order_is_kept(file: DurableFile, disk: Disk) -> None:
    file.append(b"one ")
    thread = syncing(file, disk)
    file.append(b"two ")
    file.append(b"three ")
    assert file.path.read_bytes() == b"one "
    disk.let_go.set()
    thread.join()
    assert file.path.read_bytes() == b"one two three "
    assert disk.on_disk == [b"one "]
    file.append(b"four")
    file.sync()
    assert disk.on_disk[-1] == b"one two three four"


def test_a_disk_that_hangs_does_not_hold_ticks_in_memory_for_long(
    file: DurableFile, disk: Disk
) -> None:
    file.append(b"one ")
    thread = syncing(file, disk)
    file.append(b"two ")
    disk.now += LONGEST_HELD_S
    file.append(b"three")
    assert file.path.read_bytes() == b"one two three"
    disk.let_go.set()
    thread.join()
    assert file.path.read_bytes() == b"one two three"


def test_a_disk_that_failed_is_said_to_the_next_who_appends(file: DurableFile, disk: Disk) -> None:
    file.append(b"one")
    disk.fails = True
    disk.let_go.set()
    syncing(file, disk).join()
    with pytest.raises(OSError, match="Input/output error"):
        file.append(b"two")
    with pytest.raises(OSError, match="Input/output error"):
        file.sync()


def test_what_was_held_and_finds_no_room_ends_it(
    file: DurableFile, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.append(b"one")
    thread = syncing(file, disk)
    file.append(b"two")
    disk.full = True
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda number, data: 1)
        disk.let_go.set()
        thread.join()
    with pytest.raises(OSError, match="No space left"):
        file.append(b"three")
    assert file.path.read_bytes() == b"one"


def test_the_thread_puts_it_on_disk_by_itself(tmp_path: Path) -> None:
    done = threading.Event()
    number = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    file = DurableFile(number, tmp_path / "file", 0, to_disk=lambda number: done.set())
    file.append(b"one")
    assert done.wait(30)
    file.close()
    with pytest.raises(OSError, match="closed"):
        file.append(b"two")
    file.close()
