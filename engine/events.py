"""What the engine says. Every event carries `ts`, the event time (UTC ns) at which it happened.

Prices are ticks, sizes lots, money units of 1e-8 (see `engine.money`); `Instrument.price`,
`Instrument.quantity` and `engine.money.to_decimal` bring them to the edge. Directions and sides
are +1 (long, buy) and -1 (short, sell).

Events never change once they are said. The type checker sees to it and not the classes themselves,
because a frozen dataclass takes three times as long to make.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeVar, dataclass_transform

import numpy as np
import numpy.typing as npt

from engine.names import ExitReason, Halt, LevelEnd, LevelKind, Pattern, Regime

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A dataclass of keywords that is not to be changed."""
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)


Details = dict[str, int | float | str | bool | list[int] | list[float]]


@record
class RegimeReading:
    """The regime at a bar's close with everything it was computed from.

    `inputs` holds the figures of ORDERFLOW's list by name (None while not available yet),
    `scores` the points of UP, DOWN, RANGING and VOLATILE in that order.
    """

    regime: Regime
    confidence: float
    scores: tuple[float, float, float, float]
    inputs: dict[str, float | None]
    reason: str = ""


@record
class Bar:
    """A footprint bar over [start, end). `levels` is int64 [n, 4], ascending by price:
    price, bid volume (sell aggressors), ask volume (buy aggressors), unknown volume; single
    ticks, only prices that traded. `index` counts the bars of the trading day from 0."""

    index: int
    start: int
    end: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    buy_volume: int
    sell_volume: int
    delta: int
    min_delta: int
    max_delta: int
    cum_delta: int
    trades: int
    poc: int
    vah: int
    val: int
    notional: int  # sum of price * size: the bar's VWAP is notional / volume, in ticks
    session_notional: int
    session_volume: int
    session_deviation: float | None = None  # of the session's prices around its VWAP, in ticks
    levels: npt.NDArray[np.int64]
    buy_imbalances: tuple[int, ...] = ()
    sell_imbalances: tuple[int, ...] = ()
    reading: RegimeReading | None = None
    warm_up: bool = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bar):
            return NotImplemented
        return all(
            np.array_equal(self.levels, other.levels)
            if name == "levels"
            else getattr(self, name) == getattr(other, name)
            for name in self.__slots__  # type: ignore[attr-defined]
        )

    @property
    def zero_bid_prints(self) -> tuple[int, ...]:
        """Prices within the bar at which buyers traded and sellers did not, ascending."""
        return self._one_sided(none=1, some=2)

    @property
    def zero_ask_prints(self) -> tuple[int, ...]:
        """Prices within the bar at which sellers traded and buyers did not, ascending."""
        return self._one_sided(none=2, some=1)

    def _one_sided(self, none: int, some: int) -> tuple[int, ...]:
        inside = self.levels[1:-1]  # low and high always traded
        return tuple(inside[(inside[:, none] == 0) & (inside[:, some] > 0), 0].tolist())


@record
class Signal:
    """A pattern found at a bar's close, and what the router said of it."""

    id: str
    ts: int
    bar_start: int
    pattern: Pattern
    direction: int
    price: int
    strength: float
    details: Details
    regime: Regime
    confidence: float
    approved: bool
    reason: str  # "" when approved, else the first rule that failed, in words


@record
class Fill:
    """An execution. `id` is the broker's (or the simulated exchange's) and unique."""

    id: str
    order_id: str
    ts: int
    price: int
    size: int


@record
class Trade:
    """A closed bracket. Prices are totals of price * size, so that averages stay exact.

    At a broker a trade is closed again, with its new totals, when its entry filled late.
    """

    id: str
    symbol: str
    direction: int
    size: int
    entry_ts: int
    entry_notional: int
    exit_ts: int
    exit_notional: int
    exit_reason: ExitReason
    stop: int  # as first set
    target: int
    last_stop: int  # where the stop worked at the end
    pnl_gross: int
    fees: int
    pattern: Pattern
    signal_id: str
    regime: Regime
    mae: int  # worst excursion against the position, ticks >= 0
    mfe: int  # best excursion in its favour, ticks >= 0
    balance: int  # the account's, after this trade

    @property
    def pnl_net(self) -> int:
        """Gross P&L less fees, money units."""
        return self.pnl_gross - self.fees


@record
class Level:
    """A price or a stretch of prices, both ends included, that later bars may come back to.

    `made` and `touched` are times (UTC ns); `touched` is None as long as no bar traded in it, and
    for kinds that a touch ends. `direction` is its signal's, 0 for a naked POC, which has none.
    """

    id: str
    kind: LevelKind
    direction: int
    low: int
    high: int
    made: int
    signal_id: str = ""
    touched: int | None = None


@record
class Carry:
    """What one trading day leaves to the next: all the state that is not in the day's inputs."""

    balance: int
    peak: int
    streak: int  # wins in a row (> 0) or losses in a row (< 0)
    tier: str
    halts: tuple[Halt, ...] = ()
    unfinished: tuple[tuple[int, int], ...] = ()  # price, direction; oldest first
    levels: tuple[Level, ...] = ()  # as they were made; none from a quiet engine
    sequence: int = 0  # trades already decided on this trading day
    day_pnl: int = 0  # realised on this trading day before the engine started


@record
class DayStarted:
    ts: int
    day: date
    carry: Carry


