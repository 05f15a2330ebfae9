"""What came of a backtest, exact: prices in ticks, money in units (`engine.money`), UTC ns."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from backtests.plan import Plan
from engine.events import Trade
from engine.instruments import Instrument, instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeDone:
    """A closed trade with what the account was then. `slippage` (units, >= 0) is what its fills
    cost against the prices they would have had without (`backtests.slippage`); it is part of the
    gross P&L already. `tier` and `balance_before` are those at the entry."""

    day: date
    trade: Trade
    tier: str
    balance_before: int
    slippage: int = 0

    @property
    def net(self) -> int:
        """Net P&L, units."""
        return self.trade.pnl_net

    @property
    def instrument(self) -> Instrument:
        """What was traded: the feed's, or a sibling that the tier trades."""
        return instrument(self.trade.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDone:
    """One trading day.

    `opening` and `closing` are balances; `halts` and `lifted` (ts, halt, reason) and `tiers` (ts,
    before, after) are in the order in which they happened. `signals` counts what was found,
    `approved` what the regime filter let through. `synthetic` and `inferred` (aggressor sides) are
    the ticks'.
    """

    day: date
    contract: str
    ticks: int
    dropped: int
    bars: int
    signals: int
    approved: int
    opening: int
    closing: int
    peak: int
    tier: str
    synthetic: bool = False
    inferred: bool = False
    trades: tuple[TradeDone, ...] = ()
    halts: tuple[tuple[int, str, str], ...] = ()
    lifted: tuple[tuple[int, str, str], ...] = ()
    tiers: tuple[tuple[int, str, str], ...] = ()

    @property
    def net(self) -> int:
        """The day's change of balance, units."""
        return self.closing - self.opening


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A finished, or with `stopped` an interrupted, backtest: `days` are those that were run.

    `data_digest` names the ticks, `code` the version of what analysed and traded them.
    """

    plan: Plan
    days: tuple[DayDone, ...]
    data_digest: str
    code: str
    stopped: bool = False

    @cached_property
    def trades(self) -> tuple[TradeDone, ...]:
        """All of them, in the order in which they closed."""
        return tuple(done for day in self.days for done in day.trades)

    @property
    def opening(self) -> int:
        """The balance it began with, units."""
        return self.days[0].opening if self.days else 0

    @property
    def closing(self) -> int:
        """The balance it ended with, units."""
        return self.days[-1].closing if self.days else 0

    @property
    def ticks(self) -> int:
        """Good ticks of all days."""
        return sum(day.ticks for day in self.days)


@dataclass(slots=True)
class Progress:
    """How far a run is; whoever shows it reads it. `kept` days had their analysis cached."""

    days: int
    done: int = 0
    kept: int = 0
    ticks: int = 0
    day: date | None = None
    notes: list[str] = field(default_factory=list)
