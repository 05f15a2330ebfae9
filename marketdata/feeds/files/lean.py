"""LEAN's tick zips of futures: 20131007_trade.zip with a CSV file a contract, without a header.

    20131007_gc_tick_trade_201312.csv: 276,1313.7,1,usa,,0
    ms of the day, price, quantity, exchange, condition, flagged as suspicious by the vendor

- The day is in the names, a day of the data's time zone, which LEAN keeps apart from the exchange's
  (`dataTimeZone` in its market-hours database). Of CME's, CBOT's, NYMEX' and COMEX' futures it is
  UTC. A recording agrees: gold of 2013-10-07 pauses from 21:15 to 22:00, then 17:15 to 18:00 in New
  York.
- Prices of futures are plain decimals (those of US equities, in 1/10000, are no futures').
- Quantity 0 is no trade and dropped as a bad size; there is no aggressor side.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import numpy as np
import pyarrow as pa

from engine.ticks import NS
from marketdata.errors import FeedError
from marketdata.feeds import Counts
from marketdata.feeds.contracts import MONTHS
from marketdata.feeds.files.convert import cast_each
from marketdata.feeds.files.csv import numbered, rows
from marketdata.feeds.files.reading import reading

COLUMNS: Final = ["ms", "price", "size", "exchange", "condition", "suspicious"]
MS: Final = 10**6
DAY_MS: Final = 86_400_000

_MEMBER: Final = re.compile(r"(\d{8})_([a-z0-9]+)_tick_trade_(\d{4})(\d{2})\.csv")


class Member(NamedTuple):
    """One contract's file in the zip."""

    name: str
    contract: str
    midnight: int
    """Of its day, ns as if it were UTC."""


class LeanSource:
    """All contracts of a zip as Arrow batches: ts, price, size, contract."""

    def __init__(self, path: Path, timezone: str = "UTC") -> None:
        self.path = path
        self.kind = "LEAN"
        self.names = ["ts", "price", "size", "contract"]
        self._zone = "UTC" if timezone == "UTC" else None
        with self._opened() as archive:
            self._members = [self._member(name) for name in archive.namelist()]
            sizes = (info.file_size for info in archive.infolist())
            self._size = max(sum(sizes), 1)
        self._position = 0

    @property
    def progress(self) -> float:
        """By bytes of the unpacked files."""
        return min(self._position / self._size, 1.0)

    def batches(self, columns: list[str], counts: Counts) -> Iterator[tuple[pa.RecordBatch, Any]]:
        """One contract after the other; line numbers are each file's own."""
        self._position = 0
        with self._opened() as archive:
            for member in self._members:
                done = self._position
                with archive.open(member.name) as file:
                    for batch, lines in self._rows(member, cast(BinaryIO, file), counts):
                        self._position = done + file.tell()
                        yield batch.select(columns), lines

    def _rows(
        self, member: Member, file: BinaryIO, counts: Counts
    ) -> Iterator[tuple[pa.RecordBatch, Any]]:
        bad: list[int] = []
        line = 1

        def skip(row: Any) -> str:
            bad.append(row.number)
            return "skip"

        for batch in rows(file, COLUMNS, COLUMNS[:3], skip):
            lines, line = numbered(line, len(batch), bad, counts)
            yield self._table(member, batch), lines

    def _table(self, member: Member, batch: pa.RecordBatch) -> pa.RecordBatch:
        read = cast_each(batch.column("ms"), pa.int64())
        ms = read.fill_null(-1).to_numpy()
        inside = (ms >= 0) & (ms < DAY_MS)
        times = pa.array(member.midnight + ms * MS, pa.timestamp("ns", self._zone), mask=~inside)
        contract = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(batch), np.int32)), pa.array([member.contract])
        )
        return pa.RecordBatch.from_arrays(
            [times, batch.column("price"), batch.column("size"), contract.dictionary_decode()],
            names=self.names,
        )

    def _member(self, name: str) -> Member:
        found = _MEMBER.fullmatch(name)
        try:
            if found is None:
                raise ValueError
            day = datetime.strptime(found[1], "%Y%m%d").replace(tzinfo=UTC)
            letter = MONTHS[range(1, 13).index(int(found[4]))]
        except ValueError:
            raise FeedError(
                f"{self.path}: a zip archive with {name}, which is not LEAN's ticks of a future "
                "(20131007_gc_tick_trade_201312.csv); unpack it and name one file"
            ) from None
        contract = f"{found[2].upper()}{letter}{found[3][-1]}"
        return Member(name, contract, int(day.timestamp()) * NS)

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile]:
        with reading(self.path):
            try:
                with zipfile.ZipFile(self.path) as archive:
                    yield archive
            except (zipfile.BadZipFile, zlib.error):
                raise FeedError(f"{self.path}: zip archive is damaged; fetch it again") from None
            except (RuntimeError, NotImplementedError) as error:
                raise FeedError(f"{self.path}: zip archive cannot be read: {error}") from None
            except pa.ArrowInvalid as error:
                said = " ".join(str(error).split())
                raise FeedError(f"{self.path}: cannot be read as CSV: {said}") from None
