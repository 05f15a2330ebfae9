"""Monte Carlo: the run's days or trades in another luck, and what the account would have been.

Ways that answer different questions:

- `days` (the one that counts): whole days drawn with replacement. What happened on one day stays
  together: its market, its limits and halts, its sizes. `block` draws several days in a row
  together, for results that last longer than a day.
- `trades`: single trades drawn with replacement into the run's days. As if each trade were
  independent of the day's others; the difference to `days` shows what they have in common.
- `order`: the same trades in another order. The end is the run's; only the way there differs.

In these P&L is the run's money, as it was: a path that falls would have traded smaller, one that
rises larger, and each goes on below the ruin level. Where the run can be replayed from its trades
there is a fourth:

- `retiered`: the days of `days`, each trade with the size that the path's account would have had
  (`backtests.stress.retiered`). Ruin and the drawdown limit end a path.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from backtests.stress.chances import (
    Json,
    chance,
    money,
    quantiles,
)
from backtests.stress.errors import StressError
from backtests.stress.kernel import MONTH, NEVER, QUARTER, Column
from backtests.stress.ledger import Ints, Ledger
from backtests.stress.retiered import replay_of, retiered
from backtests.stress.spoken import said
from backtests.stress.walk import Paths, as_run, walk
from engine.instruments import instrument
from engine.money import to_units
from engine.text import units_text

FAN: Final = (5, 25, 50, 75, 95)
BANDS: Final = (2.5, 5, 25, 50, 75, 95, 97.5)
DEPTHS: Final = (10, 20, 30, 50)
"""Drawdowns in percent whose chance is told."""
OF_LIMIT: Final = (1, 2, 4, 8)
"""Drawdowns in quarters of the account's limit whose chance is told."""


@dataclass(frozen=True)
class MonteCarlo:
    """What is asked. `ruin` is the balance (units) at which the account is over; None: what
    `ruin_level` says. `days` is how far each path goes; None: as far as the run."""

    paths: int = 1000
    seed: int = 1
    block: int = 1
    days: int | None = None
    ruin: int | None = None


def ruin_level(ledger: Ledger) -> tuple[int, str]:
    """The balance at which the account cannot trade any more, and why that."""
    rules = ledger.config.risk
    tier = rules.tiers[0]
    symbol = tier.symbol or ledger.config.instrument.symbol
    margin = rules.margin_limits.get(symbol)
    if margin is None:
        return 0, f"nothing is left; no margin is set for {symbol} (risk.margin_limits)"
    lots = tier.min_size * rules.lots_per_unit
    level = int(to_units(margin) * instrument(symbol).quantity(lots))
    return level, f"the margin of {lots} {symbol}, the least that tier {tier.name} trades"


def monte_carlo(ledger: Ledger, asked: MonteCarlo) -> Json:
    """All three ways; `order` is left out where paths are longer or shorter than the run."""
    level, why = ruin_level(ledger)
    if asked.ruin is not None:
        level, why = asked.ruin, "as asked"
    if level >= ledger.opening:
        raise StressError(
            f"ruin is at a balance of {units_text(level)}, and the run begins with "
            f"{units_text(ledger.opening)}; name a lower one with --ruin"
        )
    run = as_run(ledger)
    ways = ["days"]
    if len(ledger.net):
        ways += ["trades"] if asked.days not in (None, len(ledger.days)) else ["trades", "order"]
    found = {
        way: _summary(ledger, _paths(ledger, way, asked), level, fixed=way == "order")
        for way in ways
    }
    refused = _add_retiered(found, ledger, asked, level)
    answer: Json = {
        "paths": asked.paths,
        "seed": asked.seed,
        "block": asked.block,
        "days": asked.days or len(ledger.days),
        "trades": len(ledger.net),
        "opening": units_text(ledger.opening),
        "ruin": {"level": units_text(level), "why": why},
        "limit": units_text(ledger.config.risk.max_drawdown_units),
        "main": "days",
        "not_retiered": refused,
        "run": _of_run(run),
        "ways": found,
        "tiers": sorted({done.tier for done in ledger.trades}),
    }
    return {**answer, "sentences": said(answer)}


def _add_retiered(found: dict[str, Json], ledger: Ledger, asked: MonteCarlo, level: int) -> str:
    """Add the way `retiered`, or say why it cannot be."""
    if not len(ledger.net):
        return "there are no trades"
    replay, refused = replay_of(ledger)
    if refused:
        return refused
    done = retiered(
        replay, paths=asked.paths, seed=asked.seed, ruin=level, block=asked.block, days=asked.days
    )
    n = len(done.paths)
    found["retiered"] = {
        **_summary(ledger, done.paths, level, fixed=False),
        "paths": n,
        "unknown": done.unknown,
        "stopped": chance(done.limit, n),
        "ruin": chance(done.ruined, n),
        "tiers": [{"tier": tier, **chance(count, n)} for tier, count in done.tier.items()],
    }
    return ""


