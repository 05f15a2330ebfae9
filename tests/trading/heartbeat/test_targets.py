"""Each target takes beats by itself: one that fails or hangs holds up no other, nor the loop."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import Error as DatabaseError
from redis import Redis as Client

from trading.heartbeat import latest
from trading.heartbeat.reading import from_database, from_files, newest
from trading.heartbeat.targets import KEPT_ROWS, Carrier, Database, File, Redis, configured
from trading.models import Heartbeat
from trading.wire import Json

AT = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
WITHIN = 20.0


def document(account: str = "paper-MES", second: int = 0, **more: Any) -> Json:
    return {"account": account, "timestamp": AT.replace(second=second).isoformat(), **more}


class Scripted:
    """A target that does what it is told, and keeps what it took."""

    name = "scripted"

    def __init__(self, kept: int = 1) -> None:
        self.kept = kept
        self.fails = False
        self.hangs = threading.Event()
        self.hangs.set()
        self.taken: list[int] = []
        self.called = threading.Semaphore(0)

    def write(self, documents: Sequence[Json]) -> None:
        self.called.release()
        assert self.hangs.wait(WITHIN)
        if self.fails:
            raise OSError("the disk is gone")
        self.taken += [beat["n"] for beat in documents]


def carried(target: Scripted) -> Carrier:
    carrier = Carrier(target)
    carrier.start()
    return carrier


def test_what_a_target_refuses_waits_for_the_next_beat() -> None:
    target = Scripted(kept=5)
    target.fails = True
    carrier = carried(target)
    for n in range(3):
        carrier.take({"n": n})
        assert target.called.acquire(timeout=WITHIN)
    target.fails = False
    carrier.take({"n": 3})
    carrier.close(WITHIN)
    assert target.taken == [0, 1, 2, 3]
    assert carrier.failures == 3


def test_only_the_newest_waits_where_only_the_newest_counts() -> None:
    target = Scripted(kept=1)
    target.hangs.clear()
    carrier = carried(target)
    for n in range(50):  # returns, although the target hangs
        carrier.take({"n": n})
    target.hangs.set()
    carrier.close(WITHIN)
    assert target.taken[-1] == 49
    assert len(target.taken) <= 2


def test_a_target_that_hangs_is_left_behind_at_the_end() -> None:
    target = Scripted()
    target.hangs.clear()
    carrier = carried(target)
    carrier.take({"n": 0})
    carrier.close(0.01)
    assert target.taken == []
    target.hangs.set()


def test_the_file_has_one_for_each_account_and_the_last_of_all(tmp_path: Path) -> None:
    target = File(tmp_path)
    target.write([document("a", 1)])
    target.write([document("b", 2), document("b", 3)])
    assert set(from_files(tmp_path)) == {"a", "b"}
    assert json.loads((tmp_path / "heartbeat.json").read_text()) == document("b", 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "heartbeat-a.json", "heartbeat-b.json", "heartbeat.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"account": "a"}', '{"account": 1, "timestamp": 2}']
)
def test_a_file_that_is_no_heartbeat_is_none(tmp_path: Path, text: str) -> None:
    File(tmp_path).write([document("b")])
    (tmp_path / "heartbeat-a.json").write_text(text)
    assert set(from_files(tmp_path)) == {"b"}


@pytest.mark.django_db(transaction=True)
def test_the_database_has_every_beat() -> None:
    Database().write([document(second=second) for second in range(3)])
    Database().write([document("other", 1)])
    assert Heartbeat.objects.filter(account="paper-MES").count() == 3
    found = latest("paper-MES")
    assert found is not None
    assert found.ts == AT.replace(second=2)
    assert set(from_database(AT)) == {"paper-MES", "other"}
    assert from_database(AT)["paper-MES"].document == document(second=2)
    assert set(from_database(AT.replace(second=2))) == {"paper-MES"}


@pytest.mark.django_db
def test_there_may_be_none() -> None:
    assert latest() is None
    assert from_database(AT) == {}


def test_of_a_file_and_a_row_the_newer_counts(tmp_path: Path) -> None:
    File(tmp_path).write([document("a", 5)])
    of_file = from_files(tmp_path)
    File(tmp_path).write([document("a", 9)])
    later = from_files(tmp_path)
    assert newest(of_file, later) == newest(later, of_file) == later


@pytest.mark.services
def test_redis_has_a_key_for_each_account_that_expires(settings: Any) -> None:
    Redis(settings.REDIS_URL, settings.REDIS_PREFIX, 30).write([document("a", 7)])
    with Client.from_url(settings.REDIS_URL) as client:
        key = f"{settings.REDIS_PREFIX}:heartbeat:a"
        assert json.loads(client.get(key)) == document("a", 7)  # type: ignore[arg-type]
        assert 60 < client.ttl(key) <= 90  # type: ignore[operator]


def test_redis_counts_where_it_is_configured(settings: Any) -> None:
    settings.REDIS_URL = ""
    assert [target.name for target in configured(30)] == ["file", "database"]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    *_, redis = configured(30)
    carrier = Carrier(redis)
    carrier.start()
    carrier.take(document())
    carrier.close(WITHIN)
    assert carrier.failures == 1  # nobody listens there, and nobody minds


def test_a_database_that_is_down_keeps_an_hour_of_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any, **__: Any) -> None:
        raise DatabaseError("no route to host")

    monkeypatch.setattr(Heartbeat.objects, "bulk_create", down)
    carrier = Carrier(Database())
    carrier.start()
    for second in range(60):
        for _ in range(3):
            carrier.take(document(second=second))
    carrier.close(WITHIN)
    assert carrier.failures
    assert len(carrier._waiting) == KEPT_ROWS
