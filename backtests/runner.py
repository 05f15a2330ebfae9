"""Runs backtests: the days of a plan, in order, to an `Outcome`."""

from collections.abc import Callable

from backtests.outcome import Outcome, Progress
from backtests.plan import Plan
from backtests.single import run_single
from marketdata.store import TickStore, the_store

__all__ = ["run", "run_single"]


def run(
    plan: Plan,
    *,
    store: TickStore | None = None,
    workers: int = 1,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run the plan. `progress` is told after each day, `stop` asked before each."""
    outcome = run_single(plan, store or the_store())
    progress(Progress(days=len(plan.days), done=len(outcome.days), ticks=outcome.ticks))
    return outcome
