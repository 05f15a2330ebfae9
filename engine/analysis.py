"""What is made of a bar when it closes, read from the compiled tables and published as events.

`Analysis` holds the trading day so far; `engine.closing` fills it, one compiled call a bar or many
bars. Nothing here knows orders or money: it depends on ticks and configuration alone.
"""

from typing import Any, Final

import numpy as np

from engine.closing import FORMING, QUIET, TELLING, close_bar, log_has_room
from engine.config import EngineConfig
from engine.events import Bar, RegimeReading, Signal
from engine.footprint import FAR, Ladder, ScanState
from engine.patterns import FOUND
from engine.profile import deviation
from engine.regime import READING, published
from engine.rules import compiled_matrix, compiled_rules
from engine.schedule import TradingDay
from engine.signals import SignalReader
from engine.tables import BAR, KEPT, SESSION, Tables, Words, cut, layout, new_words

FIRST_BARS: Final = 512
FIRST_LEVELS: Final = 256
FIRST_LOG: Final = 16_384
BARS, REMEMBERED, FOUND_COUNT, TRADED, BUYS, SELLS, APPROVED, WANTED_FROM = map(
    (SESSION.names or ()).index,
    ("bars", "remembered", "found", "traded", "buys", "sells", "approved", "wanted_from"),
)
BAR_NUMBERS, READING_NUMBERS = layout(BAR), layout(READING)
BAR_FIGURES: Final = (BAR.names or ())[:-2]
"""Those that are published; the last two are what the session's deviation is computed from."""


