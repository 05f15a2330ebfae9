"""Drawn days with the sizes that the account would have had: what a path's own balance does to it.

Days are drawn as `walk` draws them. Along a path every trade of the run is entered again with the
size that `engine.risk` gives for the path's account: tier by balance (and so the contract), streak,
trend, the regime's multiplier. Daily limits end the path's day, the drawdown limit and ruin its
trading. What is the engine's is called, not copied; what is assumed:

- A trade's prices stay. Its P&L is that of the traded lots at the tier's tick value and fees.
- Whether two signals agreed is read off the run's size; where both would have given that size, one
  signal is assumed, which is the smaller size. `unknown` counts these.
- A position that went against the path's account as far as one of its limits before it was closed
  is closed there, with the plan's slippage. How far a position went before the tick that stopped it
  is known from its stop and from the limits that the run had.
- What the run did not trade, because a limit had ended its day, no path can trade.

Before anything is drawn the run is replayed so in its own order. If that does not give each trade's
size and P&L again, the model does not describe the run, and is refused with the first difference.
"""

from dataclasses import dataclass, field

import numpy as np

from backtests.slippage import STOPS
from backtests.stress.kernel import days_drawn
from backtests.stress.ledger import Ints, Ledger
from backtests.stress.walk import Paths, along
from engine.events import Trade
from engine.instruments import Instrument
from engine.names import ExitReason, Halt, Regime
from engine.risk import (
    ENDS_WITH_DAY,
    NEVER_LOST,
    NO_RATE,
    Account,
    limit_price,
    size_entry,
    tier_of,
)
from engine.text import units_text

MOST_TRADES = 500_000
"""Of all paths together: each costs some ten microseconds."""
LIMITED = (ExitReason.LOSS_LIMIT, ExitReason.MAX_DRAWDOWN)


@dataclass(frozen=True)
class Retiered:
    """`limit` counts the paths whose trading the drawdown limit ended, `ruined` those that ruin
    ended, `tier` those that came to an end in each tier; `unknown` trades of the run."""

    paths: Paths
    unknown: int
    limit: int
    ruined: int
    tier: dict[str, int]


