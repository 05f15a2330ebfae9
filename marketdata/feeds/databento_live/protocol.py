"""Databento's own client protocol, with its records gathered for us.

Trades, which are nearly all records, stay bytes until a read is over and become one array; every
other record stands between them in the order in which it came. Where the consumer is slow reading
is paused, so that memory is bounded and the gateway notices.

Imports databento: import this lazily.
"""

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import databento_dbn
import numpy as np
import numpy.typing as npt
from databento.live.protocol import DatabentoLiveProtocol

from marketdata.feeds.databento_live.access import Access
from marketdata.feeds.files.dbn_frames import layout

# What it logs is said by us, once and without tracebacks; at DEBUG it would log every record.
logging.getLogger("databento").setLevel(logging.CRITICAL)

MOST_WAITING: Final = 1 << 17
"""Records that may wait before reading is paused; it goes on at a quarter."""
MOST_AT_ONCE: Final = 1 << 14

TRADE: Final = layout(databento_dbn.TradeMsg)
TRADE_OUT: Final = layout(databento_dbn.TradeMsg, ts_out=True)
DTYPES: Final = {dtype.itemsize: dtype for dtype in (TRADE, TRADE_OUT)}

Records = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Trades:
    """Trade records, and when they were read: our clock, and the monotonic one, ns."""

    records: Records
    wall: int
    steady: int


@dataclass(frozen=True, slots=True)
class Record:
    """Any other record."""

    record: Any
    wall: int
    steady: int


Item = Trades | Record


class Receiver(DatabentoLiveProtocol):
    """`get` what came in; `ended` and `failure` say when and why nothing will any more."""

    def __init__(self, access: Access) -> None:
        super().__init__(
            api_key=access.key,
            dataset=access.dataset,
            ts_out=True,
            heartbeat_interval_s=access.timing.heartbeat,
            slow_reader_behavior="warn",
        )
        self.failure: Exception | None = None
        self.ended = False
        self.waiting = 0
        self.pauses = 0
        self.heard_at = time.monotonic()
        self._items: deque[Item] = deque()
        self._trades: list[bytes] = []
        self._woken = asyncio.Event()
        self._paused = False
        # Nobody may ask for these futures' exceptions; asyncio would log them.
        for future in (self.authenticated, self.disconnected, self.metadata_received):
            future.add_done_callback(_retrieved)

    @property
    def paused(self) -> bool:
        """Reading waits for the consumer."""
        return self._paused

    async def get(self, timeout: float) -> Item | None:
        """What came next; None when nothing came in time, or nothing will come any more."""
        if not self._items and not self.ended:
            self._woken.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._woken.wait()
            except TimeoutError:
                return None
        if not self._items:
            return None
        item = self._items.popleft()
        if isinstance(item, Trades):
            item = self._joined(item)
            self.waiting -= len(item.records)
        else:
            self.waiting -= 1
        if self._paused and self.waiting <= MOST_WAITING // 4:
            self._paused = False
            self.heard_at = time.monotonic()
            if not self.ended:
                self.transport.resume_reading()
        return item

    def abort(self) -> None:
        """Close at once."""
        with suppress(ValueError):  # was never connected
            self.transport.abort()

    # What the client library calls

    def buffer_updated(self, nbytes: int) -> None:
        self.heard_at = time.monotonic()
        try:
            super().buffer_updated(nbytes)
            self._flush()
        except Exception as error:  # noqa: BLE001 - it is no DBN; asyncio would log a traceback
            self.failure = error
            self.transport.abort()
            return
        self._woken.set()
        if self.waiting > MOST_WAITING and not self._paused and not self.ended:
            self._paused = True
            self.pauses += 1
            self.transport.pause_reading()

    def received_record(self, record: Any) -> None:
        if type(record) is databento_dbn.TradeMsg:
            self._trades.append(bytes(record))
            return
        self._flush()
        self._items.append(Record(record, time.time_ns(), time.monotonic_ns()))
        self.waiting += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self.failure = self.failure or exc
        super().connection_lost(exc)
        self._woken.set()

    def _flush(self) -> None:
        if not self._trades:
            return
        data, size = b"".join(self._trades), len(self._trades[0])
        self._trades.clear()
        records = np.frombuffer(data, DTYPES[size])
        self._items.append(Trades(records, time.time_ns(), time.monotonic_ns()))
        self.waiting += len(records)

    def _joined(self, first: Trades) -> Trades:
        """With the trades that came right after them, when the consumer has fallen behind."""
        found, count = [first], len(first.records)
        while self._items and count < MOST_AT_ONCE:
            following = self._items[0]
            if not isinstance(following, Trades) or following.records.dtype != first.records.dtype:
                break
            self._items.popleft()
            found.append(following)
            count += len(following.records)
        if len(found) == 1:
            return first
        last = found[-1]
        return Trades(np.concatenate([each.records for each in found]), last.wall, last.steady)


def _retrieved(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
