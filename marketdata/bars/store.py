"""The bar store's folder: Parquet by symbol, interval and year (bars of a second: by month).

- A file appears whole, or not at all; a file that was cut off or changed is refused.
- A bar is stored once. The same bar again is skipped; another bar in its place is refused, and
  nothing of that file's period is written, unless it is to replace what is there.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.instruments import Instrument, instrument
from engine.ticks import NS
from engine.times import time_text
from marketdata.bars.table import (
    COLUMNS,
    INTERVALS,
    NO_BARS,
    PRICES,
    Bars,
    Interval,
    bars_of,
    equal_rows,
    joined,
    repeated,
)
from marketdata.errors import StoreError
from marketdata.store.files import replacing

KEY: Final = b"tradebot"
FORMAT: Final = 1
ROW_GROUP: Final = 1 << 18
LOCK: Final = ".lock"
PARQUET: Final = ".parquet"
NAME: Final = re.compile(r"[0-9]{4}(-[0-9]{2})?")
BY_MONTH: Final = ("1s",)
MOST_SOURCES: Final = 100


@dataclass(frozen=True, slots=True)
class Written:
    """What became of bars that were written."""

    added: int = 0
    same: int = 0
    replaced: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.added + other.added, self.same + other.same, self.replaced + other.replaced
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What the store has of a symbol in one interval; times UTC ns."""

    interval: Interval
    bars: int
    contracts: tuple[str, ...]
    first: int
    last: int
    sources: tuple[str, ...]


