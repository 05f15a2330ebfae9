"""Every number the engine uses, in one tree of frozen dataclasses.

>>> config = engine_config("MES").override({"bars.seconds": "60", "risk.stop_ticks": "12"})
>>> config.bars.seconds, config.risk.stop_ticks
(60, 12)

Values are validated when they are set; `config.digest` names a configuration in results.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Self

from engine.errors import ConfigError
from engine.instruments import INSTRUMENTS, Instrument, instrument
from engine.money import to_units
from engine.names import Pattern, Regime
from engine.scalars import Window
from engine.settings import Tree, is_text, merged, overrides, read, settings
from engine.written import as_tree, changes, plain


def _require(ok: bool, what: str) -> None:
    if not ok:
        raise ConfigError(what)


MOST: Final = 2**31 - 1
"""What compiled code and its times take; far more than any setting means."""
MOST_MONEY: Final = 10**10


def _positive(rules: object, *names: str) -> None:
    for name in names:
        value = getattr(rules, name)
        _require(value > 0, f"{type(rules).__name__}.{name} is {value}; it must be above 0")
    _not_negative(rules, *names)


def _not_negative(rules: object, *names: str) -> None:
    for name in names:
        value = getattr(rules, name)
        _require(value >= 0, f"{type(rules).__name__}.{name} is {value}; it cannot be negative")
        _require(value <= MOST, f"{type(rules).__name__}.{name} is {value}; at most {MOST}")


def _money(rules: object, *names: str) -> None:
    for name in names:
        value = getattr(rules, name)
        try:
            to_units(value)
        except (ValueError, OverflowError):
            raise ConfigError(
                f"{type(rules).__name__}.{name} is {value}; it must be a whole number of 1e-8"
            ) from None
        _require(
            abs(value) <= MOST_MONEY,
            f"{type(rules).__name__}.{name} is {value}; at most {MOST_MONEY}",
        )


def _known(what: str, symbol: str) -> None:
    _require(symbol in INSTRUMENTS, f"{what} is {symbol!r}; known are {', '.join(INSTRUMENTS)}")


MOST_SWEEP_PRICES: Final = 50
BAR_KINDS: Final = ("time", "tick", "volume", "range", "delta")


@dataclass(frozen=True)
class BarRules:
    """What ends a bar, and the price rows of `row_ticks` that the patterns see.

    Kind "time": after `seconds`, aligned to the epoch. Else with the trade that fills it: "tick" at
    `size` trades, "volume" at `size` lots, "range" when high - low reaches `size` ticks, "delta"
    when buy less sell volume reaches `size` lots either way.
    """

    seconds: int = 300
    row_ticks: int = 1
    kind: str = "time"
    size: int = 1000

    def __post_init__(self) -> None:
        _positive(self, "seconds", "row_ticks", "size")
        _require(
            self.kind in BAR_KINDS,
            f"BarRules.kind is {self.kind!r}; it is one of {', '.join(BAR_KINDS)}",
        )
        _require(
            self.seconds <= 86_400, f"BarRules.seconds is {self.seconds}; at most a day, 86400"
        )


@dataclass(frozen=True)
class PatternRules:
    ratio: float = 3.0
    min_volume: int = 10
    stack_levels: int = 3
    exhaustion_levels: int = 3
    exhaustion_max_levels: int = 5
    exhaustion_fall: float = 0.30
    absorption_levels: int = 3
    absorption_share: float = 0.60
    min_absorption: int = 150
    divergence_bars: int = 5
    unfinished_volume: int = 5
    unfinished_memory: int = 50

    def __post_init__(self) -> None:
        _positive(
            self, "ratio", "min_volume", "stack_levels", "absorption_levels", "min_absorption",
            "unfinished_memory", "exhaustion_max_levels",
        )  # fmt: skip
        _not_negative(self, "unfinished_volume")
        for name in ("exhaustion_fall", "absorption_share"):
            value = getattr(self, name)
            _require(0 < value <= 1, f"PatternRules.{name} is {value}; it must be in (0, 1]")
        _require(
            2 <= self.exhaustion_levels <= self.exhaustion_max_levels,
            f"PatternRules.exhaustion_levels is {self.exhaustion_levels}; it must be at least 2 "
            f"and at most exhaustion_max_levels ({self.exhaustion_max_levels})",
        )
        _require(
            3 <= self.divergence_bars <= 50,
            f"PatternRules.divergence_bars is {self.divergence_bars}; it must be 3 to 50",
        )


@dataclass(frozen=True)
class TapeRules:
    """What counts as a large trade and as a sweep, and how many zones and naked POCs are kept.

    `large_trade_size` 0: the size that `large_trade_share` of the day's trades reach at most, once
    there were `large_trade_after` of them. A sweep takes `sweep_prices` within `sweep_ms`.
    """

    large_trade_size: int = 0
    large_trade_share: float = 0.995
    large_trade_after: int = 1000
    sweep_ms: int = 50
    sweep_prices: int = 3
    zone_memory: int = 50

    def __post_init__(self) -> None:
        _positive(self, "large_trade_after", "sweep_ms", "sweep_prices", "zone_memory")
        _not_negative(self, "large_trade_size")
        share = self.large_trade_share
        _require(
            0 < share <= 1 and round(share, 6) == share,
            f"TapeRules.large_trade_share is {share}; it must be above 0, at most 1, and have at "
            "most six decimal places",
        )
        _require(
            2 <= self.sweep_prices <= MOST_SWEEP_PRICES,
            f"TapeRules.sweep_prices is {self.sweep_prices}; it must be 2 to {MOST_SWEEP_PRICES}",
        )


@dataclass(frozen=True)
class RegimeRules:
    min_bars: int = 21
    adx_period: int = 14
    atr_period: int = 14
    fast_ema: int = 9
    slow_ema: int = 21
    after_open_s: int = 300
    before_close_s: int = 900
    min_volume_ratio: float = 0.30
    winning_score: float = 4.0
    news: tuple[Window, ...] = ()  # no trading in them

    def __post_init__(self) -> None:
        _positive(self, "min_bars", "fast_ema", "slow_ema", "adx_period", "atr_period")
        _not_negative(self, "after_open_s", "before_close_s", "min_volume_ratio")
        for name, most in (("adx_period", 100), ("atr_period", 100), ("slow_ema", 500)):
            value = getattr(self, name)
            _require(value <= most, f"RegimeRules.{name} is {value}; at most {most}")
        for start, end in self.news:
            _require(
                start < end, f"RegimeRules.news: window {start}..{end} does not end after it starts"
            )


UP, DOWN, RANGING, VOLATILE = (
    Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE,
)  # fmt: skip

DEFAULT_MATRIX: Final[dict[Pattern, tuple[Regime, ...]]] = {
    Pattern.BUY_IMBALANCE: (RANGING,),
    Pattern.SELL_IMBALANCE: (RANGING,),
    Pattern.STACKED_BUY_IMBALANCE: (VOLATILE,),
    Pattern.STACKED_SELL_IMBALANCE: (VOLATILE,),
    Pattern.BUYING_EXHAUSTION: (DOWN, RANGING),
    Pattern.SELLING_EXHAUSTION: (UP, RANGING),
    Pattern.SELLING_ABSORPTION: (DOWN, RANGING),
    Pattern.BUYING_ABSORPTION: (UP, RANGING),
    Pattern.BEARISH_DELTA_DIVERGENCE: (DOWN,),
    Pattern.BULLISH_DELTA_DIVERGENCE: (UP,),
    Pattern.UNFINISHED_HIGH: (),
    Pattern.UNFINISHED_LOW: (),
    Pattern.UNFINISHED_REVISITED: (),
}


@dataclass(frozen=True)
class RouterRules:
    """Which pattern may trade in which regime. `bias`: +1 long only, -1 short only, 0 both."""

    matrix: Mapping[Pattern, tuple[Regime, ...]] = field(default_factory=lambda: DEFAULT_MATRIX)
    bias: Mapping[Regime, int] = field(
        default_factory=lambda: {UP: 1, DOWN: -1, RANGING: 0, VOLATILE: 0}
    )
    size_multiplier: Mapping[Regime, Decimal] = field(
        default_factory=lambda: {
            UP: Decimal("1.0"), DOWN: Decimal("1.0"),
            RANGING: Decimal("0.75"), VOLATILE: Decimal("0.5"),
        }
    )  # fmt: skip
    min_strength: float = 0.5
    min_confidence: float = 0.6

    def __post_init__(self) -> None:
        for name in ("min_strength", "min_confidence"):
            value = getattr(self, name)
            _require(0 <= value <= 1, f"RouterRules.{name} is {value}; it must be 0 to 1")
        for pattern, regimes in self.matrix.items():
            _require(
                Regime.NO_TRADE not in regimes,
                f"RouterRules.matrix: {Pattern(pattern).name} cannot be enabled in NO_TRADE",
            )
        for regime in (UP, DOWN, RANGING, VOLATILE):
            bias, multiplier = self.bias.get(regime, 0), self.size_multiplier.get(regime, 0)
            _require(
                bias in (-1, 0, 1),
                f"RouterRules.bias: {regime.name} is {bias}; it is +1, -1 or 0",
            )
            _require(
                0 < multiplier <= MOST,
                f"RouterRules.size_multiplier: {regime.name} is {multiplier}; it must be above 0",
            )


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
        _require(bool(self.name), "Tier.name is empty")
        if self.symbol:
            _known("Tier.symbol", self.symbol)
        _not_negative(self, "max_size")
        _require(
            1 <= self.min_size <= self.max_size,
            f"Tier.min_size is {self.min_size}; it must be at least 1 and at most max_size "
            f"({self.max_size})",
        )
        _require(self.loss_limit > 0, f"Tier.loss_limit is {self.loss_limit}; it must be above 0")
        _money(self, "min_balance", "loss_limit")

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
        _positive(
            self, "stop_ticks", "target_ticks", "profit_target", "loss_limit", "max_drawdown",
            "stale_s", "max_rejects", "rejects_window_s", "lots_per_unit", "trail_step_ticks",
        )  # fmt: skip
        _not_negative(
            self, "cooldown_bars", "break_even_after_ticks", "break_even_plus_ticks", "trail_ticks",
            "trail_after_ticks", "time_stop_s",
        )  # fmt: skip
        _require(
            not 0 < self.break_even_after_ticks <= self.break_even_plus_ticks,
            f"RiskRules.break_even_plus_ticks is {self.break_even_plus_ticks}; it must be below "
            f"break_even_after_ticks ({self.break_even_after_ticks})",
        )
        _money(self, "profit_target", "loss_limit", "max_drawdown")
        _require(len(self.tiers) > 0, "RiskRules.tiers is empty; at least one tier is needed")
        balances = [tier.min_balance for tier in self.tiers]
        _require(
            balances == sorted(set(balances)),
            f"RiskRules.tiers: balances {', '.join(map(str, balances))} must rise from tier to "
            "tier",
        )
        names = [tier.name for tier in self.tiers]
        _require(
            len(set(names)) == len(names),
            f"RiskRules.tiers: names {', '.join(names)} must differ",
        )
        for symbol, limit in self.margin_limits.items():
            _known("RiskRules.margin_limits: a symbol", symbol)
            _require(
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
        _not_negative(self, "latency_ms", "slippage_ticks")
        _require(
            self.profile in FILL_NAMES,
            f"FillRules.profile is {self.profile!r}; it is one of {', '.join(FILL_NAMES)}",
        )
        _require(
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
        _require(bool(self.id), "AccountRules.id is empty")
        _positive(self, "balance")
        _money(self, "balance")
        if self.peak is not None:
            _money(self, "peak")


@dataclass(frozen=True)
class EngineConfig:
    """All the engine is told. `instrument` is the feed's; tiers may trade a sibling of it."""

    instrument: Instrument
    bars: BarRules = field(default_factory=BarRules)
    patterns: PatternRules = field(default_factory=PatternRules)
    regime: RegimeRules = field(default_factory=RegimeRules)
    router: RouterRules = field(default_factory=RouterRules)
    risk: RiskRules = field(default_factory=RiskRules)
    fills: FillRules = field(default_factory=FillRules)
    account: AccountRules = field(default_factory=AccountRules)
    tape: TapeRules = field(default_factory=TapeRules)

    def __post_init__(self) -> None:
        for tier in self.risk.tiers:
            if tier.symbol:
                _require(
                    instrument(tier.symbol).tick == self.instrument.tick,
                    f"EngineConfig.risk.tiers: {tier.symbol} of tier {tier.name} and the feed's "
                    f"{self.instrument.symbol} have different ticks",
                )

    def read(self, tree: Tree) -> Self:
        """A copy with what the tree names replaced (`engine.settings`); SettingsError says all that
        is wrong. A fill profile that is named brings its assumptions."""
        fills = tree.get("fills")
        profile = (
            FILL_PROFILES.get(str(fills.get("profile"))) if isinstance(fills, Mapping) else None
        )
        return read(replace(self, fills=profile) if profile else self, tree)

    def override(self, values: Mapping[str, str]) -> Self:
        """A copy with dotted settings replaced, parsed by the type of each ("risk.stop_ticks")."""
        return self.read(overrides(self, values))

    def settings(self) -> list[str]:
        """The dotted names that `override` takes."""
        return [name for name, kind in settings(self).items() if is_text(kind)]

    def as_tree(self, *, changed: bool = False) -> Tree:
        """What `config_from` gives this configuration for: every setting, or what differs from the
        symbol's defaults."""
        base = engine_config(self.instrument.symbol)
        if not changed:
            return as_tree(self, base)
        tree = changes(self, replace(base, fills=FILL_PROFILES[self.fills.profile]))
        if self.fills.profile != base.fills.profile:
            named: Tree = {"fills": {"profile": self.fills.profile}}
            tree = merged(named, tree)
        return tree

    def as_dict(self) -> dict[str, Any]:
        """The whole tree as JSON types: Decimals as strings, names for enums."""
        return {str(key): plain(value) for key, value in asdict(self).items()}

    @cached_property
    def digest(self) -> str:
        """12 hex digits that name this configuration."""
        return _digest(self.as_dict())

    @cached_property
    def rules_digest(self) -> str:
        """12 hex digits that name it without the account: the same from day to day."""
        return _digest({key: rules for key, rules in self.as_dict().items() if key != "account"})


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:12]


