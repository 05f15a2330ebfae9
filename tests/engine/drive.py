"""An engine driven by hand: bars as pictures, trades one by one, times in seconds of the day.

`easy` makes every bar VOLATILE and lets single imbalances trade in it at size 1, so that a test
decides with one picture what the engine does: `BUY_BAR` enters long, `SELL_BAR` short.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.commands import Command, HaltTrading, ReportLink
from engine.config import EngineConfig, RegimeRules, RouterRules, engine_config, fill_profile
from engine.engine import Engine
from engine.events import (
    Bar,
    BarClosed,
    DayStarted,
    Decision,
    Event,
    Fill,
    Filled,
    LargeTrade,
    LevelGone,
    LevelMade,
    LevelTouched,
    OrderAmend,
    OrderCancel,
    OrderIntent,
    OrderUpdate,
    PositionOpened,
    SignalDetected,
    Sweep,
    TradeClosed,
)
from engine.events import Trade as ClosedTrade
from engine.money import UNITS
from engine.names import Pattern, Regime
from engine.ticks import NONE, NS
from tests.oracle.days import ALL_DAY, DAY, HOUR, Days
from tests.oracle.ladder import Tick, ladder, tick_array

DAY_0 = 20_000 * DAY
"""2024-10-04, midnight UTC."""
BAR = 300

BUY_BAR = """
    4801 | 0 x 40
    4800 | 1 x  0
"""
SELL_BAR = """
    4801 |  0 x 1
    4800 | 40 x 0
"""
BOTH_BAR = """
    4803 |  0 x  1
    4802 | 40 x  0
    4801 |  0 x 40
    4800 |  1 x  0
"""
QUIET_BAR = "4800 | 1 x 1"
EASY_PATTERNS = (
    Pattern.BUY_IMBALANCE,
    Pattern.SELL_IMBALANCE,
    Pattern.STACKED_BUY_IMBALANCE,
    Pattern.STACKED_SELL_IMBALANCE,
)

FEE = 225 * UNITS // 100
TICK = 1250 * UNITS // 100
SESSION = Days(0, HOUR // 2, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR)


def easy(symbol: str = "ES", profile: str = "honest", **risk: Any) -> EngineConfig:
    """A configuration in which pictures trade; keyword arguments are risk rules."""
    config = engine_config(
        symbol,
        fills=fill_profile(profile),
        regime=RegimeRules(
            min_bars=1, after_open_s=0, before_close_s=0, min_volume_ratio=0, winning_score=99
        ),
        router=RouterRules(
            matrix=dict.fromkeys(EASY_PATTERNS, (Regime.VOLATILE,)),
            min_strength=0,
            min_confidence=0,
        ),
    )
    return replace(config, risk=replace(config.risk, **{"stale_s": 86_400, **risk}))


def of(kind: type, events: Sequence[Event]) -> list[Any]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


SHOWN = (
    BarClosed, SignalDetected, LevelMade, LevelTouched, LevelGone, LargeTrade, Sweep,
    Decision, OrderIntent, OrderAmend, OrderCancel, OrderUpdate, Filled, PositionOpened,
)  # fmt: skip


def acted(events: Sequence[Event]) -> list[Event]:
    """What a quiet engine says too: what became of the account, without what is only shown."""
    return [
        replace(event, carry=replace(event.carry, levels=()))
        if isinstance(event, DayStarted)
        else event
        for event in events
        if not isinstance(event, SHOWN)
    ]


class Driven:
    """An engine and everything that it said. The line to a broker is there from the start."""

    def __init__(
        self, config: EngineConfig | None = None, days: Days = ALL_DAY, **options: Any
    ) -> None:
        self.engine = Engine(config or easy(), days, **options)
        if not options.get("simulated", True):
            self.engine.command(ReportLink(id="link", ts=0, up=True))
        self.events: list[Event] = []

    def take(self, events: Sequence[Event]) -> list[Event]:
        self.events += events
        return list(events)

    def push(self, ticks: list[Tick]) -> list[Event]:
        return self.take(self.engine.push(tick_array(ticks)))

    def bar(self, picture: str, number: int = 0, day: int = 0) -> list[Event]:
        """The trades of a bar of the day; it is still open then."""
        return self.push(ladder(picture, at(number * BAR, day)))

    def trade(self, second: float, *prices: int, day: int = 0) -> list[Event]:
        """Trades of one lot and no side, a nanosecond apart."""
        start = at(second, day)
        return self.push([(start + i, price, 1, NONE) for i, price in enumerate(prices)])

    def beat(self, second: float, day: int = 0) -> list[Event]:
        return self.take(self.engine.beat(at(second, day)))

    def command(self, command: Command) -> list[Event]:
        return self.take(self.engine.command(command))

    def fill(
        self, role: str, price: int, size: int = 1, *, fill_id: str = "", second: float = 0
    ) -> list[Event]:
        """A broker's fill of an order of the newest trade."""
        order = f"{self.trade_id}-{role}"
        fill = Fill(
            id=fill_id or f"{order}-{len(self.events)}", order_id=order,
            ts=at(second), price=price, size=size,
        )  # fmt: skip
        return self.take(self.engine.on_fill(fill))

    def finish(self) -> list[Event]:
        return self.take(self.engine.finish())

    @property
    def trade_id(self) -> str:
        return next(event.trade_id for event in self.events[::-1] if getattr(event, "trade_id", ""))

    def said(self, kind: type) -> list[Any]:
        return of(kind, self.events)

    @property
    def trades(self) -> list[ClosedTrade]:
        return [event.trade for event in self.said(TradeClosed)]

    @property
    def bars(self) -> list[Bar]:
        return [event.bar for event in self.said(BarClosed)]


def at(second: float, day: int = 0) -> int:
    """UTC ns of a second of the day."""
    return DAY_0 + day * DAY + round(second * 1000) * (NS // 1000)


def entered(picture: str = BUY_BAR, config: EngineConfig | None = None, **options: Any) -> Driven:
    """An engine whose entry waits: the picture was the day's first bar, which a beat closed."""
    driven = Driven(config, **options)
    driven.bar(picture)
    driven.beat(BAR)
    return driven


def opened(
    picture: str = BUY_BAR, price: int = 4800, config: EngineConfig | None = None, **options: Any
) -> Driven:
    """An engine with a position, filled by a trade at `price` one second after the first bar."""
    driven = entered(picture, config, **options)
    driven.trade(BAR + 1, price)
    return driven


def ours(engine: Engine, order: str) -> str:
    """An order id of the trade that is open or waiting, if there is one."""
    status = engine.status()
    trade = status.position or status.waiting
    return f"{trade.trade_id}-{order}" if trade else order


def halt(n: int = 1, second: float = 0) -> HaltTrading:
    return HaltTrading(id=f"h{n}", ts=at(second))


def rules_said(driven: Driven) -> list[str]:
    return [decision.rule for decision in driven.said(Decision)]


def asked_back(driven: Driven) -> list[str]:
    """The orders that the broker was asked to take back."""
    return [event.id.rpartition("-")[2] for event in driven.said(OrderCancel)]


def updates(driven: Driven) -> list[tuple[str, str]]:
    return [(update.id[-1], update.status) for update in driven.said(OrderUpdate)]
