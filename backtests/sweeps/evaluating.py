"""Runs a sweep's plans in this process or in several, those that share an analysis together.

What comes of a plan depends on the plan and the ticks alone: workers change how long it takes.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from backtests.plan import Plan
from backtests.runner import run
from backtests.sweeps.ran import Ran, ran
from backtests.versions import analysis_digest
from marketdata.store import TickStore


class Runs(Protocol):
    """Runs plans in any order, and gives each plan's place with what came of it when it is done."""

    def __call__(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Ran]]: ...


class SweepStopped(Exception):
    """Somebody asked the sweep to stop. What is done is kept."""


def by_analysis(plans: Sequence[Plan]) -> list[int]:
    """The plans' places, those of one analysis after each other: it is made once, and is still
    cached, also by the system, when the next one needs it."""
    first: dict[str, int] = {}
    digests = [analysis_digest(plan.config) for plan in plans]
    for at, digest in enumerate(digests):
        first.setdefault(digest, at)
    return sorted(range(len(plans)), key=lambda at: (first[digests[at]], at))


class Here:
    """In this process, or with `workers` above 1 in so many."""

    def __init__(
        self, store: TickStore, *, workers: int = 1, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self.store = store
        self.workers = workers
        self.stop = stop

    def __call__(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Ran]]:
        order = by_analysis(plans)
        if self.workers == 1 or len(order) < 2:
            for at in order:
                self._ask()
                yield at, run_one(plans[at], self.store)
        else:
            yield from self._in_processes(plans, order)

    def _ask(self) -> None:
        if self.stop():
            raise SweepStopped

    def _in_processes(
        self, plans: Sequence[Plan], order: Sequence[int]
    ) -> Iterator[tuple[int, Ran]]:
        # Spawned and not forked: this process has a database connection and threads.
        with ProcessPoolExecutor(
            min(self.workers, len(order)), get_context("spawn"), initializer=_left_to_its_parent
        ) as pool:
            waiting: dict[Future[Ran], int] = {}
            left = iter(order)
            try:
                while True:
                    for at in left:
                        task = pool.submit(_run_there, plans[at], self.store.root)
                        waiting[task] = at
                        if len(waiting) >= 2 * self.workers:
                            break
                    if not waiting:
                        return
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for task in done:
                        yield waiting.pop(task), task.result()
                    self._ask()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def run_one(plan: Plan, store: TickStore) -> Ran:
    """One plan, whole."""
    return ran(run(plan, store=store))


def _run_there(plan: Plan, root: Path) -> Ran:
    return run_one(plan, TickStore(root))


def _left_to_its_parent() -> None:
    """Ctrl-C reaches the whole group; the parent says what is to be done about it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
