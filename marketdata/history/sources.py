"""Where a warm-up's ticks come from: the tick store, and Databento's history within a budget."""

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.instruments import Instrument
from engine.schedule import TradingDay
from engine.ticks import MAX_TS, NS
from marketdata.errors import HistoryError
from marketdata.feeds import Counts, StoredTicks
from marketdata.feeds.clean import Cleaner
from marketdata.history.api import HistoryApi, Span
from marketdata.history.download import dollars
from marketdata.history.fetch import Fetch
from marketdata.history.records import stored

if TYPE_CHECKING:
    from marketdata.history.warm_up import Store
    from marketdata.store import TickStore

ATTEMPTS: Final = 3
"""A start does not wait long for Databento."""
ALIGNED_NS: Final = 600 * NS
"""Databento's count of records is exact between full ten minutes."""


def stored_ticks(store: "TickStore", symbol: str, contract: str) -> "Store":
    """The store's days of this contract, as the exchange told them: with sides and sequences. What
    was inferred, simulated or is another contract's counts as not stored."""

    def ticks(day: TradingDay) -> Iterator[StoredTicks]:
        if not store.has(symbol, day.day):
            return
        found = store.read(symbol, day.day)
        info = found.info
        if info.contract == contract and info.side == "aggressor" and not info.synthetic:
            yield from found.blocks()

    return ticks


class HistoryTicks:
    """`history` of one contract, for not more than `most` dollars in all. `folder` is its own. The
    key and the gateway are looked at when something is asked."""

    def __init__(
        self, key: str, gateway: str, spec: Instrument, contract: str, folder: Path, most: Decimal
    ) -> None:
        self._ask: Callable[[], HistoryApi] = lambda: HistoryApi(key, gateway, attempts=ATTEMPTS)
        self._made: HistoryApi | None = None
        self.spec = spec
        self.contract = contract
        self.folder = folder
        self.most = most
        self.spent = Decimal(0)

    @property
    def api(self) -> HistoryApi:
        """HistoryError without a key, or with a gateway that cannot be."""
        if self._made is None:
            self._made = self._ask()
        return self._made

    def __call__(self, start: int, end: int) -> list[StoredTicks]:
        """The ticks received in [start, end), UTC ns; HistoryError when they cannot be had."""
        span = Span(
            self.contract, start - start % ALIGNED_NS, end + (ALIGNED_NS - end) % ALIGNED_NS
        )
        until = self.api.available_until()
        if until < end:
            hours = (end - until) / NS / 3600
            raise HistoryError(f"Databento's history ends {hours:.1f} hours before that")
        span = Span(span.contract, span.start, min(span.end, until))
        cost = self.api.cost(span)
        if not cost.records:
            return []
        self._pay(cost.dollars)
        return self._fetch(span, start, end, cost.records)

    def _pay(self, more: Decimal) -> None:
        if self.spent + more > self.most:
            raise HistoryError(
                f"the ticks cost {dollars(more)}, and WARMUP_MAX_COST is {self.most}"
            )
        self.spent += more

    def _fetch(self, span: Span, start: int, end: int, expected: int) -> list[StoredTicks]:
        price = self.spent / max(expected, 1)  # at most: earlier questions are in it
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        try:
            fetch = Fetch(
                self.api,
                span,
                self.folder,
                lambda text: None,
                again=lambda records: self._pay(price * records),
            )
            found, clean = [], Cleaner(self.spec, Counts(), unique=None)
            for records in fetch.run(expected).records():
                received = records["ts_recv"]
                records = records[(received >= np.uint64(start)) & (received < np.uint64(end))]
                ticks = stored(records, clean, 0, MAX_TS)
                if len(ticks.ts_event):
                    found.append(ticks)
            return found
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
