"""A trading day's bars, measured and kept: other patterns are looked for without its ticks.

    scan = DayScan(config, day)
    scan.push(ticks)  # in any split
    bars = scan.finish()

They depend on the day's ticks and hours, and on the part of a configuration that `bars_settings`
keeps: how bars are cut and their rows. What is found in them is for `engine.day_analysis`.

A day is scanned by a quiet `Engine` that logs its bars and looks for nothing in them.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.compiled import inner, njit
from engine.config import EngineConfig, RiskRules, engine_config
from engine.engine import Engine
from engine.errors import InputError
from engine.events import TickDropped
from engine.schedule import TradingDay
from engine.tables import BAR, Words, joined
from engine.ticks import DROP_REASONS, NS, TickColumns

VERSION: Final = 1
GAP_NS: Final = 10 * NS
"""Longer silences are listed, so that nobody has to look for a stale feed among all times."""
LONGEST_S: Final = 7 * 86_400  # no day has such a silence
HEAD: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "version", "start", "end", "given", "ticks", "unordered", "open", *DROP_REASONS,
        )
    ]
)  # fmt: skip
GAP: Final = np.dtype([("tick", np.int64), ("since", np.int64), ("until", np.int64)])
SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: its multiples are far apart (Knuth, vol. 3, 6.4)."""


def bars_settings(config: EngineConfig) -> EngineConfig:
    """The symbol's defaults with what bars depend on: its digest names the bars."""
    return engine_config(
        config.instrument.symbol, bars=config.bars, risk=RiskRules(stale_s=LONGEST_S)
    )


class BarTables(NamedTuple):
    """What `DayBars.words` hold.

    `ends` [n, 2] has how many good ticks were taken when a bar closed, and where its levels end;
    `levels` [m, 3] sell, unknown and buy volume of each price from a bar's low to its high; `rows`
    (row number, bar) the first bar that traded in a row, by row; `gaps` the good ticks that came
    more than GAP_NS after the one before; `dropped` the positions of bad ticks among all.
    """

    head: npt.NDArray[np.void]
    bars: npt.NDArray[np.void]
    ends: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    gaps: npt.NDArray[np.void]
    dropped: npt.NDArray[np.int64]


@inner
def cut_bars(words: Any) -> BarTables:
    """The tables in the words of a day's bars."""
    w = words
    return BarTables(
        w[w[0] : w[1]].view(HEAD),
        w[w[1] : w[2]].view(BAR),
        w[w[2] : w[3]].reshape((-1, 2)),
        w[w[3] : w[4]].reshape((-1, 3)),
        w[w[4] : w[5]].reshape((-1, 2)),
        w[w[5] : w[6]].view(GAP),
        w[w[6] : w[7]],
    )


class DayBars:
    """One trading day's bars in one array of 64-bit words, which is all there is to keep."""

    def __init__(self, words: Words) -> None:
        tables = len(BarTables._fields)
        if len(words) <= tables or words[0] != tables + 1 or words[words[0]] != VERSION:
            raise InputError(f"these are no words of a day's bars, version {VERSION}")
        self.words = words
        self.tables = cut_bars(words)

    @property
    def head(self) -> dict[str, int]:
        """The HEAD record by name."""
        return dict(zip(HEAD.names or (), self.tables.head[0].tolist(), strict=True))


class DayScan:
    """Measures the bars of one trading day's ticks. A good tick of another day is an InputError.

    `settings` are `bars_settings(config)`, for whoever has them already.
    """

    def __init__(
        self, config: EngineConfig, day: TradingDay, settings: EngineConfig | None = None
    ) -> None:
        self._day = day
        self._row_ticks = config.bars.row_ticks
        self._engine = Engine(settings or bars_settings(config), _Only(day), quiet=True)
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

    def finish(self) -> DayBars:
        """The day is over: everything that was due by its end has happened."""
        status = self._engine.status()
        self._engine.beat(self._day.end)
        session, t = self._analysis.tables.session[0], self._analysis.tables
        bars, levels = int(session["bars"]), int(session["logged_levels"])
        head = np.zeros(1, HEAD)
        head["version"], head["start"], head["end"] = VERSION, self._day.start, self._day.end
        head["given"], head["ticks"], head["unordered"] = self._given, status.ticks, self._unordered
        head["open"] = bars - status.bars
        for reason, dropped in status.dropped.items():
            head[reason] = dropped
        kept = BarTables(
            head=head,
            bars=t.log[:bars],
            ends=t.log_ends[:bars],
            levels=t.log_levels[:levels],
            rows=first_bars(t.log[:bars], t.log_levels[:levels], self._row_ticks),
            gaps=np.concatenate([*self._gaps, np.zeros((0, 3), np.int64)]),
            dropped=np.array(self._dropped, np.int64),
        )
        return DayBars(joined(kept))


class _Only:
    """The schedule of one trading day."""

    def __init__(self, day: TradingDay) -> None:
        self._day = day

    def at(self, ts: int) -> TradingDay:
        day = self._day
        if not day.start <= ts < day.end:
            raise InputError(f"a tick at {ts} is not of trading day {day.day}")
        return day


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
def first_bars(bars: Any, levels: Any, row_ticks: int) -> Any:
    """The first bar that traded in a row, [n, 2] of (row, bar), by row; `levels` are those of each
    bar, one behind the other."""
    size = 1024
    seen = np.zeros((size, 2), np.int64)  # (row, bar + 1), where the row's hash or others' led to
    n = 0
    k = 0
    for b in range(len(bars)):
        for price in range(bars[b].low, bars[b].high + 1):
            if levels[k, 0] or levels[k, 1] or levels[k, 2]:
                at = _place(seen, price // row_ticks)
                if not seen[at, 1]:
                    seen[at, 0], seen[at, 1] = price // row_ticks, b + 1
                    n += 1
                    if 2 * n > size:
                        size *= 2
                        seen = _spread(seen, size)
            k += 1
    found = np.empty((n, 2), np.int64)
    n = 0
    for k in range(size):
        if seen[k, 1]:
            found[n, 0], found[n, 1] = seen[k, 0], seen[k, 1] - 1
            n += 1
    return found[np.argsort(found[:, 0])]


@inner
def _place(seen: Any, row: int) -> Any:
    """Where a row is, or may be put."""
    last = np.uint64(len(seen) - 1)
    at = (np.uint64(row) * SPREAD >> np.uint64(32)) & last
    while seen[at, 1] and seen[at, 0] != row:
        at = (at + np.uint64(1)) & last
    return at


@inner
def _spread(seen: Any, size: int) -> Any:
    """The same rows with room for more."""
    wider = np.zeros((size, 2), np.int64)
    for k in range(len(seen)):
        if seen[k, 1]:
            at = _place(wider, seen[k, 0])
            wider[at, 0], wider[at, 1] = seen[k, 0], seen[k, 1]
    return wider
