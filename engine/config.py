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

from engine.account_rules import (
    FILL_PROFILES,
    INDEX_TIERS,
    SINGLE_TIER,
    AccountRules,
    FillRules,
    RiskRules,
    Tier,
    fill_profile,
)
from engine.checks import require
from engine.instruments import Instrument, instrument
from engine.market_rules import (
    BAR_KINDS,
    DEFAULT_MATRIX,
    MOST_SWEEP_PRICES,
    BarRules,
    PatternRules,
    RegimeRules,
    RouterRules,
    TapeRules,
)
from engine.settings import Tree, is_text, merged, overrides, read, settings
from engine.written import as_tree, changes, plain

__all__ = [
    "BAR_KINDS",
    "DEFAULT_MATRIX",
    "INDEX_TIERS",
    "MOST_SWEEP_PRICES",
    "SINGLE_TIER",
    "VOLUMES",
    "AccountRules",
    "BarRules",
    "EngineConfig",
    "FillRules",
    "PatternRules",
    "RegimeRules",
    "RiskRules",
    "RouterRules",
    "TapeRules",
    "Tier",
    "config_from",
    "engine_config",
    "fill_profile",
]


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
                require(
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