def _paths(ledger: Ledger, way: str, asked: MonteCarlo) -> Paths:
    block = asked.block if way == "days" else 1
    return walk(ledger, way, paths=asked.paths, seed=asked.seed, block=block, days=asked.days)


def _of_run(run: Paths) -> Json:
    """The run by the same measures, and its way."""
    row = [int(value) for value in run.table[0]]
    return {
        "final": units_text(row[Column.FINAL]),
        "low": units_text(row[Column.LOW]),
        "drawdown": units_text(row[Column.DRAWDOWN]),
        "depth": float(run.depth[0]),
        "streak": row[Column.STREAK],
        "under_water": row[Column.UNDER_WATER],
        "limit_days": row[Column.LIMIT_DAYS],
        "recovery": None if row[Column.RECOVERY] == NEVER else row[Column.RECOVERY],
        "day": run.marks.tolist(),
        "balance": money(run.fan[:, 0]),
    }


def _summary(ledger: Ledger, paths: Paths, level: int, *, fixed: bool) -> Json:
    """What all paths of one way come to. `fixed`: they all end where the run did."""
    n = len(paths)
    final, low, drawdown = (paths.column(c) for c in (Column.FINAL, Column.LOW, Column.DRAWDOWN))
    every = [part / 100 for part in range(101)]
    bands = [band / 100 for band in BANDS]
    ordered = np.sort(paths.fan, axis=1)
    limit = ledger.config.risk.max_drawdown_units
    depth = np.sort(paths.depth)
    return {
        "fan": {
            "day": paths.marks.tolist(),
            **{str(p): money(_row_quantile(ordered, p / 100)) for p in FAN},
        },
        "final": {
            "bands": dict(zip(map(str, BANDS), money(quantiles(final, bands)), strict=True)),
            "curve": money(quantiles(final, every)),
            "loss": None if fixed else chance(int((final < ledger.opening).sum()), n),
        },
        "low": dict(zip(map(str, BANDS), money(quantiles(low, bands)), strict=True)),
        "drawdown": {
            "bands": dict(zip(map(str, BANDS), money(quantiles(drawdown, bands)), strict=True)),
            "curve": money(quantiles(drawdown, every)),
            "depth_bands": {str(b): float(depth[_rank(b / 100, n)]) for b in BANDS},
            "depth_curve": [float(depth[_rank(part, n)]) for part in every],
            "depths": [
                {"percent": p, **chance(int((paths.depth >= p / 100).sum()), n)} for p in DEPTHS
            ],
            "amounts": [
                {
                    "amount": units_text(limit * quarters // 4),
                    **chance(int((drawdown >= limit * quarters // 4).sum()), n),
                }
                for quarters in OF_LIMIT
            ],
            "limit": chance(int((drawdown >= limit).sum()), n),
        },
        "ruin": chance(int((low <= level).sum()), n),
        "month": _periods(paths, Column.LOSING_MONTHS, MONTH),
        "quarter": _periods(paths, Column.LOSING_QUARTERS, QUARTER),
        "under_water": _bands(paths.column(Column.UNDER_WATER)),
        "recovery": _recovery(paths),
        "limit_day": chance(int((paths.column(Column.LIMIT_DAYS) > 0).sum()), n),
        "limit_days": _bands(paths.column(Column.LIMIT_DAYS)),
        "streak": _bands(paths.column(Column.STREAK)),
    }


def _rank(part: float, n: int) -> int:
    return int(np.clip(np.ceil(part * n - 1e-9) - 1, 0, n - 1))


def _row_quantile(ordered: Ints, part: float) -> Ints:
    found: Ints = ordered[:, _rank(part, ordered.shape[1])]
    return found


def _bands(counts: Ints) -> dict[str, int]:
    return dict(zip(map(str, BANDS), quantiles(counts, [b / 100 for b in BANDS]), strict=True))


def _periods(paths: Paths, column: Column, length: int) -> Json | None:
    """How many whole periods lost money, of all of all paths; None if a path has no whole one."""
    whole = paths.days // length
    if not whole:
        return None
    lost = paths.column(column)
    return {
        "days": length,
        "each": chance(int(lost.sum()), whole * len(paths)),
        "any": chance(int((lost > 0).sum()), len(paths)),
        "of": whole,
    }


def _recovery(paths: Paths) -> Json:
    """Days from the bottom of the deepest drawdown to a new high, of the paths that reached one."""
    fell = paths.column(Column.DRAWDOWN) > 0
    days = paths.column(Column.RECOVERY)[fell]
    back = days[days != NEVER]
    return {
        "days": _bands(back) if len(back) else None,
        "never": chance(len(days) - len(back), len(days)) if len(days) else None,
    }