@dataclass
class Replay:
    """The run's trades, to be entered with other sizes. `agreed` has how many signals agreed,
    `before` how far each went against us before the tick that closed it. What was asked once is
    remembered."""

    ledger: Ledger
    agreed: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    unknown: int = 0
    known: dict[tuple[int, int, str], tuple[int, int]] = field(default_factory=dict)
    sized: dict[tuple[Regime, int, int, str], int] = field(default_factory=dict)

    def account(self) -> Account:
        ledger, rules = self.ledger, self.ledger.config.risk
        return Account(
            rules=rules, feed=ledger.config.instrument, balance=ledger.opening, peak=ledger.peak,
            streak=ledger.config.account.streak, tier=tier_of(rules, ledger.opening),
        )  # fmt: skip

    def size(self, account: Account, number: int, agreed: int) -> int:
        """Lots of a trade for an account."""
        regime = self.ledger.trades[number].trade.regime
        key = (regime, agreed, account.streak, account.tier.name)
        found = self.sized.get(key)
        if found is None:
            multiplier = self.ledger.config.router.size_multiplier[regime]
            found = self.sized[key] = size_entry(account, agreed, regime, multiplier).size
        return found

    def learn(self, account: Account, number: int) -> None:
        """Note how far a trade of the run went: not to the limits that the run then had."""
        trade, fills = self.ledger.trades[number].trade, self.ledger.config.fills
        went = _before_exit(trade, fills.slippage_ticks)
        if trade.exit_reason not in LIMITED:
            entry = trade.entry_notional // trade.size
            at = self._limit(number, trade.size, account.traded, account.tolerance())
            went = min(went, max(trade.direction * (entry - at) - 1, 0))
        self.before.append(went)

    def net(self, account: Account, number: int, size: int) -> int:
        """What a trade with `size` lots does to the account, whose limits may close it."""
        key = (number, size, account.traded.symbol)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._result(number, size, account.traded)
        net, worst = found
        tolerance = account.tolerance()
        if worst > tolerance:
            return net
        return self._closed(number, size, account.traded, tolerance)

    def _result(self, number: int, size: int, traded: Instrument) -> tuple[int, int]:
        """Net P&L with `size` lots, and the least that it was worth before the exit's tick."""
        trade = self.ledger.trades[number].trade
        moved = trade.direction * (trade.exit_notional - trade.entry_notional)
        gross = moved * traded.tick_units * size // trade.size
        net = gross - self._fees(trade, size, traded, trade.exit_notional // trade.size)
        if trade.exit_reason in LIMITED:
            return net, -NEVER_LOST
        worst = traded.pnl(-self.before[number], size)
        return net, worst - self._fees(trade, size, traded, trade.entry_notional // trade.size)

    def _limit(self, number: int, size: int, traded: Instrument, tolerance: int) -> int:
        """The price at which a limit closes the trade."""
        trade, fees = self.ledger.trades[number].trade, self.ledger.config.fills.fees
        entry = trade.entry_notional // trade.size
        rate = traded.fee_rate if fees else NO_RATE
        paid = traded.fees(entry, size) + traded.fees(0, size) if fees else 0
        return limit_price(
            trade.direction, size, entry * size, paid, traded.tick_units, tolerance, rate
        )

    def _closed(self, number: int, size: int, traded: Instrument, tolerance: int) -> int:
        """Net P&L when a limit closes the trade where it is reached."""
        trade = self.ledger.trades[number].trade
        at = self._limit(number, size, traded, tolerance)
        left = at - trade.direction * self.ledger.config.fills.slippage_ticks
        moved = trade.direction * (left - trade.entry_notional // trade.size)
        return traded.pnl(moved, size) - self._fees(trade, size, traded, left)

    def _fees(self, trade: Trade, size: int, traded: Instrument, left: int) -> int:
        if not self.ledger.config.fills.fees:
            return 0
        entry = trade.entry_notional // trade.size
        return traded.fees(entry, size) + traded.fees(left, size)


def _before_exit(trade: Trade, slippage_ticks: int) -> int:
    """The worst excursion before the tick that closed the trade, ticks. `mae` counts the exit's
    own price too, at which a stop or an order at market has acted before any limit can."""
    entry = trade.entry_notional // trade.size
    lost = trade.direction * (entry - trade.exit_notional // trade.size)
    if trade.mae > lost:
        return trade.mae
    if trade.exit_reason in STOPS:
        return trade.direction * (entry - trade.last_stop) - 1
    return lost - slippage_ticks


def replay_of(ledger: Ledger) -> tuple[Replay, str]:
    """The run in its own order: how many signals agreed on each trade, and the first difference of
    size or P&L; an empty text if there is none."""
    replay = Replay(ledger)
    account = replay.account()
    for day, _ in enumerate(ledger.days):
        _new_day(account)
        for number in range(ledger.starts[day], ledger.starts[day + 1]):
            done = ledger.trades[number]
            if account.halts:
                return replay, f"{done.trade.id} was entered, and a limit had ended its day"
            one, two = (replay.size(account, number, agreed) for agreed in (1, 2))
            if done.trade.size not in (one, two):
                return replay, (
                    f"{done.trade.id} had {done.trade.size} lots, and the sizing rules give {one}"
                    + (f" or {two}" if two != one else "")
                )
            replay.learn(account, number)
            replay.agreed.append(1 if done.trade.size == one else 2)
            replay.unknown += one == two
            net = replay.net(account, number, done.trade.size)
            if net != done.net or account.traded.symbol != done.trade.symbol:
                return replay, (
                    f"{done.trade.id} made {units_text(done.net)} with {done.trade.symbol}, and "
                    f"its prices give {units_text(net)} with {account.traded.symbol}"
                )
            _settle(account, net)
    return replay, ""


def retiered(
    replay: Replay, *, paths: int, seed: int, ruin: int, block: int = 1, days: int | None = None
) -> Retiered:
    """Paths of drawn days; `replay` is what `replay_of` found."""
    ledger = replay.ledger
    days = len(ledger.days) if days is None else days
    paths = min(paths, max(MOST_TRADES // max(len(ledger.trades) * days // len(ledger.days), 1), 1))
    picked = np.empty(days, np.int64)
    sequences, tiers = [], dict.fromkeys((tier.name for tier in ledger.config.risk.tiers), 0)
    limit = ruined = 0
    for path in range(paths):
        days_drawn(seed, path, len(ledger.days), block, picked)
        account = replay.account()
        sequences.append(through(replay, account, picked.tolist(), ruin))
        tiers[account.tier.name] += 1
        limit += Halt.MAX_DRAWDOWN in account.halts
        ruined += account.balance <= ruin
    return Retiered(along(ledger, days, sequences), replay.unknown, limit, ruined, tiers)


def through(replay: Replay, account: Account, picked: list[int], ruin: int) -> tuple[Ints, Ints]:
    """The P&L of an account that goes through these days, and where each ends in it."""
    starts, seq, ends = replay.ledger.starts.tolist(), [], []
    for day in picked:
        _new_day(account)
        for number in range(starts[day], starts[day + 1]):
            if account.halts or account.balance <= ruin:
                break
            size = replay.size(account, number, replay.agreed[number])
            seq.append(replay.net(account, number, size))
            _settle(account, seq[-1])
        ends.append(len(seq))
    return np.array(seq, np.int64), np.array(ends, np.int64)


def _settle(account: Account, net: int) -> None:
    account.settle(net)
    account.halts.update(account.reached())


def _new_day(account: Account) -> None:
    for ended in [halt for halt in account.halts if halt in ENDS_WITH_DAY]:
        del account.halts[ended]
    account.day_pnl = 0
    account.halts.update(account.reached())
