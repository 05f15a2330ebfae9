"""Runs a sweep's plans in this process or in several.

What comes of a plan depends on the plan and the ticks alone: workers change how long it takes. One
plan of each analysis is run before the others of it, so that days are analysed once: by all
workers together when there are few analyses, each by a worker of its own when there are many.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from backtests.cache import AnalysisCache
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


def by_analysis(plans: Sequence[Plan]) -> list[list[int]]:
    """The plans' places, those of one analysis and the same days together."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for at, plan in enumerate(plans):
        groups.setdefault((analysis_digest(plan.config), plan.days), []).append(at)
    return list(groups.values())


class Here:
    """In this process, or with `workers` above 1 in so many."""

    def __init__(
        self,
        store: TickStore,
        cache: AnalysisCache,
        *,
        workers: int = 1,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.store = store
        self.cache = cache
        self.workers = workers
        self.stop = stop

    def __call__(self, plans: Sequence[Plan]) -> Iterator[tuple[int, Ran]]:
        groups = by_analysis(plans)
        if self.workers == 1 or len(plans) < 2:
            yield from self._one_by_one(plans, [at for group in groups for at in group], 1)
            return
        first = [group[0] for group in groups]
        others = [at for group in groups for at in group[1:]]
        # Spawned and not forked: this process has a database connection and threads.
        with ProcessPoolExecutor(
            min(self.workers, len(plans)),
            get_context("spawn"),
            initializer=_begin,
            initargs=(self.store.root, self.cache.root, self.cache.most),
        ) as pool:
            try:
                if len(first) < self.workers:
                    yield from self._one_by_one(plans, first, self.workers)
                else:
                    yield from self._in(pool, plans, first)
                yield from self._in(pool, plans, others)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _ask(self) -> None:
        if self.stop():
            raise SweepStopped

    def _one_by_one(
        self, plans: Sequence[Plan], order: Iterable[int], workers: int
    ) -> Iterator[tuple[int, Ran]]:
        for at in order:
            self._ask()
            yield at, run_one(plans[at], self.store, self.cache, workers)

    def _in(
        self, pool: ProcessPoolExecutor, plans: Sequence[Plan], order: Iterable[int]
    ) -> Iterator[tuple[int, Ran]]:
        waiting: dict[Future[Ran], int] = {}
        left = iter(order)
        while True:
            self._ask()
            while len(waiting) < 2 * self.workers and (at := next(left, None)) is not None:
                waiting[pool.submit(_run_there, plans[at])] = at
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for task in done:
                yield waiting.pop(task), task.result()


def run_one(plan: Plan, store: TickStore, cache: AnalysisCache, workers: int = 1) -> Ran:
    """One plan, whole."""
    return ran(run(plan, store=store, cache=cache, workers=workers))


_mine: dict[str, tuple[TickStore, AnalysisCache]] = {}


def _begin(store: Path, cache: Path | None, most: int) -> None:
    """What a process does first. Ctrl-C reaches all of us; the parent says what is to be done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _mine["here"] = TickStore(store), AnalysisCache(cache, most)


def _run_there(plan: Plan) -> Ran:
    return run_one(plan, *_mine["here"])
