"""Analyses and columns that were made before."""

import errno
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from backtests import cache as cached
from backtests.cache import AnalysisCache, DayKey
from backtests.columns import places
from backtests.days import trading_day
from engine.instruments import instrument
from engine.ticks import TickColumns
from tests.marketdata.store.days import ticks

DAY = date(2025, 11, 20)
ARRAYS = {"words": np.arange(1000)}


def key(day: date = DAY, data: str = "d", analysis: str = "a", session: str = "rth") -> DayKey:
    return DayKey("MES", data, analysis, trading_day(instrument("MES"), day, session))


def columns(count: int = 500) -> TickColumns:
    return ticks(count).columns


def keep_columns(cache: AnalysisCache, of: DayKey, made: TickColumns) -> None:
    writer = cache.writer(of, len(made.ts))
    assert writer is not None
    writer.add(made)
    writer.done()


@pytest.fixture
def cache(tmp_path: Path) -> AnalysisCache:
    return AnalysisCache(tmp_path / "backtests")


def test_what_is_kept_is_found_again_also_by_another_process(
    cache: AnalysisCache, tmp_path: Path
) -> None:
    assert cache.arrays(key()) is None
    assert cache.columns(key()) is None
    cache.keep(key(), ARRAYS)
    keep_columns(cache, key(), columns())
    for each in (cache, AnalysisCache(tmp_path / "backtests")):
        arrays, mapped = each.arrays(key()), each.columns(key())
        assert arrays is not None
        assert np.array_equal(arrays["words"], ARRAYS["words"])
        assert mapped is not None
        assert np.array_equal(mapped.ts, columns().ts)


@pytest.mark.parametrize(
    "other",
    [key(data="e"), key(analysis="b"), key(session="all"), key(date(2025, 11, 21)),
     replace(key(), symbol="ES")],
    ids=["ticks", "settings", "hours", "day", "symbol"],
)  # fmt: skip
def test_an_analysis_is_of_one_day_its_ticks_settings_and_hours(
    cache: AnalysisCache, other: DayKey
) -> None:
    cache.keep(key(), ARRAYS)
    assert cache.arrays(other) is None


def test_an_analysis_is_of_one_version_of_the_code(
    cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.keep(key(), ARRAYS)
    monkeypatch.setattr(cached, "code_version", lambda: "another")
    assert cache.arrays(key()) is None


def test_columns_are_of_the_ticks_alone(cache: AnalysisCache) -> None:
    keep_columns(cache, key(), columns())
    assert cache.columns(key(analysis="b", session="all")) is not None
    assert cache.columns(key(data="e")) is None


def test_an_analysis_under_a_name_that_is_not_its_own_is_not_taken(cache: AnalysisCache) -> None:
    cache.keep(key(), ARRAYS)
    other = key(analysis="b")
    path, wrong = cache._analysis(key()), cache._analysis(other)
    assert path is not None
    assert wrong is not None
    path.rename(wrong)
    assert cache.arrays(other) is None


def test_what_was_not_used_for_longest_goes_first(cache: AnalysisCache) -> None:
    keys = [key(date(2025, 11, day)) for day in (17, 18, 19, 20)]
    for number, each in enumerate(keys):
        keep_columns(cache, each, columns(1000))
        path = cache._columns(each)
        assert path is not None
        os.utime(path, ns=(number, path.stat().st_mtime_ns))
    assert cache.columns(keys[0]) is not None  # used just now
    cache.most = 40_000  # of 4 * 17 KB
    assert cache.prune() == 2 * places(1000)[1]
    assert [cache.columns(each) is not None for each in keys] == [True, False, False, True]
    assert cache.prune() == 0


def test_a_small_cache_never_grows_far_beyond_its_size(tmp_path: Path) -> None:
    small = AnalysisCache(tmp_path, most=50_000)
    for day in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14):
        keep_columns(small, key(date(2025, 11, day)), columns(1000))
        small.keep(key(date(2025, 11, day)), ARRAYS)
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*/*")) < 70_000
    assert small.columns(key(date(2025, 11, 14))) is not None


def test_a_full_disk_is_said_and_not_asked_again(
    cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def full(*_: object) -> None:
        asked.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    cache.keep(key(analysis="b"), ARRAYS)
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert cache.usable
    assert cache.writer(key(), 100) is None
    assert not cache.usable
    assert "the disk is full" in cache.trouble
    assert cache.writer(key(), 100) is None
    cache.keep(key(), ARRAYS)
    assert len(asked) == 1
    assert cache.arrays(key()) is None
    assert cache.arrays(key(analysis="b")) is not None  # what is there can be read
    assert not list(cache.root.glob("*/*/.*")) if cache.root else False


def test_a_folder_that_may_not_be_written_is_said(
    cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    cache.keep(key(), ARRAYS)
    assert "cannot be written: Permission denied" in cache.trouble


def test_no_cache_keeps_nothing() -> None:
    none = AnalysisCache(None)
    none.keep(key(), ARRAYS)
    assert none.arrays(key()) is None
    assert none.columns(key()) is None
    assert none.writer(key(), 10) is None
    assert none.prune() == 0
    none.forget(key())
    assert not none.usable


def test_what_is_forgotten_is_gone(cache: AnalysisCache) -> None:
    cache.keep(key(), ARRAYS)
    keep_columns(cache, key(), columns())
    cache.forget(key())
    cache.forget(key())
    assert cache.arrays(key()) is None
    assert cache.columns(key()) is None