@record
class SessionChanged:
    ts: int
    phase: Literal["open", "entries_closed", "flatten", "closed"]


@record
class BarClosed:
    ts: int  # the bar's end
    bar: Bar


@record
class SignalDetected:
    ts: int
    signal: Signal


@record
class LevelMade:
    ts: int
    level: Level


@record
class LevelTouched:
    """A bar traded in a zone for the first time."""

    ts: int
    level_id: str


@record
class LevelGone:
    ts: int
    level_id: str
    reason: LevelEnd


@record
class LargeTrade:
    """One trade of at least `threshold` lots. `side` is its aggressor's, 0 if unknown."""

    ts: int
    price: int
    size: int
    side: int
    threshold: int


@record
class Sweep:
    """One aggressor went through several prices at once, from `first` to `last`.

    `start` is the time of the last trade at its first price, `end` of its last trade, `ts` when it
    was over; `prices` is how many traded.
    """

    ts: int
    start: int
    end: int
    side: int
    first: int
    last: int
    prices: int
    volume: int
    trades: int


@record
class Decision:
    """What was done about a bar's approved signals. `rule` names the check that said no
    ("" for an entry); `terms` are the figures behind it: the account's standing, whatever the rule,
    and of an entry the sizing. Amounts are those of `engine.risk.MONEY_TERMS`."""

    ts: int
    bar_start: int
    action: Literal["enter", "none"]
    direction: int
    size: int
    signal_id: str  # the signal chosen
    approved: tuple[str, ...]  # all approved signals of the bar
    rule: str
    reason: str
    terms: dict[str, int | float | str | bool]
    trade_id: str = ""


@record
class OrderIntent:
    """An order that the broker shall have. An entry carries its bracket: `stop_ticks` and
    `target_ticks` from the fill, worked by the broker. `exit` orders close a position early."""

    ts: int
    id: str
    trade_id: str
    symbol: str
    role: Literal["entry", "stop", "target", "exit"]
    type: Literal["market", "stop", "limit"]
    side: int
    size: int
    price: int | None = None
    stop_ticks: int = 0
    target_ticks: int = 0
    reason: str = ""


@record
class OrderAmend:
    """The broker shall change this working order to `price` and `size` (with what it has filled).

    `reason`: "break_even" or "trailing_stop" moved the stop; "entry_fill" and "exit_fill": there is
    more or less to close. A server that keeps the sizes of a bracket right by itself need not be
    told of those two; every amendment is said, and its adapter leaves out what its server does.
    """

    ts: int
    id: str
    trade_id: str
    price: int
    size: int
    reason: str


@record
class OrderCancel:
    """The broker shall take this order back. It is over when the broker says so, not before."""

    ts: int
    id: str
    trade_id: str
    reason: str


@record
class OrderUpdate:
    ts: int
    id: str
    status: Literal["working", "partial", "filled", "cancelled", "rejected", "lost"]
    filled: int = 0
    reason: str = ""


@record
class AmendRejected:
    """The broker refused a change: the order works on at `price`."""

    ts: int
    id: str
    trade_id: str
    price: int
    reason: str


@record
class ProtectionLost:
    """The stop or target (`id`) of lots that are held works no more. Without the stop they are
    closed at market at once; without the target the stop still protects them."""

    ts: int
    id: str
    trade_id: str
    role: Literal["entry", "stop", "target", "exit"]
    held: int
    reason: str


@record
class FlattenFailed:
    """What is `held` (lots) could not be closed: the broker refused too many exits or lost them.
    No exit is on its way any more: somebody else has to close it."""

    ts: int
    trade_id: str
    held: int
    reason: str


@record
class Filled:
    ts: int
    fill: Fill
    trade_id: str
    role: Literal["entry", "stop", "target", "exit"]
    side: int
    fee: int
    market: int | None = None  # price of the trade that it filled against; None at a broker


@record
class PositionOpened:
    """An entry filled: the bracket's stop and target now work at these prices."""

    ts: int
    trade_id: str
    symbol: str
    direction: int
    size: int
    entry_notional: int
    stop: int
    target: int
    pattern: Pattern
    signal_id: str


@record
class TradeClosed:
    ts: int
    trade: Trade


@record
class Halted:
    ts: int
    halt: Halt
    reason: str


@record
class Resumed:
    ts: int
    halt: Halt
    reason: str


@record
class TierChanged:
    ts: int
    before: str
    after: str
    balance: int


@record
class TickDropped:
    ts: int
    reason: str  # of engine.ticks.DROP_REASONS
    price: int
    size: int
    side: int
    position: int  # among all ticks the engine was given, from 0


@record
class CommandDone:
    ts: int
    command_id: str
    kind: str
    ok: bool
    result: str


@record
class InputIgnored:
    """A fill or broker message that changes nothing (unknown order, fill seen before)."""

    ts: int
    what: str
    reason: str
    details: Details = field(default_factory=dict)


Event = (
    DayStarted | SessionChanged | BarClosed | SignalDetected | Decision | OrderIntent | OrderAmend
    | OrderCancel | OrderUpdate | AmendRejected | ProtectionLost | FlattenFailed | Filled
    | PositionOpened | TradeClosed | Halted | Resumed | TierChanged | TickDropped | CommandDone
    | InputIgnored | LevelMade | LevelTouched | LevelGone | LargeTrade | Sweep
)  # fmt: skip
