"""The rules by which money is risked: tiers, limits, the bracket, assumed fills, the account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Final

from engine.checks import MOST_MONEY, known, money, not_negative, positive, require
from engine.errors import ConfigError
from engine.money import to_units


@dataclass(frozen=True)
class Tier:
    """A step of the account: from `min_balance`, trade `symbol` ("" = the feed's instrument)."""

    name: str
    min_balance: Decimal
    symbol: str
    min_size: int
    max_size: int
    loss_limit: Decimal

    def __post_init__(self) -> None:
        require(bool(self.name), "Tier.name is empty")
        if self.symbol:
            known("Tier.symbol", self.symbol)
        not_negative(self, "max_size")
        require(
            1 <= self.min_size <= self.max_size,
            f"Tier.min_size is {self.min_size}; it must be at least 1 and at most max_size "
            f"({self.max_size})",
        )
        require(self.loss_limit > 0, f"Tier.loss_limit is {self.loss_limit}; it must be above 0")
        money(self, "min_balance", "loss_limit")

    @cached_property
    def min_balance_units(self) -> int:
        return to_units(self.min_balance)

    @cached_property
    def loss_limit_units(self) -> int:
        return to_units(self.loss_limit)


def _tier(name: str, balance: str, symbol: str, low: int, high: int, limit: str) -> Tier:
    return Tier(name, Decimal(balance), symbol, low, high, Decimal(limit))


INDEX_TIERS: Final = (
    _tier("MES 1-3", "0", "MES", 1, 3, "100"),
    _tier("ES 1", "3500", "ES", 1, 1, "400"),
    _tier("ES 1-2", "5000", "ES", 1, 2, "400"),
    _tier("ES 1-3", "7500", "ES", 1, 3, "500"),
    _tier("ES 1-3 top", "10000", "ES", 1, 3, "500"),
)


SINGLE_TIER: Final = (_tier("1-3", "0", "", 1, 3, "300"),)


@dataclass(frozen=True)
class RiskRules:
    """Limits in currency, distances in ticks, times in seconds.

    The bracket's options are off at 0: `break_even_after_ticks`, `trail_ticks`, `time_stop_s`.
    """

    stop_ticks: int = 16
    target_ticks: int = 24
    break_even_after_ticks: int = 0
    break_even_plus_ticks: int = 0
    trail_ticks: int = 0
    trail_after_ticks: int = 0
    trail_step_ticks: int = 1
    time_stop_s: int = 0
    cooldown_bars: int = 0
    profit_target: Decimal = Decimal(500)
    loss_limit: Decimal = Decimal(300)
    max_drawdown: Decimal = Decimal(1000)
    stale_s: int = 30
    max_rejects: int = 3
    rejects_window_s: int = 300
    lots_per_unit: int = 1  # a tier's "1" in lots
    margin_limits: Mapping[str, Decimal] = field(
        default_factory=lambda: {"MES": Decimal(40), "ES": Decimal(400)}
    )
    tiers: tuple[Tier, ...] = SINGLE_TIER

    def __post_init__(self) -> None:
        positive(
            self, "stop_ticks", "target_ticks", "profit_target", "loss_limit", "max_drawdown",
            "stale_s", "max_rejects", "rejects_window_s", "lots_per_unit", "trail_step_ticks",
        )  # fmt: skip
        not_negative(
            self, "cooldown_bars", "break_even_after_ticks", "break_even_plus_ticks", "trail_ticks",
            "trail_after_ticks", "time_stop_s",
        )  # fmt: skip
        require(
            not 0 < self.break_even_after_ticks <= self.break_even_plus_ticks,
            f"RiskRules.break_even_plus_ticks is {self.break_even_plus_ticks}; it must be below "
            f"break_even_after_ticks ({self.break_even_after_ticks})",
        )
        money(self, "profit_target", "loss_limit", "max_drawdown")
        require(len(self.tiers) > 0, "RiskRules.tiers is empty; at least one tier is needed")
        balances = [tier.min_balance for tier in self.tiers]
        require(
            balances == sorted(set(balances)),
            f"RiskRules.tiers: balances {', '.join(map(str, balances))} must rise from tier to "
            "tier",
        )
        names = [tier.name for tier in self.tiers]
        require(
            len(set(names)) == len(names),
            f"RiskRules.tiers: names {', '.join(names)} must differ",
        )
        for symbol, limit in self.margin_limits.items():
            known("RiskRules.margin_limits: a symbol", symbol)
            require(
                0 < limit <= MOST_MONEY,
                f"RiskRules.margin_limits: {symbol} is {limit}; it must be above 0 "
                f"and at most {MOST_MONEY}",
            )

    @cached_property
    def profit_target_units(self) -> int:
        return to_units(self.profit_target)

    @cached_property
    def loss_limit_units(self) -> int:
        return to_units(self.loss_limit)

    @cached_property
    def max_drawdown_units(self) -> int:
        return to_units(self.max_drawdown)


FILL_NAMES: Final = ("honest", "ideal")


@dataclass(frozen=True)
class FillRules:
    """What the simulated exchange assumes. `target`: "through" or "touch".

    `exact`: stops fill at their own price even when the market gapped past it.
    """

    profile: str = "honest"
    latency_ms: int = 50
    slippage_ticks: int = 1
    target: str = "through"
    fees: bool = True
    exact: bool = False

    def __post_init__(self) -> None:
        not_negative(self, "latency_ms", "slippage_ticks")
        require(
            self.profile in FILL_NAMES,
            f"FillRules.profile is {self.profile!r}; it is one of {', '.join(FILL_NAMES)}",
        )
        require(
            self.target in ("through", "touch"),
            f'FillRules.target is {self.target!r}; it is "through" or "touch"',
        )


FILL_PROFILES: Final = {
    "honest": FillRules(),
    "ideal": FillRules("ideal", 0, 0, "touch", fees=False, exact=True),
}


def fill_profile(name: str) -> FillRules:
    """The named assumptions; ConfigError lists the known ones."""
    try:
        return FILL_PROFILES[name]
    except KeyError:
        raise ConfigError(
            f"unknown fill profile {name!r}; known are {', '.join(FILL_PROFILES)}"
        ) from None


@dataclass(frozen=True)
class AccountRules:
    """The account at the start: `id` is part of every derived order id."""

    id: str = "paper"
    balance: Decimal = Decimal(2500)
    peak: Decimal | None = None  # highest balance so far; None: the balance
    streak: int = 0

    def __post_init__(self) -> None:
        require(bool(self.id), "AccountRules.id is empty")
        positive(self, "balance")
        money(self, "balance")
        if self.peak is not None:
            money(self, "peak")