class BarStore:
    """Bars by symbol and interval under `root`, which need not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def symbols(self) -> list[str]:
        """What has bars, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(each.name for each in self.root.iterdir() if self.intervals(each.name))

    def intervals(self, symbol: str) -> list[Interval]:
        """In which intervals, the shortest first."""
        names: list[Interval] = ["1s", "1m", "1h", "1d"]
        return [name for name in names if self._files(symbol, name)]

    def held(self, symbol: str, interval: Interval) -> Held:
        """A summary; StoreError when there is nothing."""
        contracts: set[str] = set()
        sources: list[str] = []
        bars, first, last = 0, 0, 0
        for path in self._files(symbol, interval):
            table, its = self._load(path, symbol, interval)
            bars += len(table)
            contracts.update(table.contracts)
            sources += [source for source in its if source not in sources]
            first = first or int(table.start[0])
            last = int(table.start[-1])
        if not bars:
            raise self._missing(symbol, interval)
        return Held(interval, bars, tuple(sorted(contracts)), first, last, tuple(sources))

    def read(
        self,
        symbol: str,
        interval: Interval,
        *,
        contract: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> Bars:
        """Bars that begin in [start, end), UTC ns, ordered by start and contract.

        StoreError when the store has nothing of the symbol in this interval.
        """
        files = self._files(symbol, interval)
        if not files:
            raise self._missing(symbol, interval)
        tables = []
        for path in files:
            begins, ends = _period(path.stem)
            if (end is not None and begins >= end) or (start is not None and ends <= start):
                continue
            table, _ = self._load(path, symbol, interval)
            keep = np.ones(len(table), np.bool_)
            if start is not None:
                keep &= table.start >= start
            if end is not None:
                keep &= table.start < end
            table = table if keep.all() else table.part(keep)
            tables.append(table if contract is None else table.contract(contract))
        return joined(tables)

    def write(
        self, symbol: str, interval: Interval, bars: Bars, source: str, *, replace: bool = False
    ) -> Written:
        """Add bars to what is there. StoreError when one differs from what is there, unless
        `replace`; then nothing of its file's period is written."""
        if interval not in INTERVALS:
            raise StoreError(f"unknown interval {interval!r}; it is one of {', '.join(INTERVALS)}")
        spec = instrument(symbol)
        with self._locked(symbol):
            return self._write(spec, interval, bars, source, replace=replace)

    def _write(
        self, spec: Instrument, interval: Interval, bars: Bars, source: str, *, replace: bool
    ) -> Written:
        symbol, done = spec.symbol, Written()
        for name, some in _periods(bars, interval):
            path = self._folder(symbol, interval) / f"{name}{PARQUET}"
            there, sources = NO_BARS, tuple[str, ...]()
            if path.exists():
                there, sources = self._load(path, symbol, interval)
            merged, written = _merged(there, some, f"{symbol} {interval}", replace=replace)
            if written.added or written.replaced:
                known = (*sources, source) if source not in sources else sources
                _save(path, merged, spec, interval, known[-MOST_SOURCES:])
            done += written
        return done

    @contextmanager
    def _locked(self, symbol: str) -> Iterator[None]:
        """One writer at a time: a file is read, merged and replaced."""
        folder = self.root / symbol
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / LOCK).open("w") as file:
                flock(file, LOCK_EX)
                yield
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written: {error.strerror or error}") from error

    def _load(self, path: Path, symbol: str, interval: Interval) -> tuple[Bars, tuple[str, ...]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
        except (pa.ArrowException, OSError) as error:
            said = " ".join(str(error).split())
            raise StoreError(f"{path}: is cut off or damaged; import it again ({said})") from None
        info = _info(path, (table.schema.metadata or {}).get(KEY))
        spec = instrument(symbol)
        expected = {"symbol": symbol, "interval": interval, "tick": spec.tick, "lot": spec.lot}
        for name, value in expected.items():
            if info[name] != value:
                raise StoreError(f"{path}: its {name} is {info[name]}, expected {value}")
        if not table.schema.equals(_schema(), check_metadata=False):
            raise StoreError(f"{path}: its columns are not those of the bar store")
        names = table.column("contract").combine_chunks()
        if isinstance(names, pa.ChunkedArray):
            names = names.unify_dictionaries().combine_chunks().chunk(0)
        columns = [table.column(name).to_numpy() for name in COLUMNS[1:]]
        which = names.indices.to_numpy().astype(np.int32)
        return bars_of(tuple(names.dictionary.to_pylist()), which, *columns), info["sources"]

    def _files(self, symbol: str, interval: Interval) -> list[Path]:
        folder = self._folder(symbol, interval)
        if not folder.is_dir():
            return []
        return sorted(each for each in folder.glob(f"*{PARQUET}") if NAME.fullmatch(each.stem))

    def _folder(self, symbol: str, interval: Interval) -> Path:
        return self.root / symbol / interval

    def _missing(self, symbol: str, interval: Interval) -> StoreError:
        others = ", ".join(self.intervals(symbol)) or "nothing"
        return StoreError(
            f"{symbol}: the bar store has no bars of {interval} ({others}); see `bars import`"
        )


def period_names(bars: Bars, interval: Interval) -> npt.NDArray[np.datetime64]:
    """Which file each bar belongs to: its year, or its month."""
    unit = "datetime64[M]" if interval in BY_MONTH else "datetime64[Y]"
    return bars.start.astype("datetime64[ns]").astype(unit)


def _periods(bars: Bars, interval: Interval) -> Iterator[tuple[str, Bars]]:
    names = period_names(bars, interval)
    for name in np.unique(names):
        yield str(name), bars.part(names == name)


def _period(name: str) -> tuple[int, int]:
    """When a file's period begins and ends, UTC ns."""
    year, month = int(name[:4]), int(name[5:] or 1)
    after = (year + 1, 1) if len(name) == 4 or month == 12 else (year, month + 1)
    begins, ends = datetime(year, month, 1, tzinfo=UTC), datetime(*after, 1, tzinfo=UTC)
    return int(begins.timestamp()) * NS, int(ends.timestamp()) * NS


def _merged(there: Bars, new: Bars, what: str, *, replace: bool) -> tuple[Bars, Written]:
    together = joined([there, new])
    again = repeated(together)
    differ = again & ~equal_rows(together)
    same = int(np.count_nonzero(again)) - int(np.count_nonzero(differ))
    if differ.any() and not replace:
        first = int(differ.argmax())
        name = together.contracts[int(together.which[first])]
        raise StoreError(
            f"{what}: {int(np.count_nonzero(differ)):,} bars differ from what is stored, first "
            f"{name} at {time_text(int(together.start[first]))}; nothing of this was written. "
            "Find out which is right; --replace takes the new ones"
        )
    keep = np.ones(len(together), np.bool_)
    keep[:-1] = ~again[1:]  # of bars in one place the last counts, which is the newest
    kept = together.part(keep)
    return kept, Written(len(kept) - len(there), same, int(np.count_nonzero(differ)))


def _schema() -> Any:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("contract", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("start", pa.int64(), nullable=False),
            *(pa.field(name, pa.int32(), nullable=False) for name in PRICES),
            pa.field("volume", pa.int64(), nullable=False),
        ]
    )


def _save(
    path: Path, bars: Bars, spec: Instrument, interval: Interval, sources: tuple[str, ...]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    info = {
        "format": FORMAT, "symbol": spec.symbol, "interval": interval, "tick": str(spec.tick),
        "lot": str(spec.lot), "sources": list(sources),
    }  # fmt: skip
    contract = pa.DictionaryArray.from_arrays(pa.array(bars.which), pa.array(bars.contracts))
    arrays = [contract, *(pa.array(getattr(bars, name)) for name in COLUMNS[1:])]
    schema = _schema().with_metadata({KEY: json.dumps(info).encode()})
    with replacing(path) as unfinished:
        pq.write_table(
            pa.Table.from_arrays(arrays, schema=schema),
            unfinished,
            compression="zstd",
            row_group_size=ROW_GROUP,
            use_dictionary=["contract"],
            column_encoding=dict.fromkeys(COLUMNS[1:], "DELTA_BINARY_PACKED"),
            write_page_checksum=True,
        )


def _info(path: Path, content: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
        if found["format"] != FORMAT:
            raise StoreError(
                f"{path}: is of format {found['format']!r}, which this version does not know"
            )
        return {
            "symbol": found["symbol"],
            "interval": found["interval"],
            "tick": Decimal(found["tick"]),
            "lot": Decimal(found["lot"]),
            "sources": tuple(map(str, found["sources"])),
        }
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise StoreError(f"{path}: its metadata is not ours ({error!r})") from None
