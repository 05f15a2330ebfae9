"""Days in tiers, and days that limits halted."""

from backtests.outcome import Outcome
from engine.risk import ENDS_WITH_DAY


def days_in_tiers(outcome: Outcome) -> dict[str, int]:
    """Tiers that were reached, lowest first, with the days that ended in each."""
    reached = {day.tier for day in outcome.days}
    reached |= {name for day in outcome.days for _, *names in day.tiers for name in names}
    ended = [day.tier for day in outcome.days]
    known = [tier.name for tier in outcome.plan.config.risk.tiers]
    return {name: ended.count(name) for name in sorted(reached, key=known.index)}


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
