"""What is found in a trading day's bars, kept: what no other rules of risk make anybody find again.

    judge = Judge(config)
    analysis = judge.judge(bars, day)  # `bars` are `engine.day_bars`'s

It depends on the day's bars and hours and on what `analysis_settings` keeps of a configuration:
bars, patterns, regime. Nothing of an earlier day but its unfinished levels reaches into a day, and
those are joined to it when it is run (`engine.joining`); so days are analysed in any order, or at
once.

Each bar is judged as an engine judges one that it has just closed, by the same functions.
"""

from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.analysis import Analysis
from engine.closing import judge, mark_rows, rows_of, settle
from engine.compiled import njit
from engine.config import EngineConfig, RouterRules, engine_config
from engine.day_bars import GAP, HEAD, DayBars, cut_bars
from engine.errors import InputError
from engine.patterns import FOUND
from engine.schedule import TradingDay
from engine.tables import Words, cut, joined
from engine.ticks import DROP_REASONS

VERSION: Final = 2
TABLES: Final = 8
FIRST_FOUND: Final = 8192
JUDGED: Final = np.dtype(
    [
        (name, np.int64)
        for name in ("start", "end", "ticks", "found", "unfinished", "regime", "reason")
    ]
    + [("confidence", np.float64)]
)
"""A bar: how many good ticks were taken when it closed; where its found patterns end, which begin
where those of the bar before end; how many unfinished levels were remembered then; its reading."""


def analysis_settings(config: EngineConfig) -> EngineConfig:
    """The symbol's defaults with what an analysis depends on: its digest names the analysis."""
    return engine_config(
        config.instrument.symbol,
        bars=config.bars,
        patterns=config.patterns,
        regime=config.regime,
        router=RouterRules(matrix={}),
    )


class DayAnalysis:
    """One trading day in one array of 64-bit words, which is all there is to keep.

    `bars` are JUDGED records, `found` the patterns that they would find if no level was remembered
    from an earlier day; `unfinished` (price, side) the day's own remembered levels at its end,
    `unfinished_before` those before the bar that the last tick left open was closed. The rest is
    that of the day's bars (`engine.day_bars.BarTables`).
    """

    def __init__(self, words: Words) -> None:
        if len(words) <= TABLES or words[0] != TABLES + 1 or words[words[0]] != VERSION:
            raise InputError(f"these are no words of a day's analysis, version {VERSION}")
        self.words = words
        starts = words[: TABLES + 1].tolist()
        parts = [words[start:end] for start, end in pairwise(starts)]
        head, bars, found, rows, gaps, before, after, self.dropped = parts
        self.head: dict[str, int] = dict(zip(HEAD.names or (), head.tolist(), strict=True))
        self.bars = bars.view(JUDGED)
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


class Judge:
    """Finds what is in days' bars, one day after the other, in the same tables."""

    def __init__(self, config: EngineConfig) -> None:
        self._analysis = Analysis(analysis_settings(config))
        self._judged = np.zeros(0, np.int64)
        self._found = np.zeros(FIRST_FOUND * FOUND.itemsize // 8, np.int64)

    def judge(self, bars: DayBars, day: TradingDay) -> DayAnalysis:
        """The analysis of a day's bars; its hours are those with which they were measured."""
        measured, analysis = bars.tables, self._analysis
        count = len(measured.bars)
        analysis.start_day(day)
        analysis.forget_levels()
        analysis.fit(count, int((measured.bars["high"] - measured.bars["low"]).max(initial=0)) + 1)
        if len(self._judged) < count * JUDGED.itemsize // 8:
            self._judged = np.zeros(count * JUDGED.itemsize // 8, np.int64)
        closed = count - bars.head["open"]
        self._go_on(bars, 0, closed)
        before = analysis.remembered
        self._go_on(bars, closed, count)
        judged = self._judged.view(JUDGED)[:count]
        head = measured.head.copy()
        head["version"] = VERSION
        return DayAnalysis(
            joined(
                [
                    head,
                    judged,
                    self._found.view(FOUND)[: judged["found"][-1] if count else 0],
                    measured.rows,
                    measured.gaps,
                    np.array(before, np.int64),
                    np.array(analysis.remembered, np.int64),
                    measured.dropped,
                ]
            )
        )

    def _go_on(self, bars: DayBars, first: int, last: int) -> None:
        """Judge bars `first` to `last`."""
        while first < last:
            words = self._analysis.words
            first = judge_bars(first, last, bars.words, self._judged, self._found, words)
            if first < last:
                self._found = np.concatenate([self._found, np.zeros_like(self._found)])


@njit
def judge_bars(
    first: int, last: int, bars_words: Any, judged_words: Any, found_words: Any, words: Any
) -> int:
    """Go on with a day's bars; the first one whose patterns may have no room in `found_words`, or
    `last`."""
    measured, t = cut_bars(bars_words), cut(words)
    judged, found = judged_words.view(JUDGED), found_words.view(FOUND)
    session, step = t.session[0], t.rules[0].row_ticks
    n = judged[first - 1].found if first else 0
    for k in range(first, last):
        if n + len(t.found) > len(found):
            return k
        t.bar[0] = measured.bars[k]
        b, reading, line = t.bar[0], t.reading[0], judged[k]
        start = measured.ends[k - 1, 1] if k else 0
        rows = rows_of(measured.levels[start : measured.ends[k, 1]], b.low, step)
        buys, sells = mark_rows(rows, t)
        settle(t)
        judge(rows, buys, sells, t)
        for each in range(session.found):
            found[n + each] = t.found[each]
        n += session.found
        line.start, line.end, line.ticks = b.start, b.end, measured.ends[k, 0]
        line.found, line.unfinished = n, session.remembered
        line.regime, line.reason = reading.regime, reading.reason
        line.confidence = reading.confidence
    return last
