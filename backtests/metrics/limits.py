"""Days in tiers, and days that limits halted."""

from backtests.outcome import Outcome
from engine.risk import ENDS_WITH_DAY


def tiers_in_order(outcome: Outcome) -> list[str]:
    """Tiers that were reached: the plan's from its lowest, then those that only runs joined to it
    had."""
    reached = {day.tier for day in outcome.days} | {done.tier for done in outcome.trades}
    reached |= {name for day in outcome.days for _, *names in day.tiers for name in names}
    known = [tier.name for tier in outcome.plan.config.risk.tiers if tier.name in reached]
    return known + sorted(reached.difference(known))


def days_in_tiers(outcome: Outcome) -> dict[str, int]:
    """Tiers that were reached, in order, with the days that ended in each."""
    ended = [day.tier for day in outcome.days]
    return {name: ended.count(name) for name in tiers_in_order(outcome)}


def days_halted(outcome: Outcome) -> dict[str, int]:
    """By limit, the days on which it held at some moment. One that only a person ends holds on the
    days after too, until it is lifted."""
    counts: dict[str, int] = {}
    holding: set[str] = set()
    for day in outcome.days:
        holding.difference_update(ENDS_WITH_DAY)
        for halt in holding | {halt for _, halt, _ in day.halts}:
            counts[halt] = counts.get(halt, 0) + 1
        moves = [(ts, False, halt) for ts, halt, _ in day.lifted]
        moves += [(ts, True, halt) for ts, halt, _ in day.halts]
        for _, begins, halt in sorted(moves):
            (holding.add if begins else holding.discard)(halt)
    return dict(sorted(counts.items()))
