"""What the account did, day by day: the engine's events become `DayDone`.

An event belongs to the trading day that its time is in, whenever it was said: what became due on a
day without a tick after it is said with the next day's first one. So a day is closed when the day
after it was run, or the data ended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from backtests.outcome import DayDone, TradeDone
from backtests.slippage import slippage
from engine.config import EngineConfig
from engine.events import Carry, Event, Halted, Resumed, TierChanged, TradeClosed


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRun:
    """What was run of a day, and what its analysis found. `start`: UTC ns."""

    day: date
    start: int
    contract: str
    ticks: int
    dropped: int
    bars: int
    signals: int
    approved: int
    synthetic: bool
    inferred: bool


@dataclass(slots=True)
class _Open:
    """The day that events still go to."""

    run: DayRun
    opening: int
    trades: list[TradeDone] = field(default_factory=list)
    halts: list[tuple[int, str, str]] = field(default_factory=list)
    lifted: list[tuple[int, str, str]] = field(default_factory=list)
    tiers: list[tuple[int, str, str]] = field(default_factory=list)


class Ledger:
    """Takes each day's events in turn.

    for run, events in days:
        yield from ledger.day(run, events)     # the day before, which is complete now
    yield from ledger.end(engine.finish())     # the last one
    """

    def __init__(self, config: EngineConfig, carry: Carry) -> None:
        self._fills = config.fills
        self._balance, self._peak, self._tier = carry.balance, carry.peak, carry.tier
        self._open: _Open | None = None

    def day(self, run: DayRun, events: Iterable[Event]) -> Iterator[DayDone]:
        """All events since the last call, `run`'s own last."""
        own = []
        for event in events:
            if self._open is not None and event.ts < run.start:
                self._take(self._open, event)
            else:
                own.append(event)
        yield from self._closed()
        self._open = _Open(run, self._balance)
        for event in own:
            self._take(self._open, event)

    def end(self, events: Iterable[Event]) -> Iterator[DayDone]:
        """The data ended, with these events."""
        if self._open is not None:
            for event in events:
                self._take(self._open, event)
        yield from self._closed()

    def _take(self, day: _Open, event: Event) -> None:
        match event:
            case TradeClosed(trade=trade):
                before = trade.balance - trade.pnl_net
                done = TradeDone(
                    day=day.run.day,
                    trade=trade,
                    tier=self._tier,
                    balance_before=before,
                    slippage=slippage(trade, self._fills),
                )
                day.trades.append(done)
                self._balance = trade.balance
                self._peak = max(self._peak, self._balance)
            case TierChanged():
                day.tiers.append((event.ts, event.before, event.after))
                self._tier = event.after
            case Halted():
                day.halts.append((event.ts, event.halt.value, event.reason))
            case Resumed():
                day.lifted.append((event.ts, event.halt.value, event.reason))

    def _closed(self) -> Iterator[DayDone]:
        day, self._open = self._open, None
        if day is None:
            return
        run = day.run
        yield DayDone(
            day=run.day,
            contract=run.contract,
            ticks=run.ticks,
            dropped=run.dropped,
            bars=run.bars,
            signals=run.signals,
            approved=run.approved,
            opening=day.opening,
            closing=self._balance,
            peak=self._peak,
            tier=self._tier,
            synthetic=run.synthetic,
            inferred=run.inferred,
            trades=tuple(day.trades),
            halts=tuple(day.halts),
            lifted=tuple(day.lifted),
            tiers=tuple(day.tiers),
        )
