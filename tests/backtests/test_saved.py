"""Named arrays in a small Parquet file."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from backtests.saved import load, save

RECORD = np.dtype([("ts", np.int64), ("price", np.int32), ("strength", np.float64)], align=True)
KINDS = st.sampled_from([np.dtype(name) for name in ("i8", "i4", "i1", "f8", "?", "u8")])


@st.composite
def named(draw: st.DrawFn) -> dict[str, npt.NDArray[Any]]:
    shapes = arrays_of.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=9)
    some = arrays_of.arrays(KINDS, shapes)
    return draw(st.dictionaries(st.text(min_size=1, max_size=8), some, max_size=5))


def same(one: dict[str, npt.NDArray[Any]] | None, other: dict[str, npt.NDArray[Any]]) -> bool:
    assert one is not None
    return list(one) == list(other) and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in zip(one.values(), other.values(), strict=True)
    )


@given(named())
def test_what_is_loaded_is_what_was_saved(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, npt.NDArray[Any]]
) -> None:
    path = tmp_path_factory.mktemp("saved") / "ES" / "day.parquet"
    save(path, arrays, "mine")
    assert same(load(path, "mine"), arrays)


def test_records_come_back_as_records_that_can_be_written_to(tmp_path: Path) -> None:
    made = np.zeros(7, RECORD)
    made["ts"], made["strength"] = np.arange(7), 0.1
    save(tmp_path / "a", {"found": made}, "m")
    held = load(tmp_path / "a", "m")
    assert same(held, {"found": made})
    assert held is not None
    held["found"]["price"] = 4


def test_there_is_nothing_under_another_mark_or_name(tmp_path: Path) -> None:
    save(tmp_path / "a", {"x": np.arange(3)}, "one")
    assert load(tmp_path / "a", "other") is None
    assert load(tmp_path / "b", "one") is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    path, made = tmp_path / "a", {"x": np.arange(1000), "y": np.random.default_rng(1).random(500)}
    save(path, made, "m")
    whole = path.read_bytes()
    for at in range(0, len(whole), 61):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        held = load(path, "m")
        assert held is None or same(held, made), f"byte {at}"
    for left in range(0, len(whole), 97):
        path.write_bytes(whole[:left])
        assert load(path, "m") is None, f"cut to {left}"


def test_nothing_is_left_of_a_file_that_could_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a", {"x": np.arange(3)}, "m")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save(tmp_path / "a", {"x": np.arange(9)}, "m")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    held = load(tmp_path / "a", "m")
    assert held is not None
    assert len(held["x"]) == 3
