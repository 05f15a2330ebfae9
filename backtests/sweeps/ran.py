"""What a sweep keeps of each backtest that it ran: enough to rank it and say what it is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Self

import numpy as np

from backtests.metrics import ratios
from backtests.metrics.columns import Floats
from backtests.outcome import Outcome
from backtests.versions import analysis_digest
from engine.money import UNITS, to_decimal, to_units

OBJECTIVES: Final = ("sharpe", "expectancy", "net", "calmar")


@dataclass(frozen=True, kw_only=True)
class Ran:
    """`openings` and `nets` are balances and their changes by day, units; `scores` the objectives,
    None where one is not defined, as without a trade; `synthetic` and `inferred` are the ticks'."""

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
        """All days together, units."""
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
        money = {
            name: tuple(to_units(Decimal(each)) for each in content[name])
            for name in ("openings", "nets")
        }
        return cls(**{**content, **money})


def ran(outcome: Outcome) -> Ran:
    """The digest of a run. The objectives are the figures of the same names (`backtests.metrics`),
    but an account that is lost keeps its bad score instead of none."""
    config = outcome.plan.config
    nets = [done.net for done in outcome.trades]
    found = Ran(
        config=config.digest,
        analysis=analysis_digest(config),
        data=outcome.data_digest,
        code=outcome.code,
        trades=len(nets),
        wins=sum(net > 0 for net in nets),
        openings=tuple(day.opening for day in outcome.days),
        nets=tuple(day.net for day in outcome.days),
        scores={},
        synthetic=any(day.synthetic for day in outcome.days),
        inferred=any(day.inferred for day in outcome.days),
    )
    return replace(found, scores=_scores(found, nets))


def _scores(found: Ran, nets: list[int]) -> dict[str, float | None]:
    returns = found.returns
    enough = len(returns) >= ratios.FEWEST_DAYS
    return {
        "sharpe": ratios.sharpe(returns),
        "expectancy": sum(nets) / len(nets) / UNITS if nets else None,
        "net": found.net / UNITS,
        "calmar": ratios.calmar(returns) if enough else None,
    }
