"""What is made of a bar when it closes, read from the compiled tables and published as events.

`Analysis` holds the trading day so far; `engine.closing` fills it, one compiled call a bar or many
bars. Nothing here knows orders or money: it depends on ticks and configuration alone.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.closing import BAR, SESSION, Tables, close_bar, measure, rows_of
from engine.config import EngineConfig
from engine.events import Bar, RegimeReading, Signal
from engine.footprint import FAR, Ladder, ScanState, read_levels, sparse_levels
from engine.indicators import HISTORY
from engine.names import Pattern, Regime
from engine.patterns import FOUND, details_of
from engine.patterns.imbalance import mark, marked_prices
from engine.profile import deviation, spread
from engine.regime import READING, no_trade_reason, published
from engine.router import rejection
from engine.rules import compiled_matrix, compiled_rules
from engine.schedule import TradingDay

OTHER_PATTERNS: Final = 16  # records of a bar that are not stacks or revisits, and some room
FIRST_BARS: Final = 512
FIRST_LEVELS: Final = 256
BARS, REMEMBERED, FOUND_COUNT, ROWS, APPROVED, WANTED_FROM = (
    (SESSION.names or ()).index(name)
    for name in ("bars", "remembered", "found", "rows", "approved", "wanted_from")
)


class Analysis:
    """The trading day so far: its bars' indicators, the session's sums, remembered levels."""

    def __init__(self, config: EngineConfig, unfinished: tuple[tuple[int, int], ...] = ()) -> None:
        self._config = config
        memory = np.zeros((config.patterns.unfinished_memory + 1, 2), np.int64)
        kept = unfinished[-config.patterns.unfinished_memory :]
        memory[: len(kept)] = np.array(kept, np.int64).reshape(-1, 2)
        self.tables = Tables(
            history=np.zeros(FIRST_BARS, HISTORY),
            session=np.zeros(1, SESSION),
            memory=memory,
            rules=compiled_rules(config),
            matrix=compiled_matrix(config),
            news=np.array(config.regime.news, np.int64).reshape(-1, 2),
            bar=np.zeros(1, BAR),
            reading=np.zeros(1, READING),
            levels=np.zeros((0, 3), np.int64),
            marks=np.zeros((2, 0)),
            found=np.zeros(0, FOUND),
        )
        self._session = memoryview(self.tables.session.view(np.int64))  # type: ignore[arg-type]
        self._session[REMEMBERED] = len(kept)
        self._session[WANTED_FROM] = FAR
        self._make_room(FIRST_LEVELS)

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
        return int(self.tables.bar[0]["end"])

    @property
    def remembered(self) -> tuple[tuple[int, int], ...]:
        """Unfinished levels (price, +1 high / -1 low), oldest first."""
        held = self.tables.memory[: self._session[REMEMBERED]].tolist()
        return tuple((price, side) for price, side in held)

    def start_day(self, day: TradingDay) -> None:
        """Forget the day before; remembered levels stay."""
        session = self.tables.session
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
        session = self.tables.session
        for name in ("notional", "volume", "squares"):
            session[name] = 0
        if state.trades:
            total = self._open_levels(state, ladder).sum(axis=1)
            prices = np.arange(state.low, state.high + 1, dtype=np.int64)
            session["reference"] = state.low
            session["notional"] = -int((total * prices).sum())
            session["volume"] = -state.volume
            session["squares"] = -spread(total, state.low, state.low)

    def close(self, state: ScanState, ladder: Ladder) -> int:
        """Close the open bar; the number of approved signals."""
        if self.bars == len(self.tables.history):
            longer = np.concatenate([self.tables.history, np.zeros_like(self.tables.history)])
            self.tables = self.tables._replace(history=longer)
        count = state.high - state.low + 1
        if count > len(self.tables.levels):
            self._make_room(2 * count)
        approved: int = close_bar(state.array, ladder, self.tables)
        return approved

    @staticmethod
    def _open_levels(state: ScanState, ladder: Ladder) -> npt.NDArray[np.int64]:
        """Dense levels of the open bar, a copy."""
        levels = np.zeros((state.high - state.low + 1, 3), np.int64)
        read_levels(state.array, ladder, levels)
        return levels

    def _make_room(self, levels: int) -> None:
        """Tables for the results of bars of up to `levels` prices."""
        found = levels + len(self.tables.memory) + OTHER_PATTERNS
        self.tables = self.tables._replace(
            levels=np.zeros((levels, 3), np.int64),
            marks=np.zeros((2, levels)),
            found=np.zeros(found, FOUND),
        )

    @property
    def regime(self) -> Regime:
        """Of the last closed bar."""
        return Regime(int(self.tables.reading[0]["regime"]))

    @property
    def confidence(self) -> float:
        """Of the last closed bar's regime."""
        return float(self.tables.reading[0]["confidence"])

    def reading(self) -> RegimeReading:
        """Regime, scores and inputs of the last closed bar."""
        return published(self.tables.reading, self.tables.rules)

    def bar(self, reading: RegimeReading, warm_up: bool) -> Bar:
        """The last closed bar as an event's part."""
        values, step = _values(self.tables.bar), self._config.bars.row_ticks
        low: int = values["low"]
        rows = low // step * step
        levels = self.tables.levels[: values["high"] - low + 1]
        buys, sells = self.tables.marks[:, : self._session[ROWS]]
        return self._published(
            values, levels, self.bars - 1, reading=reading, warm_up=warm_up,
            buy_imbalances=marked_prices(buys, rows, step),
            sell_imbalances=marked_prices(sells, rows, step),
        )  # fmt: skip

    def forming(self, state: ScanState, ladder: Ladder) -> Bar | None:
        """The bar being built, None before its first tick. Changes nothing."""
        if not state.trades:
            return None
        out = np.zeros(1, BAR)
        levels = self._open_levels(state, ladder)
        measure(state.array, levels, self.tables.session, out)
        values, step = _values(out), self._config.bars.row_ticks
        low: int = values["low"]
        bid, ask, _, rows = rows_of(levels, low, step)
        buys, sells = np.empty(len(bid)), np.empty(len(bid))
        rules = self._config.patterns
        mark(bid, ask, rules.ratio, rules.min_volume, buys, sells)
        return self._published(
            values, levels, self.bars,
            buy_imbalances=marked_prices(buys, rows, step),
            sell_imbalances=marked_prices(sells, rows, step),
        )  # fmt: skip

    @staticmethod
    def _published(
        values: dict[str, Any], levels: npt.NDArray[np.int64], index: int, **more: Any
    ) -> Bar:
        reference, squares = values.pop("session_reference"), values.pop("session_squares")
        notional, volume = values["session_notional"], values["session_volume"]
        width = deviation(notional, volume, squares, reference) if volume > 0 else None
        return Bar(
            index=index, levels=sparse_levels(levels, values["low"]),
            session_deviation=width, **values, **more,
        )  # fmt: skip

    def signals(self, approved_only: bool = False) -> list[Signal]:
        """The last closed bar's signals, in the order of the pattern table."""
        start, end, *_ = self.tables.bar[0].item()
        bar_id = str(start) if self._config.bars.kind == "time" else f"{start}.{self.bars - 1}"
        regime, confidence = self.regime, self.confidence
        no_trade = "" if approved_only else no_trade_reason(self.tables.reading, self.tables.rules)
        router = self._config.router
        signals = []
        found = self.tables.found[: self._session[FOUND_COUNT]].tolist()
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
                    id=f"{bar_id}-{k}",
                    ts=end,
                    bar_start=start,
                    pattern=pattern,
                    direction=direction,
                    price=price,
                    strength=strength,
                    details=details_of(pattern, details),
                    regime=regime,
                    confidence=confidence,
                    approved=bool(approved),
                    reason=reason,
                )
            )
        return signals


def _values(bar: npt.NDArray[np.void]) -> dict[str, Any]:
    """A BAR record by name, as Python numbers."""
    return dict(zip(BAR.names or (), bar[0].item(), strict=True))
