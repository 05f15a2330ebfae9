"""A trading day's bars and patterns, kept: what no other rules of risk make anybody find again.

    scan = DayScan(config, day)
    scan.push(ticks)  # in any split
    analysis = scan.finish()

It depends on the day's ticks and on what `analysis_settings` keeps of a configuration: bars,
patterns, regime. Nothing of an earlier day but its unfinished levels reaches into a day, and those
are joined to it when it is run (`engine.joining`); so days are analysed in any order, or at once.

A day is analysed by a quiet `Engine` that logs its bars and approves of nothing.
"""

from itertools import pairwise
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from engine.compiled import njit
from engine.config import EngineConfig, RiskRules, RouterRules, engine_config
from engine.engine import Engine
from engine.errors import InputError
from engine.events import TickDropped
from engine.patterns import FOUND
from engine.schedule import TradingDay
from engine.tables import BAR_LOG, Words
from engine.ticks import DROP_REASONS, NS, TickColumns

VERSION: Final = 1
GAP_NS: Final = 10 * NS
"""Longer silences are listed, so that nobody has to look for a stale feed among all times."""
LONGEST_S: Final = 7 * 86_400  # no day has such a silence
HEAD: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "version",
            "start",
            "end",
            "given",
            "ticks",
            "unordered",
            "open",
            *DROP_REASONS,
        )
    ]
)
GAP: Final = np.dtype([("tick", np.int64), ("since", np.int64), ("until", np.int64)])
TABLES: Final = 8
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: its multiples are far apart (Knuth, vol. 3, 6.4)."""


def analysis_settings(config: EngineConfig) -> EngineConfig:
    """The symbol's defaults with what an analysis depends on: its digest names the analysis."""
    return engine_config(
        config.instrument.symbol,
        bars=config.bars,
        patterns=config.patterns,
        regime=config.regime,
        router=RouterRules(matrix={}),
        risk=RiskRules(stale_s=LONGEST_S),
    )


class DayAnalysis:
    """One trading day in one array of 64-bit words, which is all there is to keep.

    `bars` are BAR_LOG records, `found` the patterns that they would find if no level was remembered
    from an earlier day; `rows` (row number, bar) has the first bar that traded in a row, by row;
    `gaps` the good ticks that came more than GAP_NS after the one before; `unfinished` (price,
    side) the day's own remembered levels at its end, `unfinished_before` those before the bar that
    the last tick left open was closed; `dropped` the positions of bad ticks among all of the day.
    """

    def __init__(self, words: Words) -> None:
        if len(words) <= TABLES or words[words[0]] != VERSION:
            raise InputError(f"these are no words of a day's analysis, version {VERSION}")
        self.words = words
        starts = words[: TABLES + 1].tolist()
        parts = [words[start:end] for start, end in pairwise(starts)]
        head, bars, found, rows, gaps, before, after, self.dropped = parts
        self.head: dict[str, int] = dict(zip(HEAD.names or (), head.tolist(), strict=True))
        self.bars = bars.view(BAR_LOG)
        self.found = found.view(FOUND)
        self.rows = rows.reshape(-1, 2)
        self.gaps = gaps.view(GAP)
        self.unfinished_before = before.reshape(-1, 2)
        self.unfinished = after.reshape(-1, 2)

    @property
    def ticks(self) -> int:
        """How many of the day's ticks are good."""
        return self.head["ticks"]

    @property
    def drops(self) -> dict[str, int]:
        """How many were dropped, by reason."""
        return {reason: self.head[reason] for reason in DROP_REASONS if self.head[reason]}

    @property
    def clean(self) -> bool:
        """Whether the day's ticks are all good and in order, as they were given."""
        return not (len(self.dropped) or self.head["unordered"])

    def good(
        self, ts: npt.NDArray[np.int64], price: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Times and prices of the good ticks, of the columns that were given: the same arrays if
        the day is clean."""
        if not len(ts) == len(price) == self.head["given"]:
            raise InputError(
                f"{len(ts)} times and {len(price)} prices are not the {self.head['given']} ticks "
                "that were analysed"
            )
        if len(self.dropped):
            ts, price = np.delete(ts, self.dropped), np.delete(price, self.dropped)
        if self.head["unordered"]:
            ts = np.maximum.accumulate(ts)
        return ts, price

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What to keep, by name."""
        return {"words": self.words}

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[Any]]) -> Self:
        """What `as_arrays` gave; read-only arrays will do."""
        return cls(arrays["words"])