class Analysis:
    """The trading day so far: its bars' indicators, the session's sums, remembered levels."""

    def __init__(self, config: EngineConfig, unfinished: tuple[tuple[int, int], ...] = ()) -> None:
        self._config = config
        self._log = 0  # levels that the log of bars has room for; 0: there is none
        self._hold(self._room(FIRST_BARS, FIRST_LEVELS))
        tables = self._tables
        tables.rules[:] = compiled_rules(config)
        tables.matrix[:] = compiled_matrix(config)
        if config.regime.news:
            tables.news[:] = config.regime.news
        kept = unfinished[-config.patterns.unfinished_memory :]
        if kept:
            tables.memory[: len(kept)] = kept
        self._session[REMEMBERED] = len(kept)
        self._session[WANTED_FROM] = FAR
        self._reader = SignalReader(config)

    def _room(self, bars: int, levels: int) -> Words:
        """Empty tables for so many bars of the day, each of up to `levels` prices."""
        unfinished = self._config.patterns.unfinished_memory + 1
        return new_words(bars, unfinished, len(self._config.regime.news), levels, self._log)

    def _grow(self, bars: int, levels: int) -> None:
        """Go on in larger tables."""
        before = self._tables
        self._hold(self._room(bars, levels))
        for old, new in zip(before[:KEPT], self._tables, strict=False):
            new[: len(old)] = old

    def _hold(self, words: Words) -> None:
        """Work on these tables, with views of what plain code reads of them."""
        self.words = words
        self._tables = tables = cut(words)
        self._session, self._bar, self._reading, self._found, self._buys, self._sells = (
            memoryview(table.view(np.int64))
            for table in (
                tables.session, tables.bar, tables.reading, tables.found, *tables.marked,
            )
        )  # fmt: skip

    def keep_log(self) -> None:
        """Log the trading day's bars from now on: they are in `tables`. Nothing is looked for in
        them: that is for later (`engine.day_analysis`)."""
        self._log = FIRST_LOG
        self._grow(len(self._tables.history), len(self._tables.levels))

    @property
    def tables(self) -> Tables:
        """The tables as they are; when they grow there are others."""
        return self._tables

    @property
    def bars(self) -> int:
        """Closed bars of the trading day."""
        count: int = self._session[BARS]
        return count

    @property
    def approved(self) -> int:
        """Approved signals of the last closed bar."""
        count: int = self._session[APPROVED]
        return count

    @property
    def bar_end(self) -> int:
        """End of the last closed bar."""
        _, end, *_ = BAR_NUMBERS.unpack_from(self._bar)
        return int(end)

    @property
    def remembered(self) -> tuple[tuple[int, int], ...]:
        """Unfinished levels (price, +1 high / -1 low), oldest first."""
        held = self._tables.memory[: self._session[REMEMBERED]].tolist()
        return tuple((price, side) for price, side in held)

    def start_day(self, day: TradingDay) -> None:
        """Forget the day before; remembered levels stay."""
        session = self._tables.session
        held = int(session[0]["remembered"])
        session[:] = 0
        session["remembered"] = held
        session["opened"], session["closes"] = day.open, day.close
        session["wanted_from"] = FAR

    def forget_levels(self) -> None:
        """Remembered levels are of a contract that is not traded any more."""
        self._session[REMEMBERED] = 0

    def want(self, since: int) -> None:
        """Bars with approved signals that end from `since` on (UTC ns) stop `scan_bars`."""
        self._session[WANTED_FROM] = since

    def anchor_session(self, state: ScanState, ladder: Ladder) -> None:
        """The session opens now: its VWAP starts here, even within the open bar."""
        session = self._tables.session
        for name in ("notional", "volume", "squares"):
            session[name] = 0
        if state.trades:
            self._fit(state)
            close_bar(state.array, ladder, self.words, FORMING)
            session, bar = self._tables.session, self._tables.bar
            session["reference"] = bar["session_reference"]
            for name in ("notional", "volume", "squares"):
                session[name] = -bar[f"session_{name}"]

    def close(self, state: ScanState, ladder: Ladder, telling: bool) -> int:
        """Close the open bar; the number of approved signals. `bar` is for those who are `telling`
        of it."""
        self._fit(state)
        how = TELLING if telling else QUIET
        approved: int = close_bar(state.array, ladder, self.words, how)
        return approved

    def fit(self, bars: int, levels: int) -> None:
        """Make room for days of so many bars, each of up to `levels` prices."""
        has = len(self._tables.history), len(self._tables.levels)
        if bars > has[0] or levels > has[1]:
            self._grow(max(bars, has[0]), max(levels, has[1]))

    def _fit(self, state: ScanState) -> None:
        """Make room for the open bar."""
        bars, levels = len(self._tables.history), len(self._tables.levels)
        width = state.high - state.low + 1
        if self.bars == bars:
            self._grow(2 * bars, levels)
        if width > levels:
            self._grow(len(self._tables.history), 2 * width)
        while self._log and not log_has_room(self.words):
            self._log *= 2
            self._grow(len(self._tables.history), len(self._tables.levels))

    def reading(self) -> RegimeReading:
        """Regime, scores and inputs of the last closed bar."""
        return published(READING_NUMBERS.unpack_from(self._reading), self._reader.reasons)

    def bar(self, reading: RegimeReading, warm_up: bool) -> Bar:
        """The last closed bar as an event's part."""
        return self._published(self.bars - 1, reading=reading, warm_up=warm_up)

    def forming(self, state: ScanState, ladder: Ladder) -> Bar | None:
        """The bar being built, None before its first tick.

        It is written where the last closed bar was; nothing else changes.
        """
        if not state.trades:
            return None
        self._fit(state)
        close_bar(state.array, ladder, self.words, FORMING)
        return self._published(self.bars)

    def _published(self, index: int, **more: Any) -> Bar:
        """The bar that was written last as an event's part."""
        session = self._session
        *figures, reference, squares = BAR_NUMBERS.unpack_from(self._bar)
        named = dict(zip(BAR_FIGURES, figures, strict=True))
        notional, volume = named["session_notional"], named["session_volume"]
        width = deviation(notional, volume, squares, reference) if volume > 0 else None
        return Bar(
            index=index,
            session_deviation=width,
            levels=self._tables.traded[: session[TRADED]].copy(),
            buy_imbalances=tuple(self._buys[: session[BUYS]].tolist()),
            sell_imbalances=tuple(self._sells[: session[SELLS]].tolist()),
            **named,
            **more,
        )

    def approved_signals(self) -> list[Signal]:
        """Those of the last closed bar that were approved."""
        return self.signals(approved_only=True)

    def signals(self, approved_only: bool = False) -> list[Signal]:
        """The last closed bar's signals, in the order of the pattern table."""
        start, end, *_ = BAR_NUMBERS.unpack_from(self._bar)
        number, reason, confidence, *_ = READING_NUMBERS.unpack_from(self._reading)
        found = self._found[: self._session[FOUND_COUNT] * FOUND.itemsize // 8]
        return self._reader.read(
            self.bars - 1, start, end, (number, reason, confidence), found, approved_only
        )
