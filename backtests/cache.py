"""What was made of stored days before: analyses, and decoded columns, under DATA_DIR/backtests.

    ROOT/analysis/ES/2025-11-20-KEY.parquet    bars, signals and regimes of a day (`saved`)
    ROOT/columns/ES/2025-11-20-KEY.columns     its ticks, decoded (`columns`)

Each name says all that the content depends on: an analysis on the ticks, the settings that it is
made with, the day's hours and the code; columns on the ticks alone. So nothing in here is ever out
of date, and everything may be deleted at any time.

- A file appears whole. Two processes that make the same file make it alike; the last one stays.
- What is damaged, cut off or was written to is as good as not there, and is made anew.
- Beyond `most` bytes, what was not used for longest goes.
- A disk that takes nothing more (`trouble` says so) is not asked again: the run goes on without.
"""

import errno
import hashlib
import json
import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import structlog

from backtests import saved
from backtests.columns import ColumnsWriter, open_columns
from backtests.versions import code_version
from engine.schedule import TradingDay
from engine.ticks import TickColumns

log = structlog.get_logger(__name__)

GB: Final = 10**9
LOOK_EVERY: Final = 20
"""The size is looked at whenever this part of it (one twentieth) was written."""
LEAVE: Final = 0.9
"""What is left when it was too much, as a part of it."""


@dataclass(frozen=True, slots=True)
class DayKey:
    """What a day's analysis depends on. `data` names the ticks, `analysis` the settings."""

    symbol: str
    data: str
    analysis: str
    hours: TradingDay

    @property
    def day(self) -> date:
        return self.hours.day

    @property
    def digest(self) -> str:
        """16 hex digits that name all of it, and the code."""
        hours = self.hours
        times = [
            hours.start, hours.open, hours.entries_from, hours.entries_to,
            hours.flatten_at, hours.close, hours.end,
        ]  # fmt: skip
        parts = [code_version(), self.symbol, self.data, self.analysis, str(self.day), times]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


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

    def arrays(self, key: DayKey) -> saved.Arrays | None:
        """What `keep` was given."""
        path = self._analysis(key)
        if path is None:
            return None
        found = saved.load(path, key.digest)
        if found is not None:
            _used(path)
        return found

    def keep(self, key: DayKey, arrays: saved.Arrays) -> None:
        """Keep an analysis, if the disk takes it."""
        path = self._analysis(key)
        if path is None or self.trouble:
            return
        try:
            self._wrote(saved.save(path, arrays, key.digest))
        except OSError as error:
            self.fails(error)

    def columns(self, key: DayKey) -> TickColumns | None:
        """The day's ticks, mapped."""
        path = self._columns(key)
        return None if path is None else open_columns(path)

    def writer(self, key: DayKey, ticks: int) -> ColumnsWriter | None:
        """What takes the day's columns as they are decoded; None if the disk does not. Its
        OSErrors are for `fails`."""
        path = self._columns(key)
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
        """Delete what is kept of this analysis and of its ticks."""
        for path in (self._analysis(key), self._columns(key)):
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

    def _analysis(self, key: DayKey) -> Path | None:
        return self._path("analysis", key, f"{key.day}-{key.digest}.parquet")

    def _columns(self, key: DayKey) -> Path | None:
        return self._path("columns", key, f"{key.day}-{key.data}.columns")

    def _path(self, kind: str, key: DayKey, name: str) -> Path | None:
        return None if self.root is None else self.root / kind / key.symbol / name


def the_cache() -> AnalysisCache:
    """The cache of this installation: DATA_DIR/backtests, of BACKTEST_CACHE_GB; 0: none."""
    from django.conf import settings

    most = settings.BACKTEST_CACHE_GB * GB
    return AnalysisCache(Path(settings.DATA_DIR) / "backtests" if most else None, most)


def _used(path: Path) -> None:
    """Remember when, which the system may not."""
    try:
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
    except OSError:
        return  # deleted this very moment, or not ours to touch


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
