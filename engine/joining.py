"""A day that was analysed alone, joined with the unfinished levels of earlier days, and routed.

What an earlier day leaves changes a day's bars in one way only: a level that was carried in is
revisited by the first bar that trades in its row. So, exactly:

- Carried levels are older than all of the day's own, and none is equal to one of them: a bar that
  makes a level traded in its row, and so revisited an equal one just before.
- The memory drops the oldest: as long as a carried level is left, no own one is dropped that would
  not be dropped without them; and of the carried ones, those that are left after a bar are the
  newest that there is room for beside the day's own after it.
- In a bar's list revisits of carried levels come behind what the bar has of its own, and before
  revisits of the day's own levels.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.compiled import inner, njit
from engine.config import EngineConfig
from engine.day_analysis import JUDGED, DayAnalysis
from engine.events import Signal
from engine.names import Pattern
from engine.patterns import FOUND
from engine.patterns.unfinished import revisit
from engine.router import count_approved, route
from engine.rules import RULES, compiled_matrix, compiled_rules
from engine.schedule import TradingDay
from engine.signals import SignalReader
from engine.tables import REGIMES, Words

Memory = tuple[tuple[int, int], ...]
REVISITED: Final = int(Pattern.UNFINISHED_REVISITED)
JOIN: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "entries_from", "entries_to", "filled",
            "carried", "before", "found", "approved", "wanted",
        )
    ]
)  # fmt: skip
"""What is asked: the hours for entries, whether bars end with the trade that fills them, how many
levels are carried in. What is answered: how many of them are left before the day's last bar, and
(`carried`) after it; of all bars the signals, and those approved; wanted bars."""


class _Join(NamedTuple):
    """`carried` and `before` have price, side, first bar; `wanted` bar, tick, where its patterns
    begin and end in `found`; `revisits` are those of carried levels by one bar."""

    head: npt.NDArray[np.void]
    rules: npt.NDArray[np.void]
    matrix: npt.NDArray[np.int64]
    carried: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.int64]
    revisits: npt.NDArray[np.void]
    found: npt.NDArray[np.void]


class _Day(NamedTuple):
    bars: npt.NDArray[np.void]
    found: npt.NDArray[np.void]
    rows: npt.NDArray[np.int64]


@inner
def _cut_day(w: Any) -> _Day:
    return _Day(
        w[w[1] : w[2]].view(JUDGED),
        w[w[2] : w[3]].view(FOUND),
        w[w[3] : w[4]].reshape((-1, 2)),
    )


@inner
def _cut(w: Any) -> _Join:
    return _Join(
        w[w[0] : w[1]].view(JOIN),
        w[w[1] : w[2]].view(RULES),
        w[w[2] : w[3]].reshape((-1, REGIMES)),
        w[w[3] : w[4]].reshape((-1, 3)),
        w[w[4] : w[5]].reshape((-1, 3)),
        w[w[5] : w[6]].reshape((-1, 4)),
        w[w[6] : w[7]].view(FOUND),
        w[w[7] : w[8]].view(FOUND),
    )


@inner
def _first_bar(rows: Any, row: int, never: int) -> int:
    """The first bar that traded in a row."""
    left, right = 0, len(rows)
    while left < right:
        middle = (left + right) // 2
        if rows[middle, 0] < row:
            left = middle + 1
        else:
            right = middle
    return int(rows[left, 1]) if left < len(rows) and rows[left, 0] == row else never


@inner
def _revisit_carried(b: int, carried: Any, count: int, found: Any, n: int) -> Any:
    """Report and forget the carried levels that bar `b` revisits; (n, levels left)."""
    kept = 0
    for k in range(count):
        if carried[k, 2] == b:
            n = revisit(carried[k, 0], carried[k, 1], found, n)
            continue
        if kept < k:  # most bars revisit none
            carried[kept] = carried[k]
        kept += 1
    return n, kept


@inner
def _drop_oldest(carried: Any, count: int, room: int) -> int:
    """Forget what there is no room for; how many are left."""
    beyond = max(count - room, 0)
    for k in range(beyond, count if beyond else 0):
        carried[k - beyond] = carried[k]
    return count - beyond


@inner
def _list(own: Any, revisits: Any, found: Any, n: int) -> int:
    """Put a bar's patterns into `found`, in their order."""
    k = 0
    while k < len(own) and own[k].pattern != REVISITED:
        found[n] = own[k]
        n, k = n + 1, k + 1
    for each in range(len(revisits)):
        found[n] = revisits[each]
        n += 1
    while k < len(own):
        found[n] = own[k]
        n, k = n + 1, k + 1
    return n


