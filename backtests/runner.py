"""Runs backtests: the days of a plan, in order, to an `Outcome`.

Stage one analyses each day (`analysing`), in several processes if that is asked for (`pool`);
stage two lets the account run through the days, one after the other. What comes of it depends on
neither the number of processes nor on what was cached: it is what one engine over all days gives
(`single`).
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date

from backtests.analysing import Analysed, Analyst
from backtests.cache import AnalysisCache, the_cache
from backtests.days import digest_of, session_hours
from backtests.ledger import DayRun, Ledger
from backtests.outcome import DayDone, Outcome, Progress
from backtests.plan import Plan
from backtests.pool import Pool
from backtests.single import run_single
from backtests.versions import code_version
from engine.account_run import AccountRun
from engine.events import Event
from marketdata.store import TickStore, the_store

__all__ = ["account_days", "analyse_day", "run", "run_single"]


def analyse_day(plan: Plan, day: date, *, store: TickStore, cache: AnalysisCache) -> bool:
    """Make sure that a day's analysis and ticks are in the cache. True: the analysis was."""
    return Analyst(plan, store, cache).day(day).kept


def account_days(plan: Plan, *, store: TickStore, cache: AnalysisCache) -> Iterator[DayDone]:
    """The account through all days; those that are not in the cache are analysed."""
    return _account(plan, map(Analyst(plan, store, cache).day, plan.days))


def run(
    plan: Plan,
    *,
    store: TickStore | None = None,
    cache: AnalysisCache | None = None,
    workers: int = 1,
    fresh: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run the plan. `progress` is told after each day, `stop` asked before each: the outcome then
    is that of the days so far. `fresh`: what is cached of these days is made anew.

    StoreError, DayFailed or PlanError when a day cannot be used.
    """
    store = the_store() if store is None else store
    cache = the_cache() if cache is None else cache
    told = Progress(days=len(plan.days))
    analyst, days, digests = Analyst(plan, store, cache), list[DayDone](), dict[date, str]()
    stopped = False
    if fresh:
        for day in plan.days:
            analyst.forget(day)

    def asked() -> bool:
        nonlocal stopped
        stopped = stopped or stop()
        return stopped

    def analysed() -> Iterator[Analysed]:
        with _in_processes(plan, store, cache, workers, asked, told) as ready:
            for day, kept in ready:
                if asked():
                    return
                found = analyst.day(day)
                told.kept += found.kept if kept is None else kept
                digests[day] = found.facts.digest
                yield found

    for done in _account(plan, analysed()):
        days.append(done)
        told.done, told.day = len(days), done.day
        told.ticks += done.ticks
        if cache.trouble and cache.trouble not in told.notes:
            told.notes.append(cache.trouble)
        progress(told)
    return Outcome(
        plan=plan,
        days=tuple(days),
        data_digest=digest_of(digests.items()),
        code=code_version(),
        stopped=stopped,
    )


@contextmanager
def _in_processes(
    plan: Plan,
    store: TickStore,
    cache: AnalysisCache,
    workers: int,
    stop: Callable[[], bool],
    told: Progress,
) -> Iterator[Iterable[tuple[date, bool | None]]]:
    """The days, each when it may be looked at, and whether it was analysed before (None: nobody
    looked)."""
    if workers > 1 and not cache.usable:
        told.notes.append(f"{cache.trouble}; one process does it all")
    if workers == 1 or not cache.usable or len(plan.days) == 1:
        yield ((day, None) for day in plan.days)
        return
    with Pool(plan, store, cache, min(workers, len(plan.days))) as pool:
        yield pool.analysed(stop)


def _account(plan: Plan, days: Iterable[Analysed]) -> Iterator[DayDone]:
    """Stage two: a day is given when the one after it was run, for only then it is over."""
    run = AccountRun(plan.config, session_hours(plan.config.instrument, plan.session))
    ledger, contract = Ledger(plan.config, run.carry()), None
    for day in days:
        events: list[Event] = []
        info = day.facts.info
        if contract not in (None, info.contract):
            events += run.roll()
        contract = info.contract
        events += run.run(day.analysis, day.ts, day.price)
        done = DayRun(
            day=info.day,
            start=day.hours.start,
            contract=info.contract,
            ticks=day.analysis.ticks,
            dropped=sum(day.analysis.drops.values()),
            bars=len(day.analysis.bars),
            signals=run.signals,
            approved=run.approved,
            synthetic=info.synthetic,
            inferred=info.side == "inferred",
        )
        yield from ledger.day(done, events)
    yield from ledger.end(run.finish())