class DayScan:
    """Analyses the ticks of one trading day. A good tick of another day is an InputError."""

    def __init__(self, config: EngineConfig, day: TradingDay) -> None:
        self._day = day
        self._engine = Engine(analysis_settings(config), _Only(day), quiet=True)
        self._analysis = self._engine.keep_log()
        self._clock = day.start
        self._given = self._unordered = 0
        self._dropped: list[int] = []
        self._gaps: list[npt.NDArray[np.int64]] = []

    def push(self, ticks: TickColumns) -> None:
        """The day's next ticks, as they came: the bad ones among them are found here."""
        if not len(ticks.ts):
            return
        before = self._given
        bad = [
            event.position
            for event in self._engine.push_columns(ticks)
            if isinstance(event, TickDropped)
        ]
        self._given += len(ticks.ts)
        self._dropped += bad
        ts = np.delete(ticks.ts, np.array(bad) - before) if bad else ticks.ts
        self._note_gaps(ts, before - len(self._dropped) + len(bad))

    def _note_gaps(self, ts: npt.NDArray[np.int64], first: int) -> None:
        """List the gaps of further good ticks, of which the day has had `first`."""
        if not len(ts):
            return
        if not first:
            self._clock = int(ts[0])
        late, gaps = gaps_of(ts, self._clock, first, GAP_NS)
        if late:
            self._unordered = 1
            ts = np.maximum.accumulate(np.maximum(ts, self._clock))
            _, gaps = gaps_of(ts, self._clock, first, GAP_NS)
        self._clock = int(ts[-1])
        self._gaps.append(gaps)

    def finish(self) -> DayAnalysis:
        """The day is over: everything that was due by its end has happened."""
        status, analysis = self._engine.status(), self._analysis
        before = analysis.remembered
        self._engine.beat(self._day.end)
        session, log = analysis.tables.session[0], analysis.tables
        bars, found, rows = (int(session[name]) for name in ("bars", "logged", "logged_rows"))
        head = np.zeros(1, HEAD)
        head["version"], head["start"], head["end"] = VERSION, self._day.start, self._day.end
        head["given"], head["ticks"], head["unordered"] = self._given, status.ticks, self._unordered
        head["open"] = bars - status.bars
        for reason, dropped in status.dropped.items():
            head[reason] = dropped
        return DayAnalysis(
            _words_of(
                [
                    head,
                    log.log[:bars],
                    log.log_found[:found],
                    first_bars(log.log[:bars], log.log_rows[:rows]),
                    np.concatenate([*self._gaps, np.zeros((0, 3), np.int64)]),
                    np.array(before, np.int64),
                    np.array(analysis.remembered, np.int64),
                    np.array(self._dropped, np.int64),
                ]
            )
        )


class _Only:
    """The schedule of one trading day."""

    def __init__(self, day: TradingDay) -> None:
        self._day = day

    def at(self, ts: int) -> TradingDay:
        day = self._day
        if not day.start <= ts < day.end:
            raise InputError(f"a tick at {ts} is not of trading day {day.day}")
        return day


def _words_of(parts: list[npt.NDArray[Any]]) -> Words:
    """Tables one behind the other; the words begin with where each starts, and where all end."""
    plain = [np.ascontiguousarray(part).view(np.int64).ravel() for part in parts]
    starts = np.cumsum([len(parts) + 1, *map(len, plain)])
    return np.concatenate([starts, *plain])


@njit
def gaps_of(ts: Any, clock: int, first: int, longest: int) -> Any:
    """Whether a time is before `clock` or the one before it; and the GAPs longer than `longest` of
    ticks that are numbered from `first` on."""
    late = ts[0] < clock
    count = np.int64(ts[0] - clock > longest)
    for k in range(len(ts) - 1):
        late |= ts[k + 1] < ts[k]
        count += ts[k + 1] - ts[k] > longest
    gaps = np.empty((count, 3), np.int64)
    n = 0
    before = clock
    for k in range(len(ts) if count else 0):
        if ts[k] - before > longest:
            gaps[n, 0], gaps[n, 1], gaps[n, 2] = first + k, before, ts[k]
            n += 1
        before = ts[k]
    return late, gaps


@njit
def first_bars(bars: Any, rows: Any) -> Any:
    """The first bar that traded in a row, [n, 2] of (row, bar), by row; `rows` are those of each
    bar, one after the other."""
    size = 16
    while size < 2 * len(rows):
        size *= 2
    seen = np.zeros((size, 2), np.int64)  # (row, bar + 1), where the row's hash or others' led to
    n = 0
    k = 0
    for b in range(len(bars)):
        while k < bars[b].rows:
            at = (np.uint64(rows[k]) * SPREAD >> np.uint64(32)) & np.uint64(size - 1)
            while seen[at, 1] and seen[at, 0] != rows[k]:
                at = (at + np.uint64(1)) & np.uint64(size - 1)
            if not seen[at, 1]:
                seen[at, 0], seen[at, 1] = rows[k], b + 1
                n += 1
            k += 1
    found = np.empty((n, 2), np.int64)
    n = 0
    for k in range(size):
        if seen[k, 1]:
            found[n, 0], found[n, 1] = seen[k, 0], seen[k, 1] - 1
            n += 1
    return found[np.argsort(found[:, 0])]
