"""What a backtest is asked to run. Everything that its outcome depends on is in the plan and the
stored ticks; how many workers run it, and what is cached, changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from engine.config import EngineConfig, config_from
from engine.settings import Tree


@dataclass(frozen=True)
class Plan:
    """`days` are the stored trading days to run, in order; `missing` are the sessions between the
    first and the last that are not stored, which every report states. `config` holds all: account,
    tiers, fills. `session` is "rth" or "all", the hours for entries."""

    symbol: str
    days: tuple[date, ...]
    config: EngineConfig
    config_name: str = ""
    session: str = "rth"
    missing: tuple[date, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What a task is sent, and a row keeps."""
        return {
            "symbol": self.symbol,
            "days": [day.isoformat() for day in self.days],
            "config": self.config.as_tree(),
            "config_name": self.config_name,
            "session": self.session,
            "missing": [day.isoformat() for day in self.missing],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The plan that `as_json` gave this for."""
        symbol: str = content["symbol"]
        tree: Tree = content["config"]
        return cls(
            symbol=symbol,
            days=tuple(map(date.fromisoformat, content["days"])),
            config=config_from(symbol, tree),
            config_name=content["config_name"],
            session=content["session"],
            missing=tuple(map(date.fromisoformat, content["missing"])),
        )
