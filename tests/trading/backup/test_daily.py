"""A backup each day at a New York time, and what is told when one fails."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from trading import clock
from trading.backup import daily, snapshots
from trading.errors import BackupError
from trading.models import Notice

EVENING = time(17, 45)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2025-11-20 22:44", "2025-11-20 22:45"),
        ("2025-11-20 22:45", "2025-11-21 22:45"),  # now is over
        ("2025-11-21 03:00", "2025-11-21 22:45"),
        ("2025-11-01 22:00", "2025-11-02 22:45"),  # the night in which summer time ends
        ("2025-03-08 23:00", "2025-03-09 21:45"),  # and begins
    ],
)
def test_it_is_new_yorks_clock_that_counts(now: str, due: str):
    found = daily.next_at(datetime.fromisoformat(now).replace(tzinfo=UTC), EVENING)

    assert found.astimezone(UTC) == datetime.fromisoformat(due).replace(tzinfo=UTC)


class Enough(BaseException):
    """The test has seen what it wanted."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch):
    """Time passes as soon as somebody waits for it."""

    class Quick(clock.RealClock):
        ns = int(datetime(2025, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9

        def now_ns(self) -> int:
            return self.ns

    passing = Quick()

    def pause(seconds: float) -> None:
        passing.ns += int(seconds * 1e9)

    monkeypatch.setattr(clock, "_clock", passing)
    monkeypatch.setattr(clock, "pause", pause)


def stay(root: Path, count: int) -> None:
    """Until so many were made."""
    made: list[daily.Done] = []

    def one(done: daily.Done) -> None:
        made.append(done)
        if len(made) == count:
            raise Enough

    with pytest.raises(Enough):
        daily.every_day(root, EVENING, verify=False, made=one)


@pytest.mark.django_db(transaction=True)
def test_who_stays_makes_one_each_day(data_dir: Path, quick: None):
    stay(data_dir / "backups", 3)

    made = [each.made_at for each in snapshots(data_dir / "backups")]
    assert [moment.day for moment in made] == [20, 21, 22]
    assert {(moment.hour, moment.minute) for moment in made} == {(22, 45)}
    assert len(list((data_dir / "alive").glob("backup-*"))) == 1


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_is_told_and_the_next_day_has_the_next(
    data_dir: Path, quick: None, monkeypatch: pytest.MonkeyPatch
):
    make, failures = daily.back_up, [BackupError("no room"), BackupError("no room")]

    def back_up(root: Path, **more: bool):  # type: ignore[no-untyped-def]
        if failures:
            raise failures.pop()
        return make(root, **more)

    monkeypatch.setattr(daily, "back_up", back_up)

    stay(data_dir / "backups", 1)

    assert [each.made_at.day for each in snapshots(data_dir / "backups")] == [22]
    told = Notice.objects.filter(kind="backup")
    assert [(notice.level, notice.text) for notice in told] == [("error", "no room")] * 2
