"""What is made of a bar when it closes: profile, patterns, indicators, regime, routing.

`Analysis` holds the trading day's table of bars and closes one bar in one compiled call; the
events (`bar`, `signals`) are built from the results only when somebody wants them. Nothing here
knows orders or money: it depends on ticks and configuration alone.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine import indicators
from engine.compiled import njit
from engine.config import EngineConfig
from engine.events import Bar, Details, RegimeReading, Signal
from engine.footprint import (
    Ladder,
    ScanState,
    clear_levels,
    read_levels,
    sparse_levels,
)
from engine.indicators import HISTORY
from engine.names import Pattern, Regime
from engine.patterns import DETAILS, FOUND
from engine.patterns.absorption import absorptions
from engine.patterns.divergence import divergences
from engine.patterns.exhaustion import exhaustions
from engine.patterns.imbalance import imbalances, mark, marked_prices
from engine.patterns.unfinished import remember, revisited, unfinished
from engine.profile import point_of_control, value_area
from engine.regime import READING, no_trade_reason, published, read_regime
from engine.router import rejection, route
from engine.rules import compiled_matrix, compiled_rules
from engine.schedule import TradingDay

BAR: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "start", "end", "open", "high", "low", "close", "volume", "buy_volume", "sell_volume",
            "delta", "min_delta", "max_delta", "cum_delta", "trades", "poc", "vah", "val",
            "notional", "session_notional", "session_volume",
        )
    ]
)  # fmt: skip
SESSION: Final = np.dtype(
    [
        (name, np.int64)
        for name in ("notional", "volume", "day_volume", "cum_delta", "remembered", "found", "rows")
    ]
)
"""Sums since the session's open and the day's start; how many unfinished levels are remembered;
how many patterns and rows the last bar had."""
OTHER_PATTERNS: Final = 16  # records of a bar that are not stacks or revisits, and some room


@njit
def _rows(levels: Any, low: int, step: int) -> Any:
    """Bid, ask and total volume of each row, and the lowest row's price."""
    first = low // step
    count = (low + len(levels) - 1) // step - first + 1
    bid = np.zeros(count, np.int64)
    ask = np.zeros(count, np.int64)
    total = np.zeros(count, np.int64)
    for k in range(len(levels)):
        row = (low + k) // step - first
        bid[row] += levels[k, 0]
        ask[row] += levels[k, 2]
        total[row] += levels[k, 0] + levels[k, 1] + levels[k, 2]
    return bid, ask, total, first * step


@njit
def measure(state: Any, levels: Any, session: Any, out: Any) -> None:
    """Fill a BAR record from the open bar; does not change the session's sums."""
    s, b, day = state[0], out[0], session[0]
    total = np.empty(len(levels), np.int64)
    buy = 0
    sell = 0
    notional = 0
    for k in range(len(levels)):
        sell += levels[k, 0]
        buy += levels[k, 2]
        total[k] = levels[k, 0] + levels[k, 1] + levels[k, 2]
        notional += total[k] * (s.low + k)
    poc = point_of_control(total)
    low, high = value_area(total, poc)
    b.start, b.end, b.open, b.close = s.bar_start, s.bar_end, s.open, s.last_price
    b.high, b.low, b.volume, b.trades = s.high, s.low, s.volume, s.trades
    b.buy_volume, b.sell_volume = buy, sell
    b.delta, b.min_delta, b.max_delta = s.delta, s.min_delta, s.max_delta
    b.cum_delta = day.cum_delta + s.delta
    b.poc, b.val, b.vah = s.low + poc, s.low + low, s.low + high
    b.notional = notional
    b.session_notional = day.notional + notional
    b.session_volume = day.volume + s.volume


@njit
def _find(levels: Any, out: Any, history: Any, last: int, session: Any, memory: Any,
          rules: Any, found: Any, marks: Any) -> int:  # fmt: skip
    """All patterns of the bar in row `last`: into `found`, imbalances of its rows into `marks`."""
    b, day, r = out[0], session[0], rules[0]
    step = r.row_ticks
    bid, ask, total, low = _rows(levels, b.low, step)
    day.rows = len(bid)
    buys, sells = marks[0, : len(bid)], marks[1, : len(bid)]
    close_position = 0.5 if b.high == b.low else (b.close - b.low) / (b.high - b.low)
    n = imbalances(bid, ask, low, step, r, buys, sells, found, 0)
    n = exhaustions(bid, ask, low, step, r, found, n)
    n = absorptions(bid, ask, total, low, step, close_position, r, found, n)
    n = divergences(history, last, r, found, n)
    own = n
    n = unfinished(bid, ask, low, step, r, found, n)
    last_own = n
    n, held = revisited(total, low, step, memory, day.remembered, found, n)
    day.remembered = remember(found, own, last_own, memory, held, r.unfinished_memory)
    day.found = n
    return int(n)


