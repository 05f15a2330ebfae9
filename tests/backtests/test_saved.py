"""Words in a small file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from backtests.saved import Words, load, save

MINE, OTHER = "0123456789abcdef", "f123456789abcdef"


def same(one: Words | None, other: Words) -> bool:
    return one is not None and one.dtype == other.dtype and np.array_equal(one, other)


@given(words=arrays_of.arrays(np.int64, st.integers(0, 30)))
def test_what_is_loaded_is_what_was_saved_and_can_be_written_to(
    tmp_path_factory: pytest.TempPathFactory, words: Words
) -> None:
    path = tmp_path_factory.mktemp("saved") / "ES" / "day.words"
    assert save(path, words, MINE) == path.stat().st_size
    held = load(path, MINE)
    assert same(held, words)
    assert held is not None
    held[:] = 4


def test_there_is_nothing_under_another_mark_or_name(tmp_path: Path) -> None:
    save(tmp_path / "a", np.arange(3), MINE)
    assert load(tmp_path / "a", OTHER) is None
    assert load(tmp_path / "b", MINE) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    path, made = tmp_path / "a", np.arange(1000)
    save(path, made, MINE)
    whole = path.read_bytes()
    for at in [*range(40), *range(40, len(whole), 61)]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert load(path, MINE) is None, f"byte {at}"
    for left in [*range(40), *range(40, len(whole), 97)]:
        path.write_bytes(whole[:left])
        assert load(path, MINE) is None, f"cut to {left}"


def test_nothing_is_left_of_a_file_that_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a", np.arange(3), MINE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save(tmp_path / "a", np.arange(9), MINE)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert same(load(tmp_path / "a", MINE), np.arange(3))
