"""Why a trade happened: its story, gathered from what the engine said and the ticks it was given.

    teller = Storyteller(config, "paper-20240612-003")
    for block in feed.blocks():
        teller.take(engine.push_columns(block), block)
        if teller.done:
            break
    story = teller.story()

Every input of the engine has to pass, from its first on, with the events it caused; how the ticks
are split makes no difference. The teller computes no decision anew: what it adds to the events is
which trade of the bar completed the pattern, what the price did while the position was held, and
the reasons of the router and the choice in figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.completing import Completion, completion
from engine.config import EngineConfig
from engine.events import (
    Bar,
    BarClosed,
    DayStarted,
    Decision,
    Event,
    Filled,
    Halted,
    OrderUpdate,
    RegimeReading,
    Signal,
    SignalDetected,
    TickDropped,
    TierChanged,
    Trade,
    TradeClosed,
)
from engine.names import Direction, ExitReason, Halt, Regime
from engine.rules import compiled_rules
from engine.ticks import NS, TickColumns, joined, part

P_AND_L: Final = (Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN, Halt.PROFIT_TARGET)
"""Halts that a trade causes."""
NO_TICKS: Final = TickColumns(
    np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int8)
)


Times = npt.NDArray[np.int64]
Prices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An approved signal of the bar, and why it was traded or was not."""

    signal: Signal
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The router's rule for a signal: the pattern's row of the matrix, and what is compared."""

    enabled_in: tuple[Regime, ...]
    bias: int  # of the regime; 0 allows both directions
    min_strength: float
    min_confidence: float
    size_multiplier: Decimal | None  # None where nothing trades


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a regime's confidence came about. Without a winner no score was enough, or NO_TRADE."""

    winner: Regime | None
    best: float
    runner_up: float
    needed: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """The furthest that price went one way while the position was held; `ticks` >= 0 from the
    entry, `ts` when it was there first."""

    price: int
    ts: int
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """`trades` seen while the position was held, from the one that filled the entry on."""

    worst: Excursion
    best: Excursion
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One trade. `happened` are the events of its bracket in order, from the first order on;
    `caused` the halts and tier changes that it brought; `trade` is None until it closed.

    `completion` and `path` are None where the ticks are not known, `config` where it is not.
    """

    trade_id: str
    day: date
    config: EngineConfig | None
    bar: Bar
    signals: tuple[Signal, ...]  # all of the bar
    signal: Signal  # the one traded
    decision: Decision
    completion: Completion | None
    happened: tuple[Event, ...]
    caused: tuple[Halted | TierChanged, ...]
    path: Path | None
    trade: Trade | None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The approved signals, in the order of the pattern table."""
        return tuple(_choice(signal, self.signal) for signal in self.signals if signal.approved)

    @property
    def rejected(self) -> tuple[Signal, ...]:
        """The other signals of the bar; each has its reason."""
        return tuple(signal for signal in self.signals if not signal.approved)


