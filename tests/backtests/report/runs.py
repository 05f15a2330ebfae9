"""Runs that a report has to bear: an ordinary year, and the edges."""

from dataclasses import replace
from datetime import date
from typing import Final

from backtests.outcome import Outcome
from engine.account_rules import FILL_PROFILES, INDEX_TIERS
from engine.names import Halt
from tests.backtests.outcomes import by_ticks, outcome, settings

HOSTILE: Final = '</script><img src=x onerror="alert(1)"><a href="https://example.com">'


def year(days: int = 60, trades: int = 400) -> Outcome:
    """With tiers that it goes through, and missing days."""
    config = settings("MES", 2_500)
    config = replace(config, risk=replace(config.risk, tiers=INDEX_TIERS))
    return outcome(days=days, trades=trades, seed=3, config=config, edge=0.1, missing=3)


def no_days() -> Outcome:
    return replace(outcome(days=1), days=())


def stopped() -> Outcome:
    run = outcome(days=9, trades=30)
    return replace(run, days=run.days[:4], stopped=True)


def ruined() -> Outcome:
    return by_ticks([[-16, -16]] * 9, balance=300)


def ended() -> Outcome:
    """Its drawdown limit was reached on the second day."""
    run = by_ticks([[-16], [-16], [], []])
    halted = replace(run.days[1], halts=((1, Halt.MAX_DRAWDOWN.value, "too much"),))
    return replace(run, days=(run.days[0], halted, *run.days[2:]))


def ideal() -> Outcome:
    run = by_ticks([[24, -16]])
    config = replace(run.plan.config, fills=FILL_PROFILES["ideal"])
    return replace(run, plan=replace(run.plan, config=config))


def guessed() -> Outcome:
    """The first day's sides are inferred; both days are recorded."""
    run = by_ticks([[24], [-16]])
    first, last = (replace(day, synthetic=False) for day in run.days)
    return replace(run, days=(replace(first, inferred=True), last))


def hostile() -> Outcome:
    """Every name that a person can choose is an attack."""
    low = replace(INDEX_TIERS[0], name=HOSTILE)
    high = replace(INDEX_TIERS[1], name="=cmd|' /C calc'!A0" + HOSTILE)
    config = settings("MES", 3_400)
    config = replace(config, risk=replace(config.risk, tiers=(low, high)))
    run = outcome(days=12, trades=60, seed=5, config=config, edge=0.2, code=HOSTILE, data=HOSTILE)
    return replace(run, plan=replace(run.plan, config_name=HOSTILE, missing=(date(2025, 1, 8),)))


EDGES: Final = {
    "no days": no_days,
    "no trades": lambda: outcome(days=20, trades=0),
    "one day": lambda: outcome(days=1, trades=6),
    "one trade": lambda: by_ticks([[24]]),
    "all lost": lambda: by_ticks([[-16, -16], [-16]]),
    "stopped": stopped,
    "ruined": ruined,
    "ended": ended,
    "ideal": ideal,
    "coins": lambda: outcome(days=8, trades=40, symbol="BTCUSDT", session="all"),
    "hostile": hostile,
}
