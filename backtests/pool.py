"""Stage one in several processes, which leave what they make in the cache.

Days are handed out in stretches, in order, so that the account can begin with the first ones. The
processes are started afresh, for a copy of a running one would share its locks and threads. They
leave Ctrl-C to the one that started them, end when it does, and begin no day when nobody waits any
more. When one dies, what was under way is done again by new ones; days that are analysed by then
are found in the cache.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from datetime import date
from itertools import takewhile
from multiprocessing.synchronize import Event
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import structlog

from backtests.analysing import Analyst
from backtests.cache import AnalysisCache
from backtests.errors import DayFailed
from backtests.plan import Plan
from marketdata.store import TickStore

log = structlog.get_logger(__name__)

ROUNDS: Final = 4
"""Stretches for each process, so that they end at about the same time."""
LONGEST: Final = 10
MOST_DEATHS: Final = 3
ASK_EVERY_S: Final = 0.2
"""How often it is asked whether to stop while the account waits for a day."""

Kept = dict[date, bool]


class Pool:
    """`workers` processes that analyse a plan's days; a context manager."""

    def __init__(self, plan: Plan, store: TickStore, cache: AnalysisCache, workers: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._over = self._context.Event()
        self._begin = plan, store.root, cache.root, cache.most, self._over
        self._workers = workers
        self._stretches = stretches(plan.days, workers)
        self._futures: list[Future[Kept]] = []
        self._deaths = 0
        self._start()

    def analysed(self, stop: Callable[[], bool]) -> Iterator[tuple[date, bool]]:
        """Each day in order, once it is in the cache, and whether it was before. Ends early when
        `stop` says so. What a worker raised is raised here."""
        for number, stretch in enumerate(self._stretches):
            kept = self._kept(number, stop)
            if kept is None:
                return
            for day in stretch:
                yield day, kept[day]

    def _kept(self, number: int, stop: Callable[[], bool]) -> Kept | None:
        while not stop():
            future = self._futures[number]
            wait([future], ASK_EVERY_S)
            if not future.done():
                continue
            try:
                return future.result()
            except BrokenProcessPool as error:
                self._deaths += 1
                log.warning("backtest_worker_died", deaths=self._deaths)
                if self._deaths >= MOST_DEATHS:
                    raise DayFailed(
                        f"processes that analyse days died {self._deaths} times, the last near "
                        f"{self._stretches[number][0]}; see whether memory ran out, or take fewer "
                        "--workers"
                    ) from error
                self._start(number)
        return None

    def _start(self, first: int = 0) -> None:
        """New processes, for the stretches from `first` on."""
        self._executor = ProcessPoolExecutor(
            self._workers,
            self._context,
            initializer=_begin,
            initargs=self._begin,
        )
        del self._futures[first:]
        for stretch in self._stretches[first:]:
            self._futures.append(self._executor.submit(_analyse, stretch))

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._executor.shutdown(wait=True, cancel_futures=True)


def stretches(days: Sequence[date], workers: int) -> list[tuple[date, ...]]:
    """The days cut into consecutive parts."""
    size = min(max(-(-len(days) // (workers * ROUNDS)), 1), LONGEST)
    return [tuple(days[start : start + size]) for start in range(0, len(days), size)]


_mine: dict[str, Any] = {}


def _begin(plan: Plan, store: Path, cache: Path | None, most: int, over: Event) -> None:
    """What a process does first."""
    import pyarrow as pa

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pa.set_cpu_count(1)  # there are as many of us as there shall be
    _mine["over"] = over
    _mine["analyst"] = Analyst(plan, TickStore(store), AnalysisCache(cache, most))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _analyse(days: Sequence[date]) -> Kept:
    """The days, or those before nobody waited for them any more."""
    analyst: Analyst = _mine["analyst"]
    over: Event = _mine["over"]
    return {day: analyst.day(day).kept for day in takewhile(lambda _: not over.is_set(), days)}
