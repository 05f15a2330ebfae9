"""What may be risked: the account, its tiers, limits and halts, and the size of an entry.

All amounts are money units (`engine.money`). The account changes only when a trade closes or an
operator or broker says something; an open position is looked at through the price at which it
would reach a limit (`limit_price`), so that the scan can watch for it.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from engine.config import RiskRules, Tier
from engine.instruments import Instrument, instrument
from engine.money import to_units
from engine.names import Halt, Regime
from engine.text import number_text
from engine.ticks import NS

ENDS_WITH_DAY: Final = (Halt.PROFIT_TARGET, Halt.LOSS_LIMIT, Halt.MARGIN, Halt.STALE_FEED)
"""Halts that a new trading day lifts; the others wait for the operator."""
OPERATOR_LIFTS: Final = (
    Halt.OPERATOR, Halt.KILL, Halt.REJECTS, Halt.MAX_DRAWDOWN, Halt.DIFFERENCE,
)  # fmt: skip
FLATTENING: Final = (Halt.LOSS_LIMIT, Halt.MAX_DRAWDOWN, Halt.KILL)
NO_RATE: Final = Decimal(0)
NEVER_LOST: Final = -(1 << 62)
"""Open P&L that no position comes to; what is computed from it fits 64 bits."""
TRENDS: Final = (Regime.TRENDING_UP, Regime.TRENDING_DOWN)
MONEY_TERMS: Final = (
    "balance", "peak", "day_pnl", "open_pnl", "loss_limit", "loss_left", "profit_target",
    "profit_left", "max_drawdown", "drawdown", "drawdown_left",
)  # fmt: skip
"""The terms of a decision that are amounts."""


def tier_of(rules: RiskRules, balance: int) -> Tier:
    """The highest tier whose balance is reached, else the first."""
    reached = [tier for tier in rules.tiers if tier.min_balance_units <= balance]
    return reached[-1] if reached else rules.tiers[0]


@dataclass
class Account:
    """The account and what stands against trading with it. `streak` counts wins > 0, losses < 0."""

    rules: RiskRules
    feed: Instrument
    balance: int
    peak: int
    streak: int
    tier: Tier
    day_pnl: int = 0
    halts: dict[Halt, str] = field(default_factory=dict)
    rejects: list[int] = field(default_factory=list)

    @property
    def traded(self) -> Instrument:
        """What the tier trades."""
        return instrument(self.tier.symbol) if self.tier.symbol else self.feed

    @property
    def loss_limit(self) -> int:
        """The tighter of the session's and the tier's, > 0."""
        return min(self.rules.loss_limit_units, self.tier.loss_limit_units)

    @property
    def profit_target(self) -> int:
        return self.rules.profit_target_units

    @property
    def max_drawdown(self) -> int:
        return self.rules.max_drawdown_units

    def settle(self, net: int) -> None:
        """Book a closed trade's net P&L and move to the tier that the balance now has."""
        self.balance += net
        self.day_pnl += net
        self.peak = max(self.peak, self.balance)
        if net > 0:
            self.streak = max(self.streak, 0) + 1
        elif net < 0:
            self.streak = min(self.streak, 0) - 1
        else:
            self.streak = 0
        self.tier = tier_of(self.rules, self.balance)

    def reached(self, open_pnl: int = 0) -> list[tuple[Halt, str]]:
        """Limits reached with `open_pnl` (net of the fees of closing) that do not halt already."""
        lost, drawdown = -(self.day_pnl + open_pnl), self.peak - self.balance - open_pnl
        found = []
        if lost >= self.loss_limit:
            found.append((Halt.LOSS_LIMIT, "the day's loss reached its limit"))
        if drawdown >= self.max_drawdown:
            found.append((Halt.MAX_DRAWDOWN, "drawdown from the highest balance reached its limit"))
        if self.day_pnl >= self.profit_target:
            found.append((Halt.PROFIT_TARGET, "the day's profit target is reached"))
        return [(halt, reason) for halt, reason in found if halt not in self.halts]

    def tolerance(self) -> int:
        """Open P&L (<= it) at which the first limit is reached, of those not halting already."""
        limits = [
            level
            for halt, level in (
                (Halt.LOSS_LIMIT, -self.loss_limit - self.day_pnl),
                (Halt.MAX_DRAWDOWN, self.peak - self.balance - self.max_drawdown),
            )
            if halt not in self.halts
        ]
        return max(limits, default=NEVER_LOST)

    def standing(self, open_pnl: int) -> dict[str, int | float | str | bool]:
        """What a decision knows of the account: terms by name, amounts those of MONEY_TERMS.

        Loss and drawdown count `open_pnl` (net of the fees of closing), the profit target does not.
        """
        drawdown = self.peak - self.balance - open_pnl
        return {
            "balance": self.balance,
            "peak": self.peak,
            "day_pnl": self.day_pnl,
            "open_pnl": open_pnl,
            "loss_limit": self.loss_limit,
            "loss_left": self.loss_limit + self.day_pnl + open_pnl,
            "profit_target": self.profit_target,
            "profit_left": self.profit_target - self.day_pnl,
            "max_drawdown": self.max_drawdown,
            "drawdown": drawdown,
            "drawdown_left": self.max_drawdown - drawdown,
            "account_streak": self.streak,
            "tier": self.tier.name,
            "traded": self.traded.symbol,
            "min_size": self.tier.min_size,
            "max_size": self.tier.max_size,
            "halts": ", ".join(halt.value for halt in self.halts),
        }

    def rejected(self, ts: int) -> bool:
        """Note a broker's reject; whether there are now too many in the window."""
        window = self.rules.rejects_window_s * NS
        self.rejects = [seen for seen in self.rejects if ts - seen < window] + [ts]
        return len(self.rejects) >= self.rules.max_rejects

    def margin_exceeded(self, symbol: str, margin: int) -> bool:
        """Whether a margin per contract is above the limit set for the symbol."""
        limit = self.rules.margin_limits.get(symbol)
        return limit is not None and margin > to_units(limit)


