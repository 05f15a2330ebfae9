"""Tick days leave the store when they are old, and somewhere else."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from marketdata.store import TickStore
from trading.backup import back_up, files
from trading.backup.restoring import plan
from trading.backup.ticks import retire
from trading.models import Export

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = date(2025, 11, 21)


@pytest.fixture
def store(data_dir: Path) -> TickStore:
    folder = data_dir / "ticks" / "MES"
    folder.mkdir(parents=True)
    for day in ("2025-11-10", "2025-11-11", "2025-11-20"):
        (folder / f"{day}.parquet").write_text(f"ticks of {day}")
    return TickStore(data_dir / "ticks")


@pytest.fixture
def root(data_dir: Path) -> Path:
    return data_dir / "backups"


def left(store: TickStore) -> list[int]:
    return [day.day for day in store.days("MES")]


def test_none_leave_unless_that_is_asked_for(store, root):
    back_up(root)

    assert retire(store, root, today=TODAY, keep_days=0) == ([], [])
    assert left(store) == [10, 11, 20]


def test_what_is_in_no_backup_stays(store, root):
    gone, only = retire(store, root, today=TODAY, keep_days=5)

    assert not gone
    assert [path.stem for path in only] == ["2025-11-10", "2025-11-11"]
    assert left(store) == [10, 11, 20]


def test_what_is_backed_up_leaves_when_it_is_older(store, root):
    back_up(root)

    gone, only = retire(store, root, today=TODAY, keep_days=10)

    assert [path.stem for path in gone] == ["2025-11-10"]
    assert not only
    assert left(store) == [11, 20]


def test_a_copy_that_was_damaged_does_not_count(store, root):
    snapshot = back_up(root)
    for content in snapshot.manifest().files:
        if content.path.endswith("2025-11-10.parquet"):
            files.pooled(root, content).write_text("tacks of 2025-11-10")

    gone, only = retire(store, root, today=TODAY, keep_days=5)

    assert [path.stem for path in gone] == ["2025-11-11"]
    assert [path.stem for path in only] == ["2025-11-10"]


def test_a_day_that_was_stored_anew_since_then_stays(store, root):
    back_up(root)
    store.path("MES", date(2025, 11, 10)).write_text("other ticks")

    gone, _ = retire(store, root, today=TODAY, keep_days=5)

    assert [path.stem for path in gone] == ["2025-11-11"]


def test_a_day_that_is_still_recorded_stays(store, root):
    store.journal_path("MES", date(2025, 11, 10)).write_text("more")
    back_up(root)

    retire(store, root, today=TODAY, keep_days=5)

    assert left(store) == [10, 20]


@pytest.mark.parametrize(("status", "stay"), [("verified", [11, 20]), ("waiting", [10, 11, 20])])
def test_what_the_export_has_verified_leaves_too(store, root, status, stay):
    Export.objects.create(
        day=date(2025, 11, 10),
        target="s3://bucket",
        path="anything",
        sha256=files.digest(store.path("MES", date(2025, 11, 10))),
        status=status,
        verified_at=datetime(2025, 11, 11, tzinfo=UTC),
    )

    retire(store, root, today=TODAY, keep_days=5)

    assert left(store) == stay


def test_what_left_the_store_can_be_had_again(store, root, data_dir):
    back_up(root)
    retire(store, root, today=TODAY, keep_days=10)
    later = back_up(root)

    usual, everything = plan(later), plan(later, everything=True)

    assert not usual.missing
    (content,) = everything.missing
    files.bring_back(root, content)
    assert left(store) == [10, 11, 20]
    assert store.path("MES", date(2025, 11, 10)).read_text() == "ticks of 2025-11-10"


def test_files_that_are_there_stay_also_when_they_differ(store, root):
    snapshot = back_up(root)
    store.path("MES", date(2025, 11, 10)).write_text("other")
    store.path("MES", date(2025, 11, 11)).unlink()

    found = plan(snapshot)

    assert found.differ == ("ticks/MES/2025-11-10.parquet",)
    assert [each.path for each in found.missing] == ["ticks/MES/2025-11-11.parquet"]
