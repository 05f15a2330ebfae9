"""Journals a live feed, day after day: each trading day its own journal, compacted when it is over.

The trading day follows the ticks: the first tick at or after the day's end begins the next one. One
that comes late stays in the day that it came in.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import structlog

from engine.instruments import Instrument
from marketdata.calendars import schedule
from marketdata.errors import StoreError
from marketdata.feeds import FeedInfo, StoredTicks
from marketdata.store.info import DayInfo
from marketdata.store.store import TickStore

if TYPE_CHECKING:
    from engine.schedule import TradingDay
    from marketdata.store.appender import Appender

log = structlog.get_logger(__name__)


class LiveJournal:
    """`append` what a live feed gives, before anything is done with it.

    `info` is asked when a day begins: it then has that day's contract. `compacted` hears of each
    day that was compacted, with the symbol, in another thread; it must not raise. StoreError when
    the ticks cannot be kept; they must not be used then.
    """

    def __init__(
        self,
        store: TickStore,
        spec: Instrument,
        info: Callable[[], FeedInfo],
        *,
        compacted: Callable[[str, date], None] = lambda *_: None,
    ) -> None:
        self.store = store
        self._compacted = compacted
        self.spec = spec
        self.appended = 0
        self._info = info
        self._schedule = schedule(spec, "all")
        self._open: tuple[TradingDay, Appender] | None = None
        self._compacting = ThreadPoolExecutor(1, thread_name_prefix="compact")

    @property
    def last(self) -> tuple[int, int] | None:
        """ts_event and sequence of the last tick that was kept, also by an earlier process; None
        without one."""
        if self._open is not None and self._open[1].last is not None:
            return self._open[1].last
        return self.store.last(self.spec.symbol)

    def append(self, ticks: StoredTicks) -> None:
        """Keep them; `durable.py` says how soon they are safe from what."""
        while len(ticks.ts_event):
            if self._open is None:
                self._open = self._begin(self._schedule.at(int(ticks.ts_event[0])))
            day, appender = self._open
            over = ticks.ts_event >= day.end
            upto = int(over.argmax()) if over.any() else len(ticks.ts_event)
            if upto:
                appender.append(ticks.part(slice(upto)))
                self.appended += upto
            ticks = ticks.part(slice(upto, None))
            if len(ticks.ts_event):
                self._open = None
                appender.close()

    def sync(self) -> None:
        """Put everything on disk, now. From any thread: a day that ends meanwhile is put there by
        who ends it."""
        opened = self._open
        if opened is not None:
            opened[1].sync()

    def close(self) -> None:
        """On disk and done; waits for a compaction that runs."""
        opened, self._open = self._open, None
        try:
            if opened is not None:
                opened[1].close()
        finally:
            self._compacting.shutdown()

    def _begin(self, day: "TradingDay") -> "tuple[TradingDay, Appender]":
        info = self._info()
        facts = DayInfo(
            symbol=self.spec.symbol,
            day=day.day,
            contract=info.contract,
            tick=self.spec.tick,
            lot=self.spec.lot,
            source=info.source,
            side=info.side,
            synthetic=info.synthetic,
            warnings=info.warnings,
        )
        appender = self.store.appender(facts)
        self._compacting.submit(self._compact_before, day.day)
        return day, appender

    def _compact_before(self, day: date) -> None:
        for each in self.store.journalled(self.spec.symbol):
            if each >= day:
                return
            try:
                self.store.compact(self.spec.symbol, each)
            except (StoreError, OSError) as error:
                # The journal is still there, and as good to read.
                log.warning("day_not_compacted", day=each.isoformat(), error=str(error))
            except Exception:
                log.exception("day_not_compacted", day=each.isoformat())
            else:
                self._compacted(self.spec.symbol, each)
