"""Decision, size, bracket and simulated exchange for one account with one position at a time.

Money is whole units of 1e-8. A tick meets, in this order: the flatten time, a waiting entry or the
open position's orders (changes of the stop that have arrived, then an exit that has, else stop and
target), a change of the stop that it causes, the limits.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.config import EngineConfig, Tier
from engine.instruments import Instrument, instrument
from engine.money import to_units
from engine.names import ExitReason, Halt, Pattern, Regime
from engine.schedule import TradingDay
from engine.ticks import NS
from tests.oracle.bars import Bar
from tests.oracle.router import Signal
from tests.oracle.ticks import Tick

MS = 1_000_000
NEVER = 1 << 62
DAILY_HALTS = {Halt.PROFIT_TARGET, Halt.LOSS_LIMIT}


class Trade(NamedTuple):
    """A closed bracket; prices in ticks (all lots fill at one price), money in units.

    `stop` is where the bracket put it, `last_stop` where it worked at the end.
    """

    symbol: str
    direction: int
    size: int
    entry_ts: int
    entry_price: int
    exit_ts: int
    exit_price: int
    reason: ExitReason
    stop: int
    target: int
    last_stop: int
    pnl_gross: int
    fees: int
    pattern: Pattern
    regime: Regime
    balance: int

    @property
    def pnl_net(self) -> int:
        return self.pnl_gross - self.fees


class Decision(NamedTuple):
    """What was done about a bar's approved signals. `rule`: the check that said no, or "".

    Rules: "end_of_data", a halt's name, "hours", "position", "cooldown", "conflict".
    """

    ts: int
    action: str
    direction: int
    size: int
    pattern: Pattern
    rule: str


class Entry(NamedTuple):
    """A market order on its way to the exchange, or there since `arrives`."""

    arrives: int
    direction: int
    size: int
    instrument: Instrument
    pattern: Pattern
    regime: Regime


class Change(NamedTuple):
    """A better stop on its way to the exchange, in ticks in the position's favour."""

    arrives: int
    stop: int
    reason: ExitReason


class Move(NamedTuple):
    """Asked for at `ts`: the stop shall be at `price` (ticks)."""

    ts: int
    price: int
    reason: ExitReason


@dataclass(slots=True)
class Position:
    """`loss_at` and `drawdown_at`: ticks in its favour at or under which a limit is reached.

    So are `stop_at`, where the stop works, `asked`, where it was last wanted, and `best`, the best
    trade so far. `leave_at` is the time stop's moment.
    """

    order: Entry
    ts: int
    price: int
    fee: int
    stop_at: int
    asked: int
    leave_at: int
    stop_reason: ExitReason = ExitReason.STOP
    best: int = -NEVER
    changes: list[Change] = field(default_factory=list)
    loss_at: int = 0
    drawdown_at: int = 0
    exit_arrives: int | None = None
    exit_reason: ExitReason | None = None