@njit
def close_bar(
    state: Any, ladder: Any, history: Any, last: int, session: Any, memory: Any, rules: Any,
    matrix: Any, opened: int, closes: int, news: bool,
    out: Any, reading: Any, room: Any, marks: Any, found: Any,
) -> int:  # fmt: skip
    """Close the open bar into row `last`; how many signals were approved.

    `out`, `reading`, `room` (its dense levels), `marks` and `found` receive the results.
    """
    levels = room[: read_levels(state, ladder, room)]
    clear_levels(state, ladder)
    measure(state, levels, session, out)
    b, day, row = out[0], session[0], history[last]
    day.notional, day.volume = b.session_notional, b.session_volume
    day.cum_delta = b.cum_delta
    day.day_volume += b.volume
    row.high, row.low, row.close = b.high, b.low, b.close
    row.volume, row.delta, row.cum_delta = b.volume, b.delta, b.cum_delta
    indicators.step(history, last, rules[0])
    read_regime(
        history, last, day.notional, day.volume, day.day_volume,
        b.end - opened, closes - b.end, news, rules[0], reading,
    )  # fmt: skip
    n = _find(levels, out, history, last, session, memory, rules, found, marks)
    state[0].trades = 0
    return int(route(found, n, reading, matrix, rules[0]))


