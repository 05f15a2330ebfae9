"""The tables that a bar's close reads and writes, kept in one array of 64-bit words.

A call into compiled code pays for each array that it is given: so plain code hands over the words,
and either side cuts the tables out of them. Plain code reads records through `layout`: one call
gives a record's numbers, where numpy looks up every field by its name.
"""

from collections.abc import Iterable
from itertools import accumulate
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.compiled import inner
from engine.indicators import HISTORY
from engine.names import Pattern, Regime
from engine.patterns import FOUND
from engine.regime import READING
from engine.rules import RULES

BAR: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "start", "end", "open", "high", "low", "close", "volume", "buy_volume", "sell_volume",
            "delta", "min_delta", "max_delta", "cum_delta", "trades", "poc", "vah", "val",
            "notional", "session_notional", "session_volume", "session_reference",
        )
    ]
    + [("session_squares", np.float64)]
)  # fmt: skip
SESSION: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "opened", "closes", "bars",
            "notional", "volume", "day_volume", "cum_delta",
            "remembered", "found", "traded", "buys", "sells", "approved", "wanted_from",
            "reference", "logged_levels",
        )
    ]
    + [("squares", np.float64)]
)  # fmt: skip
"""Open and close of the session; how many bars the day has; sums since the session's open
(notional, volume, squares around the reference price) and since the day's start; how many
unfinished levels are remembered; of the last bar: patterns found, levels traded, rows with buy and
sell imbalances (these three only where it is told of), signals approved; where bars are logged, how
many levels the log has. `scan_bars` stops at a bar with approved signals that ends from
`wanted_from` on."""


class Tables(NamedTuple):
    """Arrays of one record are written `[0]`. Those from `bar` on hold the last closed bar."""

    history: npt.NDArray[np.void]
    session: npt.NDArray[np.void]
    memory: npt.NDArray[np.int64]  # unfinished levels
    rules: npt.NDArray[np.void]
    matrix: npt.NDArray[np.int64]
    news: npt.NDArray[np.int64]  # [n, 2] windows
    bar: npt.NDArray[np.void]
    reading: npt.NDArray[np.void]
    log: npt.NDArray[np.void]  # the day's BARs; without room there is no log
    log_ends: npt.NDArray[np.int64]  # [n, 2] good ticks when the bar closed; where its levels end
    log_levels: npt.NDArray[np.int64]  # dense, one bar's behind the other's
    levels: npt.NDArray[np.int64]  # dense, from the bar's low
    marks: npt.NDArray[np.float64]  # [2, rows] ratios of buy and sell imbalances
    found: npt.NDArray[np.void]
    traded: npt.NDArray[np.int64]  # [n, 4] as published
    marked: npt.NDArray[np.int64]  # [2, rows] prices of buy and sell imbalances


Words = npt.NDArray[np.int64]
REGIMES: Final = len(Regime)
OTHER_PATTERNS: Final = 16  # records of a bar that are not stacks or revisits, and some room
KEPT: Final = 11
"""Tables that a bar's close goes on from, rules, the last bar and the log; the others it only
writes."""


def new_words(bars: int, unfinished: int, news: int, levels: int, log: int = 0) -> Words:
    """Tables of zeros for so many bars of a day, remembered levels, windows, and prices of a bar;
    with `log` for a log of bars with so many levels in all.

    The words begin with where each table starts, and where all end.
    """
    found = levels + unfinished + OTHER_PATTERNS
    logged = bars if log else 0
    sizes = (
        bars * _words(HISTORY), _words(SESSION), 2 * unfinished, _words(RULES),
        (len(Pattern) + 1) * REGIMES, 2 * news, _words(BAR), _words(READING),
        logged * _words(BAR), 2 * logged, 3 * log,
        3 * levels, 2 * levels, found * _words(FOUND), 4 * levels, 2 * levels,
    )  # fmt: skip
    starts = list(accumulate(sizes, initial=len(sizes) + 1))
    words = np.zeros(starts[-1], np.int64)
    words[: len(starts)] = starts
    return words


def joined(parts: Iterable[npt.NDArray[Any]]) -> Words:
    """Arrays of 64-bit numbers as words, one behind the other; they begin with where each starts,
    and where all end."""
    plain = [np.ascontiguousarray(part).view(np.int64).ravel() for part in parts]
    starts = np.cumsum([len(plain) + 1, *map(len, plain)])
    return np.concatenate([starts, *plain])


def _words(record: npt.DTypeLike) -> int:
    return np.dtype(record).itemsize // 8


@inner
def cut(words: Any) -> Tables:
    """The tables in `words`: what is written to one is written to the other."""
    w = words
    return Tables(
        w[w[0] : w[1]].view(HISTORY),
        w[w[1] : w[2]].view(SESSION),
        w[w[2] : w[3]].reshape((-1, 2)),
        w[w[3] : w[4]].view(RULES),
        w[w[4] : w[5]].reshape((-1, REGIMES)),
        w[w[5] : w[6]].reshape((-1, 2)),
        w[w[6] : w[7]].view(BAR),
        w[w[7] : w[8]].view(READING),
        w[w[8] : w[9]].view(BAR),
        w[w[9] : w[10]].reshape((-1, 2)),
        w[w[10] : w[11]].reshape((-1, 3)),
        w[w[11] : w[12]].reshape((-1, 3)),
        w[w[12] : w[13]].view(np.float64).reshape((2, -1)),
        w[w[13] : w[14]].view(FOUND),
        w[w[14] : w[15]].reshape((-1, 4)),
        w[w[15] : w[16]].reshape((2, -1)),
    )


def layout(record: npt.DTypeLike) -> Struct:
    """Reads a record of 64-bit fields; a field of several numbers gives them one by one."""
    fields = [kind for kind, *_ in (np.dtype(record).fields or {}).values()]
    codes = {np.dtype(np.int64): "q", np.dtype(np.float64): "d"}
    return Struct("".join(f"{kind.itemsize // 8}{codes[kind.base]}" for kind in fields))
