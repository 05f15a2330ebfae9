"""What a backup keeps of DATA_DIR: each content once, no secret, journals as they grow."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from trading.backup import back_up, files, snapshots, verify
from trading.backup.manifest import Snapshot
from trading.backup.retention import Keep, prune
from trading.errors import BackupError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch):
    """Each call is a day later."""
    from trading import clock

    class Later(clock.RealClock):
        passed = 0

        def now_ns(self) -> int:
            return super().now_ns() + self.passed * int(timedelta(days=1).total_seconds() * 1e9)

    later = Later()
    monkeypatch.setattr(clock, "_clock", later)

    def pass_(count: int = 1) -> None:
        later.passed += count

    return pass_


def put(folder: Path, path: str, content: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def names(snapshot: Snapshot) -> set[str]:
    return {each.path for each in snapshot.manifest().files}


def pool(root: Path) -> list[str]:
    return sorted(path.relative_to(root / files.POOL).as_posix() for path in files.contents(root))


def test_everything_is_kept_but_secrets_caches_and_what_belongs_to_processes(data_dir, root):
    kept = {
        "journal/a/odd.txt",
        "ticks/MES/2025-11-20.parquet",
        "recaps/2025-11-20.json",
        "x.jsonl",
    }
    left = {
        "secret_key", "tradebot.sqlite3", "tradebot.sqlite3-wal", "locks/a.lock", "compiled/x.nbi",
        "backtests/x.npy", "heartbeat.json", "heartbeat-a.json", "alive/beat-x",
        "watchdog.json", ".hidden", "ticks/MES/.x.part", "ticks/MES/y.part",
    }  # fmt: skip
    for path in kept | left:
        put(data_dir, path, path)

    assert names(back_up(root)) == kept


def test_backups_inside_data_dir_do_not_back_up_themselves(data_dir):
    put(data_dir, "journal/a/x", "1")
    root = data_dir / "more" / "copies"

    back_up(root)

    assert names(back_up(root)) == {"journal/a/x"}


def test_ticks_may_be_left_out(data_dir, root):
    put(data_dir, "ticks/MES/2025-11-20.parquet", "1")

    assert names(back_up(root, ticks=False)) == set()


def test_what_did_not_change_is_stored_once_and_not_read_again(data_dir, root, monkeypatch):
    put(data_dir, "ticks/MES/2025-11-20.parquet", "ticks")
    back_up(root)
    monkeypatch.setattr(files, "_copied", lambda *_: pytest.fail("read again"))

    second = back_up(root)

    assert names(second) == {"ticks/MES/2025-11-20.parquet"}
    assert len(pool(root)) == 1


def test_a_file_that_grew_is_kept_as_it_is_now_and_as_it_was(data_dir, root):
    file = put(data_dir, "journal/a/x", "one")
    first = back_up(root)
    file.write_text("one two")
    second = back_up(root)

    (before,), (after,) = first.manifest().files, second.manifest().files
    assert files.pooled(root, before).read_text() == "one"
    assert files.pooled(root, after).read_text() == "one two"


def test_contents_of_deleted_backups_go_and_the_newest_of_each_file_stays(data_dir, root, days):
    file = put(data_dir, "journal/a/x", "one")
    tick_day = put(data_dir, "ticks/MES/2025-11-20.parquet", "ticks")
    back_up(root)
    file.write_text("one two")
    tick_day.unlink()
    days()
    back_up(root)

    deleted = prune(root, Keep(1, 0, 0))

    assert len(deleted) == len(snapshots(root)) == 1
    assert [path.partition("@")[0] for path in pool(root)] == [
        "journal/a/x",
        "ticks/MES/2025-11-20.parquet",
    ]
    assert verify(snapshots(root)[0]) == []


def test_the_recording_of_a_day_goes_when_the_whole_day_is_there(data_dir, root, days):
    recording = put(data_dir, "ticks/MES/2025-11-20.journal", "recorded")
    back_up(root)
    recording.unlink()
    put(data_dir, "ticks/MES/2025-11-20.parquet", "all")
    days()
    back_up(root)

    prune(root, Keep(1, 0, 0))

    assert [path.partition("@")[0] for path in pool(root)] == ["ticks/MES/2025-11-20.parquet"]


def test_two_backups_at_once_are_refused(root):
    from trading.backup.making import alone

    with alone(root), pytest.raises(BackupError, match="another process"):
        back_up(root)


def test_a_backup_that_fails_leaves_nothing_to_be_seen(data_dir, root, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "keep", full)

    with pytest.raises(BackupError, match="No space left"):
        back_up(root)

    assert snapshots(root) == []
    assert list((root / "snapshots").iterdir()) == []


def test_damage_is_found_wherever_it_is(data_dir, root):
    put(data_dir, "journal/a/x", "one")
    snapshot = back_up(root)
    (content,) = snapshot.manifest().files
    files.pooled(root, content).write_text("two")
    dump = snapshot.folder / snapshot.manifest().dump
    dump.write_bytes(dump.read_bytes()[:-20] + bytes(20))

    problems = verify(snapshot)

    assert problems[0] == f"{dump.name}: is damaged, its checksum is another"
    assert problems[1] == "journal/a/x: is damaged, its checksum is another"


def test_sha256sum_alone_can_check_a_backup(data_dir, root):
    import subprocess

    put(data_dir, "journal/a/x y", "one")
    snapshot = back_up(root)
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]

    assert subprocess.run(check, cwd=snapshot.folder, capture_output=True).returncode == 0

    shutil.rmtree(root / files.POOL)
    assert subprocess.run(check, cwd=snapshot.folder, capture_output=True).returncode == 1
