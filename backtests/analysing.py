"""Stage one of a backtest: each day's ticks become its analysis, once, in any order, by anybody.

The ticks are decoded once, and scanned block by block while they are still in the processor's
cache; on the way they are copied into the file that re-runs map. Without a cache times and prices,
which the account asks for, are copied aside instead.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backtests.cache import AnalysisCache, DayKey
from backtests.days import DayFacts, check_grid, day_facts, facts_of, trading_day
from backtests.errors import DayFailed
from backtests.plan import Plan
from backtests.versions import analysis_digest
from engine.day_analysis import DayAnalysis, DayScan
from engine.errors import EngineError
from engine.schedule import TradingDay
from engine.ticks import TickColumns
from marketdata.feeds import BLOCK_TICKS, split
from marketdata.store import TickStore

Times = npt.NDArray[np.int64]
Prices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Analysed:
    """A day that the account can run through. `ts` and `price` are those of its good ticks, until
    the next day is asked for. `kept`: it was analysed before."""

    facts: DayFacts
    hours: TradingDay
    analysis: DayAnalysis
    ts: Times
    price: Prices
    kept: bool


class Analyst:
    """Analyses days of a plan, or finds them analysed."""

    def __init__(self, plan: Plan, store: TickStore, cache: AnalysisCache) -> None:
        self.plan, self.store, self.cache = plan, store, cache
        self._settings = analysis_digest(plan.config)
        self._aside = _Aside()

    def key(self, facts: DayFacts) -> DayKey:
        """What the analysis of a day with these facts depends on."""
        hours = trading_day(self.plan.config.instrument, facts.info.day, self.plan.session)
        return DayKey(self.plan.symbol, facts.digest, self._settings, hours)

    def forget(self, day: date) -> None:
        """Analyse it anew, whatever is kept."""
        self.cache.forget(self.key(day_facts(self.store, self.plan.symbol, day)))

    def day(self, day: date) -> Analysed:
        """The day. StoreError when it cannot be read, DayFailed when it cannot be analysed."""
        facts = day_facts(self.store, self.plan.symbol, day)
        check_grid(facts.info, self.plan.config.instrument)
        key = self.key(facts)
        ticks = self.cache.columns(key)
        if ticks is not None:
            analysis, kept = self._analysis(key, split(ticks, BLOCK_TICKS))
            return _analysed(facts, key, analysis, ticks.ts, ticks.price, kept)
        stored = self.store.read(self.plan.symbol, day)
        facts = facts_of(stored)
        key = self.key(facts)
        copy = self.cache.writer(key, facts.count) or self._aside.of(facts.count)
        try:
            analysis, kept = self._analysis(key, _copied(stored.columns(), copy))
            ts, price, *_ = copy.done()
        except _NotWritten as error:
            self.cache.fails(error.why)
            return self.day(day)
        finally:
            copy.drop()
        return _analysed(facts, key, analysis, ts, price, kept)

    def _analysis(self, key: DayKey, blocks: Iterable[TickColumns]) -> tuple[DayAnalysis, bool]:
        """The analysis, and whether it was kept; all blocks are taken in any case."""
        arrays = self.cache.arrays(key)
        if arrays is not None:
            for _ in blocks:
                pass
            return DayAnalysis.from_arrays(arrays), True
        scan = DayScan(self.plan.config, key.hours)
        try:
            for block in blocks:
                scan.push(block)
                del block  # the decoder's memory is free for the next one
            analysis = scan.finish()
        except EngineError as error:
            raise DayFailed(f"{key.symbol} {key.day}: {error}") from error
        self.cache.keep(key, analysis.as_arrays())
        return analysis, False


class _Copy(Protocol):
    """Where the day's blocks are copied to."""

    def add(self, block: TickColumns) -> None: ...
    def done(self) -> tuple[Any, ...]: ...
    def drop(self) -> None: ...


class _Aside:
    """Times and prices of one day in memory, which the next day takes."""

    def __init__(self) -> None:
        self._ts, self._price = np.empty(0, np.int64), np.empty(0, np.int32)
        self._taken = 0

    def of(self, ticks: int) -> "_Aside":
        """Room for a day."""
        if len(self._ts) < ticks:
            self._ts, self._price = np.empty(ticks, np.int64), np.empty(ticks, np.int32)
        self._taken = 0
        return self

    def add(self, block: TickColumns) -> None:
        end = self._taken + len(block.ts)
        self._ts[self._taken : end], self._price[self._taken : end] = block.ts, block.price
        self._taken = end

    def done(self) -> tuple[Times, Prices]:
        return self._ts[: self._taken], self._price[: self._taken]

    def drop(self) -> None:
        """Memory is kept for the next day."""


class _NotWritten(Exception):
    """The disk did not take a day's columns."""

    def __init__(self, why: OSError) -> None:
        self.why = why
        super().__init__(str(why))


def _copied(blocks: Iterable[TickColumns], copy: _Copy) -> Iterator[TickColumns]:
    for block in blocks:
        try:
            copy.add(block)
        except OSError as error:
            raise _NotWritten(error) from error
        yield block
        del block


def _analysed(
    facts: DayFacts, key: DayKey, analysis: DayAnalysis, ts: Times, price: Prices, kept: bool
) -> Analysed:
    ts, price = analysis.good(ts, price)
    return Analysed(facts, key.hours, analysis, ts, price, kept)
