"""Sierra Chart's intraday files (.scid): a header of 56 bytes, then a record of 40 bytes a trade.

    record: int64 microseconds since 1899-12-30 UTC; float open, high, low, close;
            uint32 trades, volume, bid volume, ask volume

- Of a trade, close is its price, high the ask and low the bid when it happened, and open is 0 or
  one of two marks, of the first and the last trade of a sweep. A feed that has no quotes repeats
  the price in all four.
- Volume at the ask was bought by the aggressor, at the bid sold; where both are 0 nobody knows.
- Anything else is a bar of several trades, and the file is refused: Sierra Chart keeps bars where
  it was not set to store each trade ("Intraday Data Storage Time Unit: 1 Tick").
- Prices are 32-bit floats. One is read as the price on the grid from which it is at most 2**-22 of
  itself away (ES at 5000: 0.0012): the nearest float to that price, or a neighbour of it. Where a
  tick is less than three times that, prices cannot be told apart and are off the grid.
- Some data services store prices without their decimals (4800.25 as 480025): `scale` says by what
  to multiply.
- Sierra Chart counts microseconds up to tell the trades of a millisecond apart. They are kept.
- The symbol is the file's name: ESZ25_FUT_CME.scid, ESZ5.CME.scid.

Described at sierrachart.com, "Intraday Data File Format".
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.instruments import INSTRUMENTS, NANO, Instrument
from marketdata.errors import FeedError
from marketdata.feeds import FeedInfo, doubts
from marketdata.feeds.clean import Ints, Trades
from marketdata.feeds.contracts import one_digit, root
from marketdata.feeds.files.reading import reading
from marketdata.feeds.files.recording import TradesFile
from marketdata.sides import Inference

HEADER: Final = np.dtype(
    [
        ("magic", "S4"), ("header_size", "<u4"), ("record_size", "<u4"), ("version", "<u2"),
        ("unused", "<u2"), ("utc_start", "<u4"), ("reserve", "V36"),
    ]
)  # fmt: skip
RECORD: Final = np.dtype(
    [
        ("time", "<i8"), ("open", "<f4"), ("high", "<f4"), ("low", "<f4"), ("close", "<f4"),
        ("trades", "<u4"), ("volume", "<u4"), ("bid_volume", "<u4"), ("ask_volume", "<u4"),
    ]
)  # fmt: skip
EPOCH_US: Final = 25_569 * 86_400 * 10**6
"""Microseconds from 1899-12-30 to 1970."""
LAST_US: Final = EPOCH_US + 2**62 // 1000
SWEEP_MARKS: Final = np.array([-1.99900095e37, -1.99900197e37], np.float32)
BATCH: Final = 1 << 14
TOLERANCE: Final = 2.0**-22
"""Of the price: at most two units in the last place of a 32-bit float, at least one and a half."""
APART: Final = 3
EXACT: Final = 2**53

_NAME: Final = re.compile(r"([A-Z0-9]+?[FGHJKMNQUVXZ]\d{1,2})(?=[._-]|$)")


class ScidFile(TradesFile):
    """The trades of a file, which is of one symbol."""

    hint = "; prices without their decimals (480025 for 4800.25) need --price-scale"

    def __init__(
        self,
        path: Path,
        symbol: str | None = None,
        contract: str | None = None,
        *,
        infer: Inference | None = None,
        scale: Decimal = Decimal(1),
    ) -> None:
        super().__init__(path, infer)
        self.scale = scale
        self._contract = self._named(contract)
        self.instrument = self._instrument(symbol)
        self._records = self._count()
        self._read = 0

    @property
    def info(self) -> FeedInfo:
        """What this is."""
        return FeedInfo(
            symbol=self.instrument.symbol,
            contract=self._contract,
            source=f"{self.path.name} (Sierra Chart)",
            side=self.side,
            warnings=doubts(self.counts, self.instrument.symbol),
        )

    @property
    def progress(self) -> float:
        """By records."""
        return self._read / max(self._records, 1)

    def trades(self) -> Iterator[Trades]:
        """All records; FeedError at the first that is no single trade."""
        self._read = 0
        with reading(self.path), self.path.open("rb") as file:
            file.seek(HEADER.itemsize)
            while data := file.read(BATCH * RECORD.itemsize):
                if len(data) % RECORD.itemsize:
                    raise FeedError(
                        f"{self.path}: cut off in the middle of a record; close it in Sierra Chart "
                        "and copy it again"
                    )
                records = np.frombuffer(data, RECORD)
                self._require_trades(records)
                self.counts.read += len(records)
                self._read += len(records)
                yield self._trades(records)

    def _trades(self, records: npt.NDArray[np.void]) -> Trades:
        bought, sold = records["ask_volume"] > 0, records["bid_volume"] > 0
        return Trades(
            ts=(records["time"] - EPOCH_US) * 1000,
            price=self._nano(records["close"]),
            size=records["volume"].astype(np.int64),
            side=bought.astype(np.int8) - sold.astype(np.int8),
            lots=True,
            lines=np.arange(len(records)) + self._read - len(records) + 1,
            bid=self._nano(records["low"]) if self.infer == "quotes" else None,
            ask=self._nano(records["high"]) if self.infer == "quotes" else None,
        )

    def _require_trades(self, records: npt.NDArray[np.void]) -> None:
        times, opened, close = records["time"], records["open"], records["close"]
        if ((times < EPOCH_US) | (times > LAST_US)).any():
            raise FeedError(
                f"{self.path}: has times of another kind (days as a floating-point number), or "
                "none at all; open and save it with a current Sierra Chart"
            )
        quoted = (opened == 0) | np.isin(opened, SWEEP_MARKS)
        repeated = (opened == close) & (records["high"] == close) & (records["low"] == close)
        single = (
            (quoted | repeated)
            & (records["trades"] <= 1)
            & ((records["bid_volume"] == 0) | (records["ask_volume"] == 0))
        )
        if not single.all():
            at = int(np.argmin(single))
            when = datetime.fromtimestamp((int(times[at]) - EPOCH_US) // 10**6, UTC)
            raise FeedError(
                f"{self.path}: record {self._read + at + 1:,} ({when:%Y-%m-%d %H:%M:%S} UTC) is a "
                "bar, not a trade; download it with Intraday Data Storage Time Unit 1 Tick"
            )

    def _nano(self, prices: npt.NDArray[Any]) -> Ints:
        """Floats to the prices of the grid that they stand for, in 1e-9; 1e-9 more where none."""
        step, over = (self.instrument.tick / self.scale).as_integer_ratio()
        ok = np.isfinite(prices)
        wide = np.where(ok, prices, 0).astype(np.float64)
        count = np.rint(wide * over / step)
        ok &= np.abs(count) * step < EXACT
        count = np.where(ok, count, 0)
        far = np.abs(wide) * TOLERANCE
        near = ok & (np.abs(count * step / over - wide) <= far) & (far * APART <= step / over)
        nano = count.astype(np.int64) * int(self.instrument.tick * NANO)
        return np.where(near, nano, nano + 1)

    def _count(self) -> int:
        """How many records there are, by the header and the file's size."""
        size = self.path.stat().st_size
        if size < HEADER.itemsize:
            raise FeedError(f"{self.path}: cut off in its header; copy it again")
        with self.path.open("rb") as file:
            header = np.frombuffer(file.read(HEADER.itemsize), HEADER)[0]
        sizes = int(header["header_size"]), int(header["record_size"])
        if sizes != (HEADER.itemsize, RECORD.itemsize):
            raise FeedError(
                f"{self.path}: has a header of {sizes[0]} and records of {sizes[1]} bytes; known "
                f"are {HEADER.itemsize} and {RECORD.itemsize}"
            )
        if header["utc_start"]:
            raise FeedError(
                f"{self.path}: its first {int(header['utc_start']):,} records are not in UTC; "
                "download it again with a current Sierra Chart"
            )
        return (size - HEADER.itemsize) // RECORD.itemsize

    def _named(self, contract: str | None) -> str:
        """The contract of the file's name, in the venue's spelling; "" where it has none."""
        found = _NAME.match(self.path.name.upper())
        own = one_digit(found[1]) if found else ""
        if contract is not None and own and contract not in (own, found[1] if found else ""):
            raise FeedError(f"{self.path}: has no contract {contract}; by its name it is {own}")
        return own or contract or ""

    def _instrument(self, symbol: str | None) -> Instrument:
        found = root(self._contract)
        if symbol is None:
            if found not in INSTRUMENTS:
                raise FeedError(
                    f"{self.path}: does not say which instrument it is; give one with --symbol"
                )
            return INSTRUMENTS[found]
        if found is not None and found != symbol:
            raise FeedError(
                f"{self.path}: holds {self._contract}, which is {found} and not {symbol}"
            )
        return INSTRUMENTS[symbol]
