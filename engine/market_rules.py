"""The rules by which a market is read: bars, patterns, tape, regime, router."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from engine.checks import MOST, not_negative, positive, require
from engine.names import Pattern, Regime
from engine.scalars import Window

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
        positive(self, "seconds", "row_ticks", "size")
        require(
            self.kind in BAR_KINDS,
            f"BarRules.kind is {self.kind!r}; it is one of {', '.join(BAR_KINDS)}",
        )
        require(self.seconds <= 86_400, f"BarRules.seconds is {self.seconds}; at most a day, 86400")


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
        positive(
            self, "ratio", "min_volume", "stack_levels", "absorption_levels", "min_absorption",
            "unfinished_memory", "exhaustion_max_levels",
        )  # fmt: skip
        not_negative(self, "unfinished_volume")
        for name in ("exhaustion_fall", "absorption_share"):
            value = getattr(self, name)
            require(0 < value <= 1, f"PatternRules.{name} is {value}; it must be in (0, 1]")
        require(
            2 <= self.exhaustion_levels <= self.exhaustion_max_levels,
            f"PatternRules.exhaustion_levels is {self.exhaustion_levels}; it must be at least 2 "
            f"and at most exhaustion_max_levels ({self.exhaustion_max_levels})",
        )
        require(
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
        positive(self, "large_trade_after", "sweep_ms", "sweep_prices", "zone_memory")
        not_negative(self, "large_trade_size")
        share = self.large_trade_share
        require(
            0 < share <= 1 and round(share, 6) == share,
            f"TapeRules.large_trade_share is {share}; it must be above 0, at most 1, and have at "
            "most six decimal places",
        )
        require(
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
        positive(self, "min_bars", "fast_ema", "slow_ema", "adx_period", "atr_period")
        not_negative(self, "after_open_s", "before_close_s", "min_volume_ratio")
        for name, most in (("adx_period", 100), ("atr_period", 100), ("slow_ema", 500)):
            value = getattr(self, name)
            require(value <= most, f"RegimeRules.{name} is {value}; at most {most}")
        for start, end in self.news:
            require(
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
            require(0 <= value <= 1, f"RouterRules.{name} is {value}; it must be 0 to 1")
        for pattern, regimes in self.matrix.items():
            require(
                Regime.NO_TRADE not in regimes,
                f"RouterRules.matrix: {Pattern(pattern).name} cannot be enabled in NO_TRADE",
            )
        for regime in (UP, DOWN, RANGING, VOLATILE):
            bias, multiplier = self.bias.get(regime, 0), self.size_multiplier.get(regime, 0)
            require(
                bias in (-1, 0, 1),
                f"RouterRules.bias: {regime.name} is {bias}; it is +1, -1 or 0",
            )
            require(
                0 < multiplier <= MOST,
                f"RouterRules.size_multiplier: {regime.name} is {multiplier}; it must be above 0",
            )
