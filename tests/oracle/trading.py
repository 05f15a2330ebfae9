"""Decision, size, bracket and simulated exchange for one account with one position at a time.

Money is whole units of 1e-8. A tick meets, in this order: the flatten time, a waiting entry or the
open position's orders (an exit that has arrived, else stop and target), the limits.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
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
DAILY_HALTS = {Halt.PROFIT_TARGET, Halt.LOSS_LIMIT}


class Trade(NamedTuple):
    """A closed bracket; prices in ticks (all lots fill at one price), money in units."""

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


@dataclass(slots=True)
class Position:
    """`loss_at` and `drawdown_at`: ticks in its favour at or under which a limit is reached."""

    order: Entry
    ts: int
    price: int
    fee: int
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
        self.decisions: list[Decision] = []

    # Time

    def start_day(self, day: TradingDay) -> None:
        """The day before ends (if there was one), this one starts."""
        if self.day is not None:
            self.flatten()
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

    def take(self, ticks: Iterable[Tick]) -> None:
        """The trades of one bar. Without order or position there is nothing to do."""
        flatten_at = self.day.flatten_at
        touch = self.fills.target == "touch"
        stop_at = -self.risk.stop_ticks
        target_at = self.risk.target_ticks if touch else self.risk.target_ticks + 1
        for ts, price, _, _ in ticks:
            if ts >= flatten_at:
                self.flatten()
            position = self.position
            if position is None:
                if self.entry is None:
                    return
                if ts < self.entry.arrives:
                    continue
                position = self.open(ts, price)
                favour = position.order.direction * (price - position.price)
            else:
                favour = position.order.direction * (price - position.price)
                if position.exit_arrives is not None and ts >= position.exit_arrives:
                    self.close(ts, self.slipped(price, -position.order.direction))
                    continue
                if favour <= stop_at:
                    self.stop(ts, price)
                    continue
                if favour >= target_at:
                    target = price_at(position, self.risk.target_ticks)
                    self.close(ts, target, ExitReason.TARGET)
                    continue
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
        fee = self.fee(order.instrument, filled, order.size)
        self.position = Position(order, ts, filled, fee)
        self.set_limits(self.position)
        return self.position

    def send_exit(self, ts: int, reason: ExitReason) -> None:
        """A market order replaces stop and target when it arrives; the first one stays."""
        position = self.position
        if position is not None and position.exit_arrives is None:
            position.exit_arrives = ts + self.latency
            position.exit_reason = reason

    def stop(self, ts: int, price: int) -> None:
        """Touched: at the stop or, where the market went past it, at that trade; and slippage."""
        direction = self.position.order.direction
        filled = price_at(self.position, -self.risk.stop_ticks)
        if not self.fills.exact:
            worse = min(price * direction, filled * direction) * direction
            filled = self.slipped(worse, -direction)
        self.close(ts, filled, ExitReason.STOP)
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
