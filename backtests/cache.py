"""What was made of stored days before: analyses, and decoded columns, under DATA_DIR/backtests.

    ROOT/bars/ES/2025-11-20-KEY.words        a day's footprint bars, measured (`saved`)
    ROOT/analysis/ES/2025-11-20-KEY.words    patterns and regimes that were found in them (`saved`)
    ROOT/columns/ES/2025-11-20-KEY.columns   times and prices of its ticks, decoded (`columns`)

Each name says all that the content depends on: bars on the ticks, the settings of bars, the day's
hours and the code; an analysis on the settings of patterns and regimes, too; columns on the ticks
alone. So nothing in here is ever out of date, and everything may be deleted at any time.

- A file appears whole. Two processes that make the same file make it alike; the last one stays.
- What is damaged, cut off or was written to is as good as not there, and is made anew.
- Beyond `most` bytes, what was not used for longest goes.
- A disk that takes nothing more (`trouble` says so) is not asked again: the run goes on without.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

import structlog

from backtests import saved
from backtests.columns import ColumnsWriter, PriceColumns, open_columns
from backtests.versions import code_version
from engine.schedule import TradingDay

log = structlog.get_logger(__name__)

GB: Final = 10**9
LOOK_EVERY: Final = 20
"""The size is looked at whenever this part of it (one twentieth) was written."""
LEAVE: Final = 0.9
"""What is left when it was too much, as a part of it."""


@dataclass(frozen=True)
class DayKey:
    """What a day's bars and analysis depend on. `data` names the ticks, `bars` the settings that
    bars depend on, `analysis` those that patterns and regimes depend on (bars' among them)."""

    symbol: str
    data: str
    bars: str
    analysis: str
    hours: TradingDay

    @property
    def day(self) -> date:
        return self.hours.day

    @cached_property
    def of_bars(self) -> str:
        """16 hex digits that name all that bars depend on."""
        return self._digest(self.bars)

    @cached_property
    def of_analysis(self) -> str:
        """16 hex digits that name all that the analysis depends on."""
        return self._digest(self.analysis)

    def _digest(self, settings: str) -> str:
        of = f"{code_version()} {self.symbol} {self.data} {settings} {self.hours}"
        return hashlib.sha256(of.encode()).hexdigest()[:16]


class AnalysisCache:
    """Under `root`, which need not exist yet; None keeps nothing and has nothing."""

    def __init__(self, root: Path | None, most: int = 20 * GB) -> None:
        self.root = root
        self.most = most
        self.trouble = "" if root is not None else "there is no cache"
        self._unseen = most  # bytes written since the size was looked at

    @property
    def usable(self) -> bool:
        """Whether what is kept will be there."""
        return not self.trouble

    def bars(self, key: DayKey) -> saved.Words | None:
        """What `keep_bars` was given."""
        return self._load("bars", key, key.of_bars)

    def keep_bars(self, key: DayKey, words: saved.Words) -> None:
        """Keep a day's bars, if the disk takes them."""
        self._save("bars", key, key.of_bars, words)

    def analysis(self, key: DayKey) -> saved.Words | None:
        """What `keep_analysis` was given."""
        return self._load("analysis", key, key.of_analysis)

    def keep_analysis(self, key: DayKey, words: saved.Words) -> None:
        """Keep an analysis, if the disk takes it."""
        self._save("analysis", key, key.of_analysis, words)

    def columns(self, key: DayKey) -> PriceColumns | None:
        """Times and prices of the day's ticks, mapped."""
        path = self._path("columns", key, f"{key.data}.columns")
        return None if path is None else open_columns(path)

    def writer(self, key: DayKey, ticks: int) -> ColumnsWriter | None:
        """What takes the day's columns as they are decoded; None if the disk does not. Its
        OSErrors are for `fails`."""
        path = self._path("columns", key, f"{key.data}.columns")
        if path is None or self.trouble:
            return None
        try:
            writer = ColumnsWriter(path, ticks)
        except OSError as error:
            self.fails(error)
            return None
        self._wrote(writer.size)
        return writer

    def forget(self, key: DayKey) -> None:
        """Delete what is kept of this analysis, of its bars and ticks."""
        for kind, name in (
            ("bars", f"{key.of_bars}.words"),
            ("analysis", f"{key.of_analysis}.words"),
            ("columns", f"{key.data}.columns"),
        ):
            path = self._path(kind, key, name)
            if path is not None:
                path.unlink(missing_ok=True)

    def fails(self, error: OSError) -> None:
        """The disk did not take something: do without from now on."""
        said = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        self.trouble = f"{self.root}: cannot be written: {said}"
        log.warning("backtest_cache_not_written", path=str(self.root), error=said)

    def prune(self) -> int:
        """Delete what was not used for longest, until the rest is small enough. Bytes deleted."""
        self._unseen = 0
        if self.root is None:
            return 0
        found = [
            (stat.st_atime_ns, stat.st_size, path)
            for path in self.root.glob("*/*/*")
            if (stat := _stat(path)) is not None
        ]
        size, deleted = sum(size for _, size, _ in found), 0
        if size <= self.most:
            return 0
        for _, each, path in sorted(found):
            if size - deleted <= LEAVE * self.most:
                break
            path.unlink(missing_ok=True)
            deleted += each
        return deleted

    def _wrote(self, size: int) -> None:
        self._unseen += size
        if self._unseen * LOOK_EVERY > self.most:
            self.prune()

    def _load(self, kind: str, key: DayKey, digest: str) -> saved.Words | None:
        path = self._path(kind, key, f"{digest}.words")
        found = None if path is None else saved.load(path, digest)
        if path is not None and found is not None:
            _used(path)
        return found

    def _save(self, kind: str, key: DayKey, digest: str, words: saved.Words) -> None:
        path = self._path(kind, key, f"{digest}.words")
        if path is None or self.trouble:
            return
        try:
            self._wrote(saved.save(path, words, digest))
        except OSError as error:
            self.fails(error)

    def _path(self, kind: str, key: DayKey, name: str) -> Path | None:
        if self.root is None:
            return None
        return Path(
            f"{self.root}/{kind}/{key.symbol}/{key.day}-{name}"
        )  # `/` takes five times as long


def the_cache() -> AnalysisCache:
    """The cache of this installation: DATA_DIR/backtests, of BACKTEST_CACHE_GB; 0: none."""
    from django.conf import settings

    most = settings.BACKTEST_CACHE_GB * GB
    return AnalysisCache(Path(settings.DATA_DIR) / "backtests" if most else None, most)


def _used(path: Path) -> None:
    """Remember when, which the system may not."""
    try:
        os.utime(path)
    except OSError:
        return  # deleted this very moment, or not ours to touch


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
