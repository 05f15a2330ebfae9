"""Backtests whose results are a formula of their settings and a seeded draw for each day: what a
sweep makes of them can be known in advance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import numpy as np

from backtests.plan import Plan
from backtests.sweeps.ran import Ran
from engine.config import EngineConfig, engine_config
from engine.money import UNITS, to_units

BALANCE = 10_000


def plan(days: int = 60, config: EngineConfig | None = None) -> Plan:
    first = date(2025, 1, 2)
    return Plan(
        symbol="ES",
        days=tuple(first + timedelta(days=number) for number in range(days)),
        config=config or engine_config("ES"),
    )


def no_edge(config: EngineConfig) -> float:
    return 0.0


def around_sixteen(config: EngineConfig) -> float:
    """Best at a stop of 16, a little worse to either side."""
    return 60 - 4 * abs(config.risk.stop_ticks - 16)


def wide(config: EngineConfig) -> float:
    """About as good from 14 to 18, and nothing outside."""
    far = abs(config.risk.stop_ticks - 16)
    return 60.0 - far if far <= 2 else 0.0


def only_sixteen(config: EngineConfig) -> float:
    return 60.0 if config.risk.stop_ticks == 16 else 0.0


@dataclass
class Market:
    """An `Evaluate`. `edge` is what a configuration earns a day on average; `noise` is its own."""

    edge: Callable[[EngineConfig], float] = no_edge
    noise: float = 100.0
    seed: int = 0
    runs: list[Plan] = field(default_factory=list)

    def __call__(self, plans: Sequence[Plan]) -> list[Ran]:
        self.runs += plans
        return [self.ran(each) for each in plans]

    def ran(self, plan: Plan) -> Ran:
        rules = plan.config.rules_digest
        edge = self.edge(plan.config)
        luck = [Random(f"{self.seed} {rules} {day}").gauss() for day in plan.days]
        nets = [round(edge + self.noise * each) * UNITS for each in luck]
        opening = to_units(plan.config.account.balance)
        openings = [opening + sum(nets[:at]) for at in range(len(nets))]
        moved = np.array(nets, float) / UNITS
        spread = float(moved.std(ddof=1)) if len(nets) > 1 else 0.0
        return Ran(
            config=plan.config.digest,
            analysis=rules,
            data="made up",
            code="test",
            trades=len(nets),
            wins=sum(net > 0 for net in nets),
            openings=tuple(openings),
            nets=tuple(nets),
            scores={
                "sharpe": float(moved.mean()) / spread * 252**0.5 if spread else None,
                "expectancy": float(moved.mean()),
                "net": float(moved.sum()),
                "calmar": None,
            },
            synthetic=True,
        )