# min_volume and min_absorption by symbol; others take ES's.
VOLUMES: Final = {
    "ES": (10, 150),
    "MES": (5, 30),
    "NQ": (5, 60),
    "MNQ": (5, 30),
    "CL": (5, 50),
    "GC": (5, 40),
}


def engine_config(symbol: str, **sections: Any) -> EngineConfig:
    """The defaults for a symbol; keyword arguments replace whole sections.

    ES and MES share the capital tiers; without an account given, ES starts at 10,000 and
    everything else at 2,500, so that a replay of ES trades ES and one of MES trades MES.
    """
    feed = instrument(symbol)
    volume, absorption = VOLUMES.get(symbol, VOLUMES["ES"])
    defaults: dict[str, Any] = {
        "patterns": PatternRules(min_volume=volume, min_absorption=absorption),
        "risk": RiskRules(tiers=INDEX_TIERS if symbol in ("ES", "MES") else SINGLE_TIER),
        "account": AccountRules(balance=Decimal(10_000 if symbol == "ES" else 2_500)),
    }
    return EngineConfig(instrument=feed, **{**defaults, **sections})


def config_from(symbol: str, tree: Tree) -> EngineConfig:
    """The defaults for a symbol with what the tree names replaced.

    >>> config_from("MES", {"risk": {"stop_ticks": "12"}}).risk.stop_ticks
    12
    """
    return engine_config(symbol).read(tree)
