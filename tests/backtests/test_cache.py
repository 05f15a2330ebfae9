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
from backtests.columns import PriceColumns, places
from backtests.days import trading_day
from engine.instruments import instrument
from tests.marketdata.store.days import ticks

DAY = date(2025, 11, 20)
WORDS = np.arange(1000)


def key(
    day: date = DAY, data: str = "d", bars: str = "b", analysis: str = "a", session: str = "rth"
) -> DayKey:
    return DayKey("MES", data, bars, analysis, trading_day(instrument("MES"), day, session))


def columns(count: int = 500) -> PriceColumns:
    made = ticks(count).columns
    return PriceColumns(made.ts, made.price)


def keep_columns(cache: AnalysisCache, of: DayKey, made: PriceColumns) -> None:
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
    assert cache.analysis(key()) is None
    assert cache.bars(key()) is None
    assert cache.columns(key()) is None
    cache.keep_bars(key(), WORDS + 1)
    cache.keep_analysis(key(), WORDS)
    keep_columns(cache, key(), columns())
    for each in (cache, AnalysisCache(tmp_path / "backtests")):
        bars, analysis, mapped = each.bars(key()), each.analysis(key()), each.columns(key())
        assert np.array_equal(bars, WORDS + 1)
        assert np.array_equal(analysis, WORDS)
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
    cache.keep_analysis(key(), WORDS)
    assert cache.analysis(other) is None


def test_bars_are_of_the_settings_of_bars_alone(cache: AnalysisCache) -> None:
    cache.keep_bars(key(), WORDS)
    assert cache.bars(key(analysis="c")) is not None
    for other in (key(bars="c"), key(data="e"), key(session="all"), key(date(2025, 11, 21))):
        assert cache.bars(other) is None


def test_an_analysis_is_of_one_version_of_the_code(
    cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.keep_analysis(key(), WORDS)
    monkeypatch.setattr(cached, "code_version", lambda: "another")
    assert cache.analysis(key()) is None


def test_columns_are_of_the_ticks_alone(cache: AnalysisCache) -> None:
    keep_columns(cache, key(), columns())
    assert cache.columns(key(analysis="b", session="all")) is not None
    assert cache.columns(key(data="e")) is None


def test_an_analysis_under_a_name_that_is_not_its_own_is_not_taken(cache: AnalysisCache) -> None:
    cache.keep_analysis(key(), WORDS)
    other = key(analysis="b")
    path = cache._path("analysis", key(), f"{key().of_analysis}.words")
    wrong = cache._path("analysis", other, f"{other.of_analysis}.words")
    assert path is not None
    assert wrong is not None
    path.rename(wrong)
    assert cache.analysis(other) is None


def test_what_was_not_used_for_longest_goes_first(cache: AnalysisCache) -> None:
    keys = [key(date(2025, 11, day)) for day in (17, 18, 19, 20)]
    for number, each in enumerate(keys):
        keep_columns(cache, each, columns(1000))
        path = cache._path("columns", each, f"{each.data}.columns")
        assert path is not None
        os.utime(path, ns=(number, path.stat().st_mtime_ns))
    assert cache.columns(keys[0]) is not None  # used just now
    cache.most = 30_000  # of 4 * 12 KB
    assert cache.prune() == 2 * places(1000)[1]
    assert [cache.columns(each) is not None for each in keys] == [True, False, False, True]
    assert cache.prune() == 0


def test_a_small_cache_never_grows_far_beyond_its_size(tmp_path: Path) -> None:
    small = AnalysisCache(tmp_path, most=50_000)
    for day in (3, 4, 5, 6, 7, 10, 11, 12, 13, 14):
        keep_columns(small, key(date(2025, 11, day)), columns(1000))
        small.keep_analysis(key(date(2025, 11, day)), WORDS)
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*/*")) < 70_000
    assert small.columns(key(date(2025, 11, 14))) is not None


def test_a_full_disk_is_said_and_not_asked_again(
    cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def full(*_: object) -> None:
        asked.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    cache.keep_analysis(key(analysis="b"), WORDS)
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert cache.usable
    assert cache.writer(key(), 100) is None
    assert not cache.usable
    assert "the disk is full" in cache.trouble
    assert cache.writer(key(), 100) is None
    cache.keep_analysis(key(), WORDS)
    assert len(asked) == 1
    assert cache.analysis(key()) is None
    assert cache.analysis(key(analysis="b")) is not None  # what is there can be read
    assert not list(cache.root.glob("*/*/.*")) if cache.root else False


def test_a_folder_that_may_not_be_written_is_said(
    cache: AnalysisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    cache.keep_analysis(key(), WORDS)
    assert "cannot be written: Permission denied" in cache.trouble


def test_no_cache_keeps_nothing() -> None:
    none = AnalysisCache(None)
    none.keep_analysis(key(), WORDS)
    assert none.analysis(key()) is None
    assert none.columns(key()) is None
    assert none.writer(key(), 10) is None
    assert none.prune() == 0
    none.forget(key())
    assert not none.usable


def test_what_is_forgotten_is_gone(cache: AnalysisCache) -> None:
    cache.keep_bars(key(), WORDS)
    cache.keep_analysis(key(), WORDS)
    keep_columns(cache, key(), columns())
    cache.forget(key())
    cache.forget(key())
    assert cache.bars(key()) is None
    assert cache.analysis(key()) is None
    assert cache.columns(key()) is None
