"""Stage one of a backtest: each day's ticks become its analysis, once, in any order, by anybody.

The ticks are decoded once, and scanned into bars block by block while they are still in the
processor's cache; on the way times and prices, which the account asks for, are copied into the file
that re-runs map, or aside where there is no cache. Other patterns are looked for in kept bars, and
other rules of risk find all of it: neither decodes a tick.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from backtests.cache import AnalysisCache, DayKey
from backtests.columns import PriceColumns
from backtests.days import DayFacts, check_grid, day_facts, facts_of, trading_day
from backtests.errors import DayFailed
from backtests.plan import Plan
from backtests.versions import analysis_digest, bars_digest
from engine.day_analysis import DayAnalysis, Judge
from engine.day_bars import DayBars, DayScan, bars_settings
from engine.errors import EngineError
from engine.schedule import TradingDay
from engine.ticks import TickColumns
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
        self._bars, self._analysis = bars_digest(plan.config), analysis_digest(plan.config)
        self._measures = bars_settings(plan.config)
        self._aside = _Aside()

    @cached_property
    def _judge(self) -> Judge:
        return Judge(self.plan.config)

    def key(self, facts: DayFacts) -> DayKey:
        """What the analysis of a day with these facts depends on."""
        hours = trading_day(self.plan.config.instrument, facts.info.day, self.plan.session)
        return DayKey(self.plan.symbol, facts.digest, self._bars, self._analysis, hours)

    def forget(self, day: date) -> None:
        """Analyse it anew, whatever is kept."""
        self.cache.forget(self.key(day_facts(self.store, self.plan.symbol, day)))

    def day(self, day: date) -> Analysed:
        """The day. StoreError when it cannot be read, DayFailed when it cannot be analysed."""
        facts = day_facts(self.store, self.plan.symbol, day)
        check_grid(facts.info, self.plan.config.instrument)
        key = self.key(facts)
        ticks = self.cache.columns(key)
        found = self._kept(key) if ticks is not None else None
        if ticks is None or found is None:
            return self._read(day)
        return _analysed(facts, key, ticks, *found)

    def _read(self, day: date) -> Analysed:
        """The day from the tick store; what is kept of it already is not made again."""
        stored = self.store.read(self.plan.symbol, day)
        facts = facts_of(stored)
        key = self.key(facts)
        ticks = self.cache.columns(key)
        if ticks is not None:
            return _analysed(facts, key, ticks, *self._found(key, stored.columns()))
        copy = self.cache.writer(key, facts.count) or self._aside.of(facts.count)
        try:
            found = self._found(key, _copied(stored.columns(), copy))
            ticks = copy.done()
        except _NotWritten as error:
            self.cache.fails(error.why)
            return self.day(day)
        finally:
            copy.drop()
        return _analysed(facts, key, ticks, *found)

    def _kept(self, key: DayKey) -> tuple[DayAnalysis, bool] | None:
        """The analysis, if it needs no ticks, and whether it was kept."""
        words = self.cache.analysis(key)
        if words is not None:
            return DayAnalysis(words), True
        bars = self.cache.bars(key)
        return None if bars is None else (self._judged(key, DayBars(bars)), False)

    def _found(self, key: DayKey, blocks: Iterable[TickColumns]) -> tuple[DayAnalysis, bool]:
        """The same of these ticks, if it needs them; all blocks are taken in any case."""
        found = self._kept(key)
        if found is None:
            return self._judged(key, self._measured(key, blocks)), False
        for _ in blocks:
            pass
        return found

    def _measured(self, key: DayKey, blocks: Iterable[TickColumns]) -> DayBars:
        scan = DayScan(self.plan.config, key.hours, self._measures)
        try:
            for block in blocks:
                scan.push(block)
                del block  # the decoder's memory is free for the next one
            bars = scan.finish()
        except EngineError as error:
            raise DayFailed(f"{key.symbol} {key.day}: {error}") from error
        self.cache.keep_bars(key, bars.words)
        return bars

    def _judged(self, key: DayKey, bars: DayBars) -> DayAnalysis:
        analysis = self._judge.judge(bars, key.hours)
        self.cache.keep_analysis(key, analysis.words)
        return analysis


class _Copy(Protocol):
    """Where the day's blocks are copied to."""

    def add(self, block: PriceColumns) -> None: ...
    def done(self) -> PriceColumns: ...
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

    def add(self, block: PriceColumns) -> None:
        end = self._taken + len(block.ts)
        self._ts[self._taken : end], self._price[self._taken : end] = block.ts, block.price
        self._taken = end

    def done(self) -> PriceColumns:
        return PriceColumns(self._ts[: self._taken], self._price[: self._taken])

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
            copy.add(PriceColumns(block.ts, block.price))
        except OSError as error:
            raise _NotWritten(error) from error
        yield block
        del block


def _analysed(
    facts: DayFacts, key: DayKey, ticks: PriceColumns, analysis: DayAnalysis, kept: bool
) -> Analysed:
    return Analysed(facts, key.hours, analysis, *analysis.good(*ticks), kept)
