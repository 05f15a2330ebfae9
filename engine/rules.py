"""The numbers of a configuration that compiled code reads, as one record."""

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.config import BAR_KINDS, BarRules, EngineConfig
from engine.names import Pattern, Regime
from engine.ticks import NS

_INTS: Final = (
    "min_volume", "stack_levels", "exhaustion_levels", "exhaustion_max_levels",
    "absorption_levels", "min_absorption", "divergence_bars", "unfinished_volume",
    "unfinished_memory", "row_ticks", "min_bars", "adx_period", "atr_period", "fast_ema",
    "slow_ema", "after_open", "before_close",
)  # fmt: skip
_FLOATS: Final = (
    "ratio", "exhaustion_fall", "absorption_share", "min_volume_ratio", "winning_score",
    "min_strength", "min_confidence",
)  # fmt: skip
RULES: Final = np.dtype(
    [(name, np.int64) for name in _INTS] + [(name, np.float64) for name in _FLOATS]
)


def compiled_rules(config: EngineConfig) -> npt.NDArray[np.void]:
    """One RULES record."""
    rules = np.zeros(1, RULES)
    for section in (config.patterns, config.regime, config.router, config.bars):
        for name in RULES.names or ():
            if hasattr(section, name):
                rules[name] = getattr(section, name)
    rules["after_open"] = config.regime.after_open_s * NS
    rules["before_close"] = config.regime.before_close_s * NS
    return rules


def bar_length(bars: BarRules) -> tuple[int, int]:
    """The scan's kind of bar, and its length: ns, trades, lots, ticks, lots."""
    kind = BAR_KINDS.index(bars.kind)
    return kind, bars.seconds * NS if bars.kind == "time" else bars.size


def compiled_matrix(config: EngineConfig) -> npt.NDArray[np.int64]:
    """The router's matrix [pattern, regime] of 0 and 1; the row behind the patterns is the bias."""
    matrix = np.zeros((len(Pattern) + 1, len(Regime)), np.int64)
    for pattern, regimes in config.router.matrix.items():
        for regime in regimes:
            matrix[pattern, regime] = 1
    for regime, direction in config.router.bias.items():
        matrix[-1, regime] = direction
    return matrix