@njit
def join(day_words: Any, words: Any) -> None:
    """Go through a day's bars with what is carried in, and route what each found. Patterns are
    listed for wanted bars, which are few; of the others they are counted."""
    day, t = _cut_day(day_words), _cut(words)
    asked, rules = t.head[0], t.rules[0]
    last = len(day.bars) - 1
    for k in range(asked.carried):
        t.carried[k, 2] = _first_bar(day.rows, t.carried[k, 0] // rules.row_ticks, last + 1)
    asked.before = asked.found = asked.approved = asked.wanted = 0
    n = first = 0
    for b in range(last + 1):
        if b == last:
            asked.before = asked.carried
            t.before[: asked.before] = t.carried[: asked.before]
        bar = day.bars[b]
        met, left = _revisit_carried(b, t.carried, asked.carried, t.revisits, 0)
        asked.carried = _drop_oldest(t.carried, left, rules.unfinished_memory - bar.unfinished)
        own, revisits = day.found[first : bar.found], t.revisits[:met]
        first = bar.found
        approved = count_approved(own, bar, t.matrix, rules)
        approved += count_approved(revisits, bar, t.matrix, rules)
        asked.found += len(own) + met
        asked.approved += approved
        if approved and asked.entries_from <= bar.end < asked.entries_to:
            start, n = n, _list(own, revisits, t.found, n)
            route(t.found[start:n], n - start, day.bars[b : b + 1], t.matrix, rules)
            wanted = t.wanted[asked.wanted]
            # One that is left open by its last trade ends with the day, which is after the hours.
            wanted[0], wanted[1], wanted[2], wanted[3] = b, bar.ticks - asked.filled, start, n
            asked.wanted += 1


class JoinedDay(NamedTuple):
    """A day's signals are counted; `wanted` are the bars with approved signals that end in the
    hours for entries: (bar, tick, ...). A bar of time closes before that tick is taken, any other
    one with it, and what the day's last tick left open later. The memory is that after the day's
    last bar, and `before` the one that the last tick left open."""

    signals: int
    approved: int
    wanted: list[list[int]]
    before: Memory
    memory: Memory


class Joiner:
    """Joins one day after the other; what `signals` reads is the last one's."""

    def __init__(self, config: EngineConfig) -> None:
        self._reader = SignalReader(config)
        self._memory = config.patterns.unfinished_memory
        self._rules = compiled_rules(config).view(np.int64)
        self._matrix = compiled_matrix(config).ravel()
        self._filled = config.bars.kind != "time"
        self._room = (-1, -1)
        self._analysis: DayAnalysis
        self._hold(0, 0)

    def _hold(self, bars: int, found: int) -> None:
        """Room for a day of so many bars and patterns."""
        if bars <= self._room[0] and found <= self._room[1]:
            return
        bars, found = self._room = max(2 * bars, 512), max(2 * found, 4096)
        memory = self._memory
        sizes = (
            JOIN.itemsize // 8, len(self._rules), len(self._matrix),
            3 * memory, 3 * memory, 4 * bars,
            memory * FOUND.itemsize // 8, found * FOUND.itemsize // 8,
        )  # fmt: skip
        starts = np.cumsum([len(sizes) + 1, *sizes])
        self._words: Words = np.zeros(starts[-1], np.int64)
        self._words[: len(starts)] = starts
        self._tables = _cut(self._words)
        self._tables.rules.view(np.int64)[:] = self._rules
        self._tables.matrix.ravel()[:] = self._matrix
        self._found = memoryview(self._tables.found.view(np.int64))  # type: ignore[arg-type]

    def newest(self, levels: Memory) -> Memory:
        """Those that there is room for."""
        return levels[-self._memory :]

    def join(self, analysis: DayAnalysis, day: TradingDay, carried: Memory) -> JoinedDay:
        """The day after levels were carried in, at most as many as there is room for."""
        self._hold(len(analysis.bars), len(analysis.found) + self._memory)
        self._analysis = analysis
        t = self._tables
        t.head[0] = (day.entries_from, day.entries_to, self._filled, len(carried), 0, 0, 0, 0)
        if carried:
            t.carried[: len(carried), :2] = carried
        join(analysis.words, self._words)
        _, _, _, left, before, found, approved, wanted = t.head[0].tolist()
        memory = _levels(t.carried[:left], analysis.unfinished)
        return JoinedDay(
            signals=found,
            approved=approved,
            wanted=t.wanted[:wanted].tolist(),
            before=_levels(t.before[:before], analysis.unfinished_before),
            memory=memory,
        )

    def signals(self, wanted: list[int]) -> list[Signal]:
        """The approved signals of a wanted bar."""
        index, _, first, end = wanted
        start, ends, *_, regime, reason, confidence = self._analysis.bars[index].tolist()
        found = self._found[first * FOUND_WORDS : end * FOUND_WORDS]
        return self._reader.read(
            index, start, ends, (regime, reason, confidence), found, approved_only=True
        )


FOUND_WORDS: Final = FOUND.itemsize // 8


def _levels(carried: npt.NDArray[np.int64], own: npt.NDArray[np.int64]) -> Memory:
    held = [*carried[:, :2].tolist(), *own.tolist()]
    return tuple((price, side) for price, side in held)
