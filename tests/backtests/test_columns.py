"""A day's columns in a file that is mapped into memory."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtests import columns
from backtests.columns import ColumnsWriter, PriceColumns, open_columns
from tests.marketdata.store.days import ticks


def day(count: int, seed: int = 1) -> PriceColumns:
    made = ticks(count, seed=seed).columns
    return PriceColumns(made.ts, made.price)


def part(made: PriceColumns, which: slice) -> PriceColumns:
    return PriceColumns(made.ts[which], made.price[which])


def written(path: Path, ticks: PriceColumns, *cuts: int) -> PriceColumns:
    writer = ColumnsWriter(path, len(ticks.ts))
    for start, end in zip((0, *cuts), (*cuts, None), strict=True):
        writer.add(part(ticks, slice(start, end)))
    return writer.done()


def same(one: PriceColumns | None, other: PriceColumns) -> bool:
    assert one is not None
    pairs = zip(one, other, strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


@given(count=st.integers(1, 300), data=st.data())
def test_what_is_mapped_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, count: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("columns") / "ES" / "day.columns"
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=4)))
    made = day(count, seed=count)
    assert same(written(path, made, *cuts), made)
    assert same(open_columns(path), made)


def test_mapped_columns_can_be_written_to_without_a_change_of_the_file(tmp_path: Path) -> None:
    path, made = tmp_path / "day.columns", day(100)
    written(path, made)
    mapped = open_columns(path)
    assert mapped is not None
    mapped.price[:] = 0
    assert same(open_columns(path), made)


@pytest.mark.parametrize("at", [0, 9, 63, 3000, -1])
def test_a_file_that_somebody_wrote_to_is_not_trusted(tmp_path: Path, at: int) -> None:
    path = tmp_path / "day.columns"
    written(path, day(1000))
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
        file.write(b"?")
    assert open_columns(path) is None


@pytest.mark.parametrize("left", [0, 5, 16, 1000])
def test_a_file_that_was_cut_off_is_not_trusted(tmp_path: Path, left: int) -> None:
    path = tmp_path / "day.columns"
    written(path, day(1000))
    sealed = path.stat()
    os.truncate(path, left)
    assert open_columns(path) is None
    os.utime(path, ns=(sealed.st_atime_ns, sealed.st_mtime_ns))
    assert open_columns(path) is None


def test_a_file_of_another_day_is_not_trusted(tmp_path: Path) -> None:
    path, other = tmp_path / "day.columns", tmp_path / "other.columns"
    written(path, day(1000))
    path.rename(other)
    assert open_columns(other) is None


def test_a_copy_is_not_trusted_and_can_be_made_anew(tmp_path: Path) -> None:
    path, made = tmp_path / "day.columns", day(1000)
    written(path, made)
    path.write_bytes(path.read_bytes())
    assert open_columns(path) is None
    written(path, made)
    assert same(open_columns(path), made)


def test_after_a_restart_of_the_machine_no_file_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, made = tmp_path / "day.columns", day(1000)
    written(path, made)
    monkeypatch.setattr(columns, "_boot", lambda: b"the next one")
    assert open_columns(path) is None


def test_a_file_that_is_not_complete_never_appears(tmp_path: Path) -> None:
    path, made = tmp_path / "day.columns", day(100)
    writer = ColumnsWriter(path, 100)
    writer.add(part(made, slice(60)))
    with pytest.raises(ValueError, match="60 of 100"):
        writer.done()
    writer.drop()
    writer.drop()
    assert list(tmp_path.iterdir()) == []


def test_columns_stay_readable_when_their_file_is_deleted_or_replaced(tmp_path: Path) -> None:
    path, made = tmp_path / "day.columns", day(100)
    mapped = written(path, made)
    path.unlink()
    assert same(mapped, made)
    written(path, day(50, seed=2))
    assert same(mapped, made)
    assert same(open_columns(path), day(50, seed=2))


def test_the_time_of_access_says_when_a_file_was_used(tmp_path: Path) -> None:
    path = tmp_path / "day.columns"
    written(path, day(100))
    os.utime(path, ns=(5, path.stat().st_mtime_ns))
    open_columns(path)
    assert path.stat().st_atime_ns > 10**18


def test_an_empty_day_has_empty_columns(tmp_path: Path) -> None:
    empty = part(day(3), slice(0))
    assert same(written(tmp_path / "day.columns", empty), empty)