class Analysis:
    """The trading day so far: its bars' indicators, the session's sums, remembered levels."""

    def __init__(self, config: EngineConfig, unfinished: tuple[tuple[int, int], ...] = ()) -> None:
        self._config = config
        self._rules = compiled_rules(config)
        self._matrix = compiled_matrix(config)
        self._memory = np.zeros((config.patterns.unfinished_memory + 1, 2), np.int64)
        self._session = np.zeros(1, SESSION)
        self._out = np.zeros(1, BAR)
        self._reading = np.zeros(1, READING)
        self._history = np.zeros(512, HISTORY)
        self.bars = 0
        self._make_room(256)
        kept = unfinished[-config.patterns.unfinished_memory :]
        for k, (price, side) in enumerate(kept):
            self._memory[k] = price, side
        self._session["remembered"] = len(kept)

    @property
    def remembered(self) -> tuple[tuple[int, int], ...]:
        """Unfinished levels (price, +1 high / -1 low), oldest first."""
        held = self._memory[: self._session[0]["remembered"]].tolist()
        return tuple((price, side) for price, side in held)

    def start_day(self) -> None:
        """Forget the day before; remembered levels stay."""
        self.bars = 0
        held = int(self._session[0]["remembered"])
        self._session[:] = 0
        self._session["remembered"] = held

    def anchor_session(self, state: ScanState, ladder: Ladder) -> None:
        """The session opens now: its VWAP starts here, even within the open bar."""
        notional = volume = 0
        if state.trades:
            levels = self._open_levels(state, ladder)
            prices = np.arange(state.low, state.high + 1, dtype=np.int64)
            notional = int((levels.sum(axis=1) * prices).sum())
            volume = state.volume
        self._session["notional"], self._session["volume"] = -notional, -volume

    def close(self, state: ScanState, ladder: Ladder, day: TradingDay) -> int:
        """Close the open bar; the number of approved signals."""
        if self.bars == len(self._history):
            self._history = np.concatenate([self._history, np.zeros_like(self._history)])
        count = state.high - state.low + 1
        if count > len(self._levels):
            self._make_room(2 * count)
        windows = self._config.regime.news
        news = bool(windows) and any(a <= state.bar_end < b for a, b in windows)
        approved: int = close_bar(
            state.array, ladder, self._history, self.bars, self._session, self._memory, self._rules,
            self._matrix, day.open, day.close, news,
            self._out, self._reading, self._levels, self._marks, self._found,
        )  # fmt: skip
        self.bars += 1
        return approved

    @staticmethod
    def _open_levels(state: ScanState, ladder: Ladder) -> npt.NDArray[np.int64]:
        """Dense levels of the open bar, a copy."""
        levels = np.zeros((state.high - state.low + 1, 3), np.int64)
        read_levels(state.array, ladder, levels)
        return levels

    def _make_room(self, levels: int) -> None:
        """Buffers for the results of bars of up to `levels` prices."""
        self._levels = np.zeros((levels, 3), np.int64)
        self._marks = np.zeros((2, levels))
        self._found = np.zeros(levels + len(self._memory) + OTHER_PATTERNS, FOUND)

    @property
    def regime(self) -> Regime:
        """Of the last closed bar."""
        return Regime(int(self._reading[0]["regime"]))

    @property
    def confidence(self) -> float:
        """Of the last closed bar's regime."""
        return float(self._reading[0]["confidence"])

    def reading(self) -> RegimeReading:
        """Regime, scores and inputs of the last closed bar."""
        return published(self._reading, self._rules)

    def bar(self, reading: RegimeReading, warm_up: bool) -> Bar:
        """The last closed bar as an event's part."""
        low, step = int(self._out[0]["low"]), self._config.bars.row_ticks
        rows = low // step * step
        levels = self._levels[: int(self._out[0]["high"]) - low + 1]
        buys, sells = self._marks[:, : int(self._session[0]["rows"])]
        return self._published(
            self._out, levels, self.bars - 1, reading=reading, warm_up=warm_up,
            buy_imbalances=marked_prices(buys, rows, step),
            sell_imbalances=marked_prices(sells, rows, step),
        )  # fmt: skip

    def forming(self, state: ScanState, ladder: Ladder) -> Bar | None:
        """The bar being built, None before its first tick. Changes nothing."""
        if not state.trades:
            return None
        out = np.zeros(1, BAR)
        levels = self._open_levels(state, ladder)
        measure(state.array, levels, self._session, out)
        low, step = int(out[0]["low"]), self._config.bars.row_ticks
        bid, ask, _, rows = _rows(levels, low, step)
        buys, sells = np.empty(len(bid)), np.empty(len(bid))
        rules = self._config.patterns
        mark(bid, ask, rules.ratio, rules.min_volume, buys, sells)
        return self._published(
            out, levels, self.bars,
            buy_imbalances=marked_prices(buys, rows, step),
            sell_imbalances=marked_prices(sells, rows, step),
        )  # fmt: skip

    @staticmethod
    def _published(
        out: npt.NDArray[np.void], levels: npt.NDArray[np.int64], index: int, **more: Any
    ) -> Bar:
        values = dict(zip(BAR.names or (), out[0].item(), strict=True))
        return Bar(index=index, levels=sparse_levels(levels, values["low"]), **values, **more)

    def signals(self, approved_only: bool = False) -> list[Signal]:
        """The last closed bar's signals, in the order of the pattern table."""
        start, end = int(self._out[0]["start"]), int(self._out[0]["end"])
        regime, confidence = self.regime, self.confidence
        no_trade = no_trade_reason(self._reading, self._rules)
        router = self._config.router
        signals = []
        found = self._found[: int(self._session[0]["found"])].tolist()
        for k, (number, direction, price, strength, details, approved, rule) in enumerate(found):
            if approved_only and not approved:
                continue
            pattern = Pattern(number)
            reason = rejection(
                rule, pattern, direction, strength, regime, confidence,
                router.min_strength, router.min_confidence, no_trade,
            )  # fmt: skip
            signals.append(
                Signal(
                    id=f"{start}-{k}",
                    ts=end,
                    bar_start=start,
                    pattern=pattern,
                    direction=direction,
                    price=price,
                    strength=strength,
                    details=_details(pattern, details),
                    regime=regime,
                    confidence=confidence,
                    approved=bool(approved),
                    reason=reason,
                )
            )
        return signals


def _details(pattern: Pattern, values: Any) -> Details:
    details: Details = {}
    for (name, kind), value in zip(DETAILS[pattern], values, strict=False):
        if kind == "x":
            details[name] = float(value)
        elif kind == "side":
            details[name] = "high" if value > 0 else "low"
        else:
            details[name] = int(value)
    return details