class Storyteller:
    """Listens to an engine (not a quiet one) until it knows one trade from end to end."""

    def __init__(self, config: EngineConfig, trade_id: str) -> None:
        self.trade_id = trade_id
        self.done = False
        self._config = config
        self._day: date | None = None
        self._bars: list[tuple[int, int, int]] = []  # high, low, delta of the day's
        self._bar: Bar | None = None
        self._bar_ticks = 0
        self._signals: list[Signal] = []
        self._decision: Decision | None = None
        self._completion: Completion | None = None
        self._happened: list[Event] = []
        self._caused: list[Halted | TierChanged] = []
        self._trade: Trade | None = None
        self._closing = False  # the trade closed, and what it caused may follow
        self._blocks = [NO_TICKS]  # since the last bar's start; once decided, since that bar's
        self._given = 0
        self._clock = 0

    def take(self, events: Sequence[Event], ticks: TickColumns = NO_TICKS) -> None:
        """An input's events, and the ticks if it was ticks."""
        if self.done:
            return
        self._keep(ticks, events)
        for event in events:
            self._hear(event)
            if self.done:
                break
        self.done = self.done or self._closing

    def story(self) -> Story | None:
        """What is known so far; None while the trade was not decided."""
        decision, bar, day = self._decision, self._bar, self._day
        if decision is None or bar is None or day is None:
            return None
        return Story(
            trade_id=self.trade_id,
            day=day,
            config=self._config,
            bar=bar,
            signals=tuple(self._signals),
            signal=next(one for one in self._signals if one.id == decision.signal_id),
            decision=decision,
            completion=self._completion,
            happened=tuple(self._happened),
            caused=tuple(self._caused),
            path=self._path(),
            trade=self._trade,
        )

    def _keep(self, ticks: TickColumns, events: Sequence[Event]) -> None:
        """The good ones, with their times as the engine took them."""
        if not len(ticks.ts):
            return
        dropped = [e.position - self._given for e in events if isinstance(e, TickDropped)]
        self._given += len(ticks.ts)
        if dropped:
            good = np.ones(len(ticks.ts), np.bool_)
            good[dropped] = False
            ticks = part(ticks, good)
        if len(ticks.ts):
            times = np.maximum.accumulate(np.maximum(ticks.ts, self._clock))
            self._clock = int(times[-1])
            self._blocks.append(ticks._replace(ts=times))

    def _hear(self, event: Event) -> None:
        if self._closing:
            self._hear_end(event)
        elif self._decision is None:
            self._hear_bar(event)
        elif _of_bracket(event, self.trade_id):
            self._happened.append(event)
            if isinstance(event, TradeClosed):
                self._trade, self._closing = event.trade, True
            elif _never_entered(event, self.trade_id) and not self._entered:
                self.done = True
        elif isinstance(event, Halted) and event.halt in P_AND_L:
            self._caused.append(event)

    def _hear_bar(self, event: Event) -> None:
        """Before the trade was decided."""
        match event:
            case DayStarted(day=day):
                self._day = day
                self._bars.clear()
                self._bar = None
            case BarClosed(bar=bar):
                if self._bar is not None:
                    self._bars.append((self._bar.high, self._bar.low, self._bar.delta))
                self._forget(self._bar_ticks)
                self._bar, self._bar_ticks = bar, bar.trades
                self._signals.clear()
            case SignalDetected(signal=signal):
                self._signals.append(signal)
            case Decision() if event.trade_id == self.trade_id:
                self._decision = event
                self._completion = self._complete(event)

    def _hear_end(self, event: Event) -> None:
        """What the trade caused comes right behind its end."""
        mine = isinstance(event, TierChanged) or (
            isinstance(event, Halted) and event.halt in P_AND_L
        )
        if mine and self._trade is not None and event.ts == self._trade.exit_ts:
            self._caused.append(event)  # type: ignore[arg-type]
        else:
            self.done = True

    @property
    def _ticks(self) -> TickColumns:
        """What is kept, in one."""
        if len(self._blocks) > 1:
            self._blocks = [joined(self._blocks)]
        return self._blocks[0]

    def _forget(self, count: int) -> None:
        self._blocks = [part(self._ticks, slice(count, None))]

    def _complete(self, decision: Decision) -> Completion | None:
        bar = self._bar
        signal = next(one for one in self._signals if one.id == decision.signal_id)
        if bar is None:
            return None
        ticks = part(self._ticks, slice(bar.trades))
        return completion(signal, bar, ticks, self._bars, compiled_rules(self._config))

    @property
    def _fills(self) -> list[Filled]:
        return [event for event in self._happened if isinstance(event, Filled)]

    @property
    def _entered(self) -> bool:
        return any(fill.role == "entry" for fill in self._fills)

    def _path(self) -> Path | None:
        trade = self._trade
        if trade is None:
            return None
        ts, price, _, _ = part(self._ticks, slice(self._bar_ticks, None))
        start = int(np.searchsorted(ts, trade.entry_ts))
        end = self._end(ts, price, start + 1, trade)
        way = trade.direction
        prices = [*price[start:end].tolist(), trade.exit_notional // trade.size]
        times = [*ts[start:end].tolist(), trade.exit_ts]
        worst = min(range(len(prices)), key=lambda k: way * prices[k])
        best = max(range(len(prices)), key=lambda k: way * prices[k])
        return Path(
            worst=Excursion(price=prices[worst], ts=times[worst], ticks=trade.mae),
            best=Excursion(price=prices[best], ts=times[best], ticks=trade.mfe),
            trades=end - start,
        )

    def _end(self, ts: Times, price: Prices, first: int, trade: Trade) -> int:
        """Where the ticks end that the position saw: before the one that closed it."""
        if trade.exit_reason is ExitReason.END_OF_DATA:
            return len(ts)
        last = [fill for fill in self._fills if fill.role != "entry"][-1]
        left = max(int(np.searchsorted(ts, trade.exit_ts)), first)
        right = int(np.searchsorted(ts, trade.exit_ts, "right"))
        if last.market is None:
            return left
        return next((k for k in range(left, right) if price[k] == last.market), left)


def routing(signal: Signal, config: EngineConfig) -> Routing:
    """The router's rule that a signal met."""
    rules = config.router
    return Routing(
        enabled_in=tuple(rules.matrix.get(signal.pattern, ())),
        bias=rules.bias.get(signal.regime, 0),
        min_strength=rules.min_strength,
        min_confidence=rules.min_confidence,
        size_multiplier=rules.size_multiplier.get(signal.regime),
    )


def verdict(reading: RegimeReading, config: EngineConfig) -> Verdict:
    """How the reading's regime and confidence came about, in figures and words."""
    scores, needed = reading.scores, config.regime.winning_score
    first = max(range(4), key=lambda k: scores[k])
    best = scores[first]
    second = max(scores[k] for k in range(4) if k != first)
    if reading.regime is Regime.NO_TRADE:
        winner, why = None, f"no trade, whatever the scores: {reading.reason}"
    elif best < needed:
        winner, why = None, f"no score reached {needed:g}, so {reading.regime.name} at 0.5"
    else:
        winner = Regime(first)
        why = f"0.5 + 0.5 x ({best:g} - {second:g}) / {best:g} = {reading.confidence:.2f}"
    return Verdict(winner=winner, best=best, runner_up=second, needed=needed, why=why)


def arrival(decided: int, config: EngineConfig) -> int:
    """When an order decided at a time is at the simulated exchange (UTC ns)."""
    return decided + config.fills.latency_ms * (NS // 1000)


def slippage(fill: Filled) -> int | None:
    """Ticks that a fill is worse than the trade that gave it; negative: better; None: unknown."""
    return None if fill.market is None else fill.side * (fill.fill.price - fill.market)


def _choice(signal: Signal, chosen: Signal) -> Choice:
    if signal.id == chosen.id:
        return Choice(signal=signal, chosen=True, why="the strongest approved signal")
    way = (
        "" if signal.direction == chosen.direction else f", and {Direction(signal.direction).name}"
    )
    if signal.strength < chosen.strength:
        why = f"weaker: {signal.strength:.2f} against {chosen.strength:.2f}{way}"
    else:
        why = f"as strong ({signal.strength:.2f}), but later in the pattern table{way}"
    return Choice(signal=signal, chosen=False, why=why)


def _of_bracket(event: Event, trade_id: str) -> bool:
    """Whether an event is about the trade: it names the trade, or one of its orders."""
    if isinstance(event, TradeClosed):
        return event.trade.id == trade_id
    named = getattr(event, "trade_id", None)
    order = getattr(event, "id", "")
    return named == trade_id or str(order).startswith(f"{trade_id}-")


def _never_entered(event: Event, trade_id: str) -> bool:
    return (
        isinstance(event, OrderUpdate)
        and event.id == f"{trade_id}-E"
        and event.status in ("cancelled", "rejected", "lost")
        and not event.filled
    )
