"""A folder as the target: real files, full disks, halves."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.errors import ExportError
from trading.export import folder
from trading.export.files import outgoing
from trading.export.folder import FolderTarget
from trading.export.target import Outgoing, TryAgain

CONTENT = bytes(range(256)) * 10_000


@pytest.fixture
def file(tmp_path: Path) -> Outgoing:
    source = tmp_path / "ours" / "ticks" / "MES" / "day.parquet"
    source.parent.mkdir(parents=True)
    source.write_bytes(CONTENT)
    return outgoing(tmp_path / "ours", source)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    made = tmp_path / "theirs"
    made.mkdir()
    return made


def names(folder_: Path) -> list[str]:
    return [path.name for path in folder_.iterdir()]


def half_of(theirs: Path) -> Path:
    path = theirs / "ticks" / "MES" / ".day.parquet.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_a_file_arrives_whole_in_its_place(file: Outgoing, theirs: Path) -> None:
    target = FolderTarget(theirs)
    assert not target.holds(file)
    target.put(file)
    assert target.holds(file)
    assert (theirs / "ticks/MES/day.parquet").read_bytes() == CONTENT
    assert names(theirs / "ticks/MES") == ["day.parquet"]


def test_what_was_changed_there_is_not_held(file: Outgoing, theirs: Path) -> None:
    target = FolderTarget(theirs)
    target.put(file)
    path = theirs / file.path
    path.write_bytes(CONTENT[:-1] + b"x")
    assert not target.holds(file)
    path.write_bytes(CONTENT[:-1])
    assert not target.holds(file)
    target.put(file)
    assert target.holds(file)


def test_a_half_file_is_gone_on_with(file: Outgoing, theirs: Path) -> None:
    """What is there is compared, and only the rest written: the same file grows."""
    half = half_of(theirs)
    half.write_bytes(CONTENT[:1_500_000])
    with half.open("rb") as theirs_half, file.source.open("rb") as ours:
        assert folder._same(ours, theirs_half) == 1_500_000
    FolderTarget(theirs).put(file)
    assert (theirs / file.path).read_bytes() == CONTENT


@pytest.mark.parametrize("half", [b"another", CONTENT + b"more", CONTENT[:100] + b"x" * 100, b""])
def test_a_half_file_of_something_else_is_begun_anew(
    file: Outgoing, theirs: Path, half: bytes
) -> None:
    half_of(theirs).write_bytes(half)
    FolderTarget(theirs).put(file)
    assert (theirs / file.path).read_bytes() == CONTENT


@given(ours=st.binary(max_size=50), half=st.binary(max_size=50), shared=st.integers(0, 50))
def test_whatever_was_left_half_the_copy_is_ours(
    tmp_path_factory: pytest.TempPathFactory, ours: bytes, half: bytes, shared: int
) -> None:
    place = tmp_path_factory.mktemp("copy")
    (place / "ours").write_bytes(ours)
    (place / "half").write_bytes(ours[:shared] + half)
    folder.copy(place / "ours", place / "half")
    assert (place / "half").read_bytes() == ours


def test_an_interrupted_copy_leaves_the_old_file_and_its_half(
    file: Outgoing, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (theirs / file.path).parent.mkdir(parents=True)
    (theirs / file.path).write_bytes(b"the old one")

    class Killed(BaseException):
        pass

    def killed(_: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(folder, "sync", killed)
        with pytest.raises(Killed):
            FolderTarget(theirs).put(file)
    assert (theirs / file.path).read_bytes() == b"the old one"
    assert half_of(theirs).read_bytes() == CONTENT
    FolderTarget(theirs).put(file)
    assert (theirs / file.path).read_bytes() == CONTENT


def test_what_reads_otherwise_than_it_was_written_does_not_appear(
    file: Outgoing, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "digest", lambda path: "0" * 64)
    with pytest.raises(TryAgain, match="reads otherwise"):
        FolderTarget(theirs).put(file)
    assert names(theirs / "ticks/MES") == []


def test_a_folder_that_is_not_mounted_is_not_made(file: Outgoing, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is no folder; mount it, or correct EXPORT_TARGET"):
        FolderTarget(tmp_path / "missing").put(file)
    assert not (tmp_path / "missing").exists()


def test_a_full_disk_is_said_and_not_tried_again() -> None:
    """/dev/full takes nothing."""

    def fill() -> None:
        with folder.said(Path("/mnt/archive")), Path("/dev/full").open("wb", buffering=0) as full:
            full.write(CONTENT)

    with pytest.raises(ExportError, match="No space left on device; make room there") as refused:
        fill()
    assert not isinstance(refused.value, TryAgain)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EROFS, "mount it so that it can be written"), (errno.EACCES, "let this user write")],
)
def test_a_place_that_cannot_be_written_names_the_remedy(
    file: Outgoing, theirs: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder, "copy", refuse)
    with pytest.raises(ExportError, match=remedy) as refused:
        FolderTarget(theirs).put(file)
    assert not isinstance(refused.value, TryAgain)


def test_a_share_that_hiccups_is_tried_again(
    file: Outgoing, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*_: object) -> None:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(folder, "copy", stale)
    with pytest.raises(TryAgain):
        FolderTarget(theirs).put(file)