class Trader:
    """One account over its trading days: `start_day`, then for each bar `take` and `decide`."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.risk, self.fills = config.risk, config.fills
        self.latency = self.fills.latency_ms * MS
        self.follows = self.risk.break_even_after_ticks > 0 or self.risk.trail_ticks > 0
        self.balance = to_units(config.account.balance)
        peak = config.account.peak
        self.peak = self.balance if peak is None else to_units(peak)
        self.streak = config.account.streak
        self.tier = self.tier_of_balance()
        self.halts: set[Halt] = set()
        self.day: TradingDay | None = None
        self.realised = 0
        self.cooldown = 0
        self.entry: Entry | None = None
        self.position: Position | None = None
        self.ended = False
        self.trades: list[Trade] = []
        self.moves: list[Move] = []
        self.decisions: list[Decision] = []

    # Time

    def start_day(self, day: TradingDay) -> None:
        """The day before ends (if there was one), this one starts."""
        if self.day is not None:
            self.pass_moments(self.day.end)
        self.entry = None
        self.day = day
        self.realised = self.cooldown = 0
        self.halts -= DAILY_HALTS
        self.check_closed()
        if self.position is not None:
            self.set_limits(self.position)

    def flatten(self) -> None:
        self.entry = None
        self.send_exit(self.day.flatten_at, ExitReason.FLATTEN)

    def pass_moments(self, ts: int) -> None:
        """What is due by now, in order of time; at the same time the session's come first."""
        position, flatten_at = self.position, self.day.flatten_at
        if position is not None and position.leave_at <= ts and position.leave_at < flatten_at:
            self.send_exit(position.leave_at, ExitReason.TIME_STOP)
        if ts >= flatten_at:
            self.flatten()

    def next_moment(self, ts: int) -> int:
        """The first after now, NEVER if there is none on this day."""
        moments = [self.day.flatten_at]
        if self.position is not None:
            moments.append(self.position.leave_at)
        return min((moment for moment in moments if moment > ts), default=NEVER)

    def take(self, ticks: Iterable[Tick]) -> None:
        """The trades of one bar. Without order or position there is nothing to do."""
        touch = self.fills.target == "touch"
        target_at = self.risk.target_ticks if touch else self.risk.target_ticks + 1
        follows = self.follows
        due = 0
        for ts, price, _, _ in ticks:
            if ts >= due:
                self.pass_moments(ts)
                due = self.next_moment(ts)
            position = self.position
            if position is None:
                if self.entry is None:
                    return
                if ts < self.entry.arrives:
                    continue
                position = self.open(ts, price)
                due = self.next_moment(ts)
                favour = position.order.direction * (price - position.price)
            else:
                favour = position.order.direction * (price - position.price)
                if position.changes:
                    self.move_stop(position, ts)
                if position.exit_arrives is not None and ts >= position.exit_arrives:
                    self.close(ts, self.slipped(price, -position.order.direction))
                    continue
                if favour <= position.stop_at:
                    self.stop(ts, price)
                    continue
                if favour >= target_at:
                    target = price_at(position, self.risk.target_ticks)
                    self.close(ts, target, ExitReason.TARGET)
                    continue
            if follows and favour > position.best:
                self.follow(position, ts, favour)
            if favour <= position.loss_at and Halt.LOSS_LIMIT not in self.halts:
                self.halts.add(Halt.LOSS_LIMIT)
                self.send_exit(ts, ExitReason.LOSS_LIMIT)
            if favour <= position.drawdown_at and Halt.MAX_DRAWDOWN not in self.halts:
                self.halts.add(Halt.MAX_DRAWDOWN)
                self.send_exit(ts, ExitReason.MAX_DRAWDOWN)

    def finish(self, ts: int, price: int) -> None:
        """The data ends: what is open is closed at the last trade's price."""
        self.entry = None
        self.ended = True
        if self.position is not None:
            price = self.slipped(price, -self.position.order.direction)
            self.close(ts, price, ExitReason.END_OF_DATA)

    # Orders and fills

    def slipped(self, price: int, side: int) -> int:
        return price + side * self.fills.slippage_ticks

    def fee(self, traded: Instrument, price: int, size: int) -> int:
        return traded.fees(price, size) if self.fills.fees else 0

    def open(self, ts: int, price: int) -> Position:
        """The waiting entry fills at this trade."""
        order, self.entry = self.entry, None
        filled = self.slipped(price, order.direction)
        self.position = Position(
            order,
            ts,
            filled,
            fee=self.fee(order.instrument, filled, order.size),
            stop_at=-self.risk.stop_ticks,
            asked=-self.risk.stop_ticks,
            leave_at=ts + self.risk.time_stop_s * NS if self.risk.time_stop_s else NEVER,
        )
        self.set_limits(self.position)
        return self.position

    def send_exit(self, ts: int, reason: ExitReason) -> None:
        """A market order replaces stop and target when it arrives; the first one stays."""
        position = self.position
        if position is not None and position.exit_arrives is None:
            position.exit_arrives = ts + self.latency
            position.exit_reason = reason

    def follow(self, position: Position, ts: int, favour: int) -> None:
        """A trade better than all before it: ask for a better stop where an option wants one.

        That depends on the best trade alone, so no other trade has to be looked at.
        """
        position.best = favour
        if position.exit_arrives is not None:
            return
        risk, best = self.risk, position.best
        stop, reason = position.asked, None
        if 0 < risk.break_even_after_ticks <= best and risk.break_even_plus_ticks > stop:
            stop, reason = risk.break_even_plus_ticks, ExitReason.BREAK_EVEN
        if risk.trail_ticks > 0 and best >= risk.trail_after_ticks:
            behind = best - risk.trail_ticks
            if behind >= position.asked + risk.trail_step_ticks and behind >= stop:
                stop, reason = behind, ExitReason.TRAILING_STOP
        if reason is not None:
            position.asked = stop
            position.changes.append(Change(ts + self.latency, stop, reason))
            self.moves.append(Move(ts, price_at(position, stop), reason))

    def move_stop(self, position: Position, ts: int) -> None:
        """Changes that have arrived take effect, in the order in which they were sent."""
        while position.changes and ts >= position.changes[0].arrives:
            _, position.stop_at, position.stop_reason = position.changes.pop(0)

    def stop(self, ts: int, price: int) -> None:
        """Touched: at the stop or, where the market went past it, at that trade; and slippage."""
        position = self.position
        direction = position.order.direction
        filled = price_at(position, position.stop_at)
        if not self.fills.exact:
            worse = min(price * direction, filled * direction) * direction
            filled = self.slipped(worse, -direction)
        self.close(ts, filled, position.stop_reason)
        if position.stop_reason is ExitReason.STOP:
            self.cooldown = self.risk.cooldown_bars

    def close(self, ts: int, price: int, reason: ExitReason | None = None) -> None:
        """Without a reason: the waiting exit's."""
        position, self.position = self.position, None
        order = position.order
        moved = order.direction * (price - position.price)
        gross = order.instrument.pnl(moved, order.size)
        fees = position.fee + self.fee(order.instrument, price, order.size)
        net = gross - fees
        self.balance += net
        self.realised += net
        self.peak = max(self.peak, self.balance)
        if net > 0:
            self.streak = max(self.streak, 0) + 1
        elif net < 0:
            self.streak = min(self.streak, 0) - 1
        else:
            self.streak = 0
        self.tier = self.tier_of_balance()
        self.check_closed()
        self.trades.append(
            Trade(
                symbol=order.instrument.symbol,
                direction=order.direction,
                size=order.size,
                entry_ts=position.ts,
                entry_price=position.price,
                exit_ts=ts,
                exit_price=price,
                reason=position.exit_reason if reason is None else reason,
                stop=price_at(position, -self.risk.stop_ticks),
                target=price_at(position, self.risk.target_ticks),
                last_stop=price_at(position, position.stop_at),
                pnl_gross=gross,
                fees=fees,
                pattern=order.pattern,
                regime=order.regime,
                balance=self.balance,
            )
        )

    # Limits

    def tier_of_balance(self) -> Tier:
        """The highest tier whose balance is reached, else the first."""
        reached = [tier for tier in self.risk.tiers if to_units(tier.min_balance) <= self.balance]
        return reached[-1] if reached else self.risk.tiers[0]

    def loss_limit(self) -> int:
        """The tighter of the session's and the tier's."""
        return to_units(min(self.risk.loss_limit, self.tier.loss_limit))

    def check_closed(self) -> None:
        """Limits that closed trades reach."""
        if self.realised >= to_units(self.risk.profit_target):
            self.halts.add(Halt.PROFIT_TARGET)
        if self.realised <= -self.loss_limit():
            self.halts.add(Halt.LOSS_LIMIT)
        if self.peak - self.balance >= to_units(self.risk.max_drawdown):
            self.halts.add(Halt.MAX_DRAWDOWN)

    def set_limits(self, position: Position) -> None:
        """How far the price may go: computed once, so that a tick costs two comparisons."""
        floor = -self.loss_limit() - self.realised
        position.loss_at = self.worst_move(position, floor)
        floor = self.peak - to_units(self.risk.max_drawdown) - self.balance
        position.drawdown_at = self.worst_move(position, floor)

    def worst_move(self, position: Position, floor: int) -> int:
        """The most ticks in the position's favour at which it is worth at most `floor`, net.

        Worth rises with the ticks: without the closing fee the answer is a division, with it at
        or above that.
        """
        order = position.order

        def worth(ticks: int) -> int:
            closing = self.fee(order.instrument, price_at(position, ticks), order.size)
            return order.instrument.pnl(ticks, order.size) - position.fee - closing

        least = (floor + position.fee) // order.instrument.pnl(1, order.size)
        return least + bisect_right(range(least, least + (1 << 31)), floor, key=worth) - 1

    # Decisions

    def decide(self, bar: Bar, signals: list[Signal], last_tick: int) -> None:
        """At the bar's end: enter on its strongest approved signal, or say which rule forbids."""
        cooling = self.cooldown > 0
        self.cooldown -= cooling
        approved = [signal for signal in signals if signal.approved]
        if not approved:
            return
        best = max(approved, key=lambda signal: signal.strength)
        rule = self.refusal(bar, approved, best, last_tick, cooling)
        if rule:
            decision = Decision(bar.end, "none", best.direction, 0, best.pattern, rule)
        else:
            size = self.size(approved, best)
            decision = Decision(bar.end, "enter", best.direction, size, best.pattern, "")
            traded = self.config.instrument
            if self.tier.symbol:
                traded = instrument(self.tier.symbol)
            self.entry = Entry(
                bar.end + self.latency, best.direction, size, traded, best.pattern, best.regime
            )
        self.decisions.append(decision)

    def refusal(
        self, bar: Bar, approved: list[Signal], best: Signal, last_tick: int, cooling: bool
    ) -> str:
        """The first rule that forbids an entry, or ""."""
        day, now = self.day, bar.end
        if self.ended:
            return "end_of_data"
        stale = self.is_stale(now, last_tick)
        for halt in Halt:
            if halt in self.halts or (halt is Halt.STALE_FEED and stale):
                return str(halt)
        if not day.entries_from <= now < day.entries_to:
            return "hours"
        if self.position is not None or self.entry is not None:
            return "position"
        if cooling:
            return "cooldown"
        conflict = any(
            other.strength == best.strength and other.direction != best.direction
            for other in approved
        )
        return "conflict" if conflict else ""

    def is_stale(self, now: int, last_tick: int) -> bool:
        """No tick for so long, from the first entry hour to the flatten time. A bar that ends at
        the very moment comes first."""
        due = max(last_tick, self.day.entries_from) + self.risk.stale_s * NS
        return due < now and due < self.day.flatten_at

    def size(self, approved: list[Signal], best: Signal) -> int:
        """Lots: the terms, within the tier's range, scaled by the regime, at least one unit."""
        units = 1
        if sum(signal.direction == best.direction for signal in approved) >= 2:
            units += 1
        if best.regime in (Regime.TRENDING_UP, Regime.TRENDING_DOWN):
            units += 1
        if self.streak >= 3:
            units += 1
        elif self.streak <= -2:
            units -= 1
        units = max(self.tier.min_size, min(self.tier.max_size, units))
        scaled = int(units * self.config.router.size_multiplier.get(best.regime, 1))
        return max(scaled, 1) * self.risk.lots_per_unit


def price_at(position: Position, ticks: int) -> int:
    """The price that is so many ticks in the position's favour."""
    return position.price + position.order.direction * ticks
