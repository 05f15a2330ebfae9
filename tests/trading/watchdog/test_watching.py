"""The watchdog as a whole, with the real probes and a clock of its own."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import Error as DatabaseError

from tests.trading.watchdog.looks import NOW, beat
from trading import clock
from trading.errors import StartError
from trading.heartbeat.figures import process
from trading.heartbeat.targets import Database, File
from trading.models import Delivery, Heartbeat, JobRun, Notice
from trading.notify import News, delivery, outbox, spool
from trading.notify.waiting import bring_in
from trading.watchdog import keeping, looking, machine, posting
from trading.watchdog.delivering import Delivering
from trading.watchdog.keeping import Memory
from trading.watchdog.looking import Looker
from trading.watchdog.services import Answer, Asker, answer
from trading.watchdog.systemd import Notifier
from trading.watchdog.watching import Watchdog, only_watchdog

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)
DEAD = process() | {"pid": 2**22 + 1}


class Deliverer:
    """In place of the real one."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def start(self) -> None:
        self.log.append("start")

    def stop(self, timeout: float) -> None:
        self.log.append("stop")


class Desk:
    """A watchdog in a folder, whose clock is moved; `again` is its next start."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, monkeypatch
        self.now = NOW
        self.deliverer = Deliverer()
        monkeypatch.setattr(machine, "memory_percent", lambda: 10.0)
        monkeypatch.setattr(machine, "disk_free", lambda folder: 10**11)
        monkeypatch.setattr(machine, "clock_kept", lambda: True)
        self.again()

    def again(self) -> None:
        looker = Looker(now=lambda: self.now)
        delivering = Delivering(lambda: self.deliverer)
        self.watchdog = Watchdog(
            looker, folder=self.folder, delivering=delivering, systemd=Notifier({})
        )

    def look(self, minutes: int = 1) -> list[str]:
        """The titles that the last look found."""
        for _ in range(minutes):
            found = self.watchdog.look()
            self.now += MINUTE
        return [one.title for one in found]

    def beats(self, account: str = "a", **more: Any) -> None:
        """A process of this machine beats now."""
        said = beat(account, age=0, now=self.now, **(process() | more)).document
        File(self.folder).write([said])

    def database_is_down(self) -> None:
        def down(*_: Any) -> Any:
            raise DatabaseError("no route to host")

        self.patch.setattr(looking, "database_skew", down)
        self.patch.setattr(outbox, "keep", down)

    def database_is_back(self) -> None:
        self.patch.undo()
        self.patch.setattr(delivery, "bring_in", lambda: 0)
        self.patch.setattr(machine, "memory_percent", lambda: 10.0)
        self.patch.setattr(machine, "clock_kept", lambda: True)


@pytest.fixture
def desk(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    # A deliverer of another test that is still ending would take what is kept here.
    monkeypatch.setattr(delivery, "bring_in", lambda: 0)
    return Desk(data_dir, monkeypatch)


def said() -> list[str]:
    return [row.title for row in Notice.objects.order_by("pk")]


def test_a_process_that_was_killed_is_told_and_that_it_is_back(desk: Desk) -> None:
    desk.beats()
    assert desk.look() == []
    desk.beats(**DEAD)
    assert desk.look() == ["a: the trading process is gone"]
    assert Notice.objects.get().level == "critical"
    desk.beats()
    desk.look(3)
    assert said() == ["a: the trading process is gone", "All well again"]


def test_one_that_ended_in_order_is_not_missed(desk: Desk) -> None:
    desk.beats(**DEAD, ended=True, state="ended")
    assert desk.look(30) == []
    assert said() == []


def test_a_restart_says_nothing_again_that_was_said(desk: Desk) -> None:
    desk.beats(**DEAD)
    desk.look(2)
    desk.again()
    desk.look(2)
    assert len(said()) == 1
    (desk.folder / keeping.NAME).write_text("{")  # lost, or of another version
    desk.again()
    desk.look(2)
    assert len(said()) == 1
    desk.look(15)
    assert len(said()) == 2


def test_what_was_to_be_said_when_it_was_killed_is_said_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.beats(**DEAD)
    with monkeypatch.context() as patch:
        patch.setattr(Watchdog, "_say", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            desk.look()
    assert said() == []
    desk.again()
    desk.look()
    assert said() == ["a: the trading process is gone"]


def test_while_the_database_is_down_alerts_are_kept_for_delivery(desk: Desk) -> None:
    desk.beats(**DEAD)
    desk.database_is_down()
    assert desk.look() == ["a: the trading process is gone", "the database does not answer"]
    desk.again()
    desk.look()
    assert [kept.news.title for kept in spool.waiting()] == [
        "a: the trading process is gone", "The database does not answer",
    ]  # fmt: skip
    assert Notice.objects.count() == 0
    desk.database_is_back()
    bring_in()  # as the deliverer does
    desk.look(3)
    assert said() == ["a: the trading process is gone", "The database does not answer", "Over"]
    assert Notice.objects.earliest("pk").ts == NOW  # when it happened, not when it was written


def test_what_neither_database_nor_disk_takes_waits_in_the_watchdog(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(news: News) -> None:
        raise OSError(28, "No space left on device")

    desk.beats(**DEAD)
    with monkeypatch.context() as patch:
        patch.setattr(posting, "post", refuse)
        desk.look(2)
        desk.again()
        desk.look()
        kept = json.loads((desk.folder / keeping.NAME).read_text())
        assert [one["kind"] for one in kept["pending"]] == ["watchdog_process_gone"]
    desk.look()
    assert said() == ["a: the trading process is gone"]
    assert json.loads((desk.folder / keeping.NAME).read_text())["pending"] == []


def test_a_full_disk_that_takes_no_memory_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "write_whole", full)
    monkeypatch.setattr(machine, "disk_free", lambda folder: 0)
    desk.look(3)
    assert said() == ["The disk is nearly full"]


def test_a_probe_that_fails_keeps_no_other_from_being_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "memory_percent", lambda: 1 / 0)
    monkeypatch.setattr(machine, "disk_free", lambda folder: 0)
    assert desk.look() == ["the disk is nearly full"]


def test_a_heartbeat_of_another_machine_is_found_in_the_database(desk: Desk) -> None:
    far = beat("far", age=400, machine="far away")
    Database().write([far.document])
    assert desk.look() == ["far: no heartbeat"]
    desk.look(4)
    assert said() == ["far: no heartbeat", "far: the trading process is gone"]


def test_jobs_and_notices_that_wait_are_seen(desk: Desk) -> None:
    when = {"due_at": NOW, "started_at": NOW, "seen_at": NOW}
    JobRun.objects.create(job="recap", day=NOW.date(), status="failed", result="boom", **when)
    JobRun.objects.create(job="digest", day=NOW.date(), status="done", **when)
    old = Notice.objects.create(key="k", kind="k", title="Old", ts=NOW - timedelta(hours=1))
    Delivery.objects.create(notice=old, channel="discord", error="404 Not Found", attempts=3)
    found = desk.watchdog.look()
    assert [one.found.text for one in found] == [
        f"recap of {NOW.date()}: boom",
        "1 notice waits for more than 10 minutes: 404 Not Found",
    ]


def test_it_delivers_notices_as_long_as_no_trading_process_does(desk: Desk) -> None:
    desk.beats()
    desk.look()
    assert desk.deliverer.log == []
    desk.beats(**DEAD)
    desk.look(3)
    assert desk.deliverer.log == ["start"]
    desk.beats()
    desk.look()
    assert desk.deliverer.log == ["start", "stop"]


def test_the_day_ends_with_a_report_of_it_once(desk: Desk) -> None:
    opens = NOW.replace(hour=13, minute=30)
    for n in range(100):
        if n not in (40, 41):  # half a minute apart, and two were missed
            ts = opens + timedelta(seconds=30 * n)
            said = beat(now=ts, age=0, reconnect_count=n // 50, started_at="once").document
            Heartbeat.objects.create(account="a", ts=ts, document=said)
    ended = beat(now=opens + timedelta(hours=2), age=0, ended=True, state="ended").document
    Heartbeat.objects.create(account="a", ts=opens + timedelta(hours=2), document=ended)
    desk.now = NOW.replace(hour=21, minute=4)  # 17:04 New York
    desk.look(20)
    desk.again()
    desk.look(20)
    (report,) = Notice.objects.filter(kind="watchdog_health")
    assert report.title.startswith("Health of 2026-03-10: ")
    assert report.facts[0][0] == "a"
    assert "99 beats" in report.facts[0][1]
    assert "1 reconnects" in report.facts[0][1]
    assert report.facts[-1][0] == "Disk"


def test_a_second_watchdog_is_refused(data_dir: Path) -> None:
    refused = pytest.raises(StartError, match="another watchdog")
    with only_watchdog(data_dir), refused, only_watchdog(data_dir):
        raise AssertionError("both watch")
    with only_watchdog(data_dir):
        pass


def test_memory_comes_back_as_it_was(tmp_path: Path) -> None:
    news = News(kind="k", key="k", title="T", ts=NOW, facts=[("a", "b")], level="error")
    memory = Memory(pending=[news], reported="2026-03-10", disk=[("2026-03-10", 5)])
    memory.counts["disk_low"] += 2
    assert keeping.keep(memory, tmp_path)
    assert keeping.read(tmp_path) == memory
    assert keeping.read(tmp_path / "elsewhere") == Memory()


def test_a_service_that_hangs_is_given_up_and_not_asked_twice() -> None:
    hangs, asked = threading.Event(), []

    def ask() -> float:
        asked.append(1)
        assert hangs.wait(20)
        return 1.5

    asker = Asker(ask, within_s=0.01)
    assert "no answer within" in answer(asker).error
    assert "no answer within" in answer(asker).error
    hangs.set()
    asker._within_s = 20
    assert answer(asker) == Answer(skew_s=1.5)
    assert len(asked) == 1


def test_the_loop_looks_every_minute_of_its_clock_and_ends_in_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Quick:
        speed = 60_000.0

        def now_ns(self) -> int:
            return int(desk.now.timestamp()) * 10**9

    stop, looks = threading.Event(), []

    def look() -> list[Any]:
        looks.append(1)
        if len(looks) == 5:
            stop.set()
        if len(looks) == 2:
            raise RuntimeError("a look that fails is not the last")
        return []

    monkeypatch.setattr(clock, "_clock", Quick())
    monkeypatch.setattr(desk.watchdog, "look", look)
    desk.watchdog.run(stop)
    assert len(looks) == 5
    assert desk.watchdog.failures == 1
    assert json.loads((desk.folder / keeping.NAME).read_text())["ended"] is True
