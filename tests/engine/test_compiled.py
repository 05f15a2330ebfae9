"""Compiled code is kept by the sources it was made of, and by nothing else."""

from pathlib import Path

import pytest

from engine.compiled import PREFIX, cache_folder, njit, source_digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "inner").mkdir(parents=True)
    (folder / "one.py").write_text("a = 1\n")
    (folder / "inner" / "two.py").write_text("b = 2\n")
    return folder


@pytest.fixture(autouse=True)
def no_other_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)


def test_digest_is_of_the_sources(package: Path) -> None:
    first = source_digest(package)
    assert len(first) == 12
    assert source_digest(package) == first
    (package / "notes.txt").write_text("no source")
    assert source_digest(package) == first


@pytest.mark.parametrize("name", ["one.py", "inner/two.py"])
def test_digest_changes_with_any_source(package: Path, name: str) -> None:
    before = source_digest(package)
    (package / name).write_text("a = 3\n")
    assert source_digest(package) != before


def test_digest_changes_with_a_source_s_name_and_with_a_new_one(package: Path) -> None:
    before = source_digest(package)
    (package / "one.py").rename(package / "uno.py")
    renamed = source_digest(package)
    (package / "three.py").touch()
    assert len({before, renamed, source_digest(package)}) == 3


def test_folder_is_named_by_the_digest_and_old_ones_are_removed(package: Path) -> None:
    old = cache_folder(package)
    (old / "code.nbi").touch()
    other = package / "__pycache__" / "keep"
    other.mkdir()
    assert old == package / "__pycache__" / f"{PREFIX}{source_digest(package)}"
    assert cache_folder(package) == old
    assert (old / "code.nbi").exists()
    (package / "one.py").write_text("a = 4\n")
    new = cache_folder(package)
    assert new != old
    assert (new.is_dir(), old.exists(), other.exists()) == (True, False, True)


def test_folder_can_be_chosen(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert cache_folder(package).parent == tmp_path / "chosen"
    assert cache_folder(package).is_dir()


def test_a_package_that_cannot_be_written_keeps_its_code_elsewhere(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "temp"))
    assert cache_folder(package).is_relative_to(tmp_path / "temp")


def test_compiled_functions_give_what_the_plain_ones_do() -> None:
    def plus(a: int, b: int) -> int:
        return a + b

    assert njit(plus)(2, 3) == plus(2, 3)
