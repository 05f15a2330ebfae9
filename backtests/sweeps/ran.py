"""What a sweep keeps of each backtest that it ran: enough to rank it and say what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

import numpy as np

from backtests.sweeps.luck import Floats
from engine.money import to_decimal, to_units

OBJECTIVES: Final = ("sharpe", "expectancy", "net", "calmar")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """`openings` and `nets` are balances and their changes by day, units; `scores` the objectives
    (None
    where one is not defined, as without a trade); `synthetic` and `inferred` are the ticks'."""

    config: str
    analysis: str
    data: str
    code: str
    trades: int
    wins: int
    openings: tuple[int, ...]
    nets: tuple[int, ...]
    scores: Mapping[str, float | None]
    synthetic: bool = False
    inferred: bool = False

    @property
    def net(self) -> int:
        return sum(self.nets)

    @property
    def closing(self) -> int:
        """The balance that it ended with."""
        return self.openings[-1] + self.nets[-1] if self.nets else 0

    @property
    def returns(self) -> Floats:
        """By day, of the day's opening balance; 0 once there is nothing left."""
        opening = np.array(self.openings, np.float64)
        return np.divide(
            np.array(self.nets, np.float64), opening, out=np.zeros(len(opening)), where=opening > 0
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "config": self.config,
            "analysis": self.analysis,
            "data": self.data,
            "code": self.code,
            "trades": self.trades,
            "wins": self.wins,
            "openings": [str(to_decimal(each)) for each in self.openings],
            "nets": [str(to_decimal(each)) for each in self.nets],
            "scores": dict(self.scores),
            "synthetic": self.synthetic,
            "inferred": self.inferred,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """What `as_json` gave this for."""
        return cls(
            config=content["config"],
            analysis=content["analysis"],
            data=content["data"],
            code=content["code"],
            trades=content["trades"],
            wins=content["wins"],
            openings=tuple(to_units(Decimal(each)) for each in content["openings"]),
            nets=tuple(to_units(Decimal(each)) for each in content["nets"]),
            scores=content["scores"],
            synthetic=content["synthetic"],
            inferred=content["inferred"],
        )