def limit_price(
    direction: int, size: int, entry_notional: int, fees: int, tick_units: int, tolerance: int,
    fee_rate: Decimal = NO_RATE,
) -> int:  # fmt: skip
    """The price from which on (<= for a long, >= for a short) open P&L is <= `tolerance`.

    Open P&L at p is direction * (p * size - entry_notional) * tick_units - fees, less the fee of
    closing at p where that is a rate, rounded up to a whole unit: so the P&L is rounded down, and
    is at most `room` as long as it is less than a unit above it.
    """
    part, whole = fee_rate.as_integer_ratio()
    value = size * tick_units * (whole - direction * part)
    room = tolerance + fees + direction * entry_notional * tick_units
    steps = ((room + 1) * whole - 1) // value
    return steps if direction > 0 else -steps


class Sizing(NamedTuple):
    """How an entry's size came about; `size` is in lots, the other terms in tier units."""

    base: int
    confluence: int
    trend: int
    streak: int
    clamped: int
    multiplier: str
    units: int
    size: int


def size_entry(account: Account, approved: int, regime: Regime, multiplier: Decimal) -> Sizing:
    """1, +1 for confluence, +1 in a trend, +1/-1 for the streak; within the tier; times the regime.

    `approved`: approved signals in the direction; `multiplier`: Decimal, rounded down, at least 1.
    """
    confluence = 1 if approved >= 2 else 0
    trend = 1 if regime in TRENDS else 0
    streak = 1 if account.streak >= 3 else -1 if account.streak <= -2 else 0
    wanted = 1 + confluence + trend + streak
    clamped = min(max(wanted, account.tier.min_size), account.tier.max_size)
    units = max(int(clamped * multiplier), 1)
    return Sizing(
        1, confluence, trend, streak, clamped, number_text(multiplier, 0), units,
        units * account.rules.lots_per_unit,
    )  # fmt: skip
