"""A day as Parquet: exact integers, delta coded, with a checksum on every page.

Columns: symbol (the contract; dictionary), ts_event, ts_recv, price (ticks), size (lots), side,
sequence. `marketdata.feeds.files.parquet` says why these encodings. The file's metadata has the
day's info as JSON under `tradebot`, and under `tradebot.digest` the count of ticks and checksums of
that JSON and of each column: Parquet itself has none on its footer.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.ticks import TickColumns
from marketdata.errors import StoreError
from marketdata.feeds import StoredTicks, split
from marketdata.feeds.regroup import regrouped
from marketdata.pages import PageReader
from marketdata.store.files import replacing
from marketdata.store.info import FileFacts, from_json, to_json

KEY: Final = b"tradebot"
DIGEST_KEY: Final = b"tradebot.digest"
ROW_GROUP: Final = 1 << 18
DAMAGE: Final = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What the library raises at damaged files."""

SCHEMA: Final = pa.schema(
    [
        pa.field("symbol", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("ts_event", pa.int64(), nullable=False),
        pa.field("ts_recv", pa.int64(), nullable=False),
        pa.field("price", pa.int32(), nullable=False),
        pa.field("size", pa.int32(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=False),
    ]
)
KINDS: Final = {
    field.name: np.dtype(field.type.to_pandas_dtype()) for field in SCHEMA if field.name != "symbol"
}
ENGINE_COLUMNS: Final = ["ts_event", "price", "size", "side"]


class Digest:
    """Count and checksums of a day's ticks, however they are cut into blocks."""

    def __init__(self) -> None:
        self.count = 0
        self._columns = dict.fromkeys(StoredTicks._fields, 0)

    def add(self, block: StoredTicks) -> None:
        self.count += len(block.ts_event)
        columns: dict[str, npt.NDArray[np.signedinteger]] = block._asdict()
        for name, column in columns.items():
            data = np.ascontiguousarray(column).data
            self._columns[name] = zlib.crc32(data, self._columns[name])

    def as_dict(self) -> dict[str, int]:
        return {"count": self.count, **self._columns}


def write(
    path: Path,
    facts: FileFacts,
    blocks: Iterable[StoredTicks],
    *,
    proof: Callable[[Path], None] | None = None,
) -> int:
    """Write the day, whole or not at all. Returns its ticks. `proof` looks at what was written
    before it takes its place, and raises when that is wrong."""
    digest, content = Digest(), to_json(facts)
    with replacing(path) as unfinished:
        with pq.ParquetWriter(
            unfinished,
            SCHEMA.with_metadata({KEY: content}),
            compression="zstd",
            use_dictionary=["symbol", "size", "side"],
            column_encoding=dict.fromkeys(
                ("ts_event", "ts_recv", "price", "sequence"), "DELTA_BINARY_PACKED"
            ),
            write_statistics=["ts_event", "sequence"],
            write_page_checksum=True,
        ) as writer:
            for group in regrouped(blocks, ROW_GROUP):
                writer.write_table(_table(group, facts.info.contract), row_group_size=ROW_GROUP)
                digest.add(group)
            about = {"info": zlib.crc32(content), **digest.as_dict()}
            writer.add_key_value_metadata({DIGEST_KEY.decode(): json.dumps(about)})
        if not digest.count:
            raise StoreError(f"{path}: there are no ticks to store")
        if proof is not None:
            proof(unfinished)
    return digest.count


def _table(group: StoredTicks, contract: str) -> pa.Table:
    indices = pa.array(np.zeros(len(group.ts_event), np.int32))
    symbol = pa.DictionaryArray.from_arrays(indices, pa.array([contract]))
    columns = {name: pa.array(column) for name, column in group._asdict().items()}
    arrays = [symbol if name == "symbol" else columns[name] for name in SCHEMA.names]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


class DayFile:
    """A day's file, open. StoreError when it is none of ours, or damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            source = pa.OSFile(str(path))
            self._file = pq.ParquetFile(source, page_checksum_verification=True)
            schema, metadata = self._file.schema_arrow, self._file.metadata.metadata or {}
        except FileNotFoundError:
            raise StoreError(f"{path}: does not exist") from None
        except DAMAGE as error:
            raise self._damaged(error) from None
        content = metadata.get(KEY, b"{}")
        try:
            self.facts = from_json(content)
            self.digest: dict[str, int] = json.loads(metadata.get(DIGEST_KEY, b"{}"))
        except ValueError as error:
            raise StoreError(f"{path}: {error}") from None
        if self.digest.pop("info", None) != zlib.crc32(content):
            raise StoreError(f"{path}: its metadata is damaged; fetch the day again")
        if not schema.equals(SCHEMA, check_metadata=False):
            raise StoreError(f"{path}: its columns are not those of the tick store")
        self.count: int = self._file.metadata.num_rows
        self._pages = PageReader(source, self._file.metadata)

    @property
    def time_range(self) -> tuple[int, int]:
        """The least and the greatest ts_event, from the statistics."""
        metadata = self._file.metadata
        column = SCHEMA.get_field_index("ts_event")
        groups = [metadata.row_group(n).column(column) for n in range(metadata.num_row_groups)]
        return (
            min(group.statistics.min for group in groups),
            max(group.statistics.max for group in groups),
        )

    @property
    def contracts(self) -> set[str]:
        """Those that its ticks name."""
        found: set[str] = set()
        for number in range(self._file.num_row_groups):
            column = self._read(number, ["symbol"]).column("symbol")
            try:
                found.update(column.unique().to_pylist())
            except DAMAGE as error:
                raise self._damaged(error) from None
        return found

    @property
    def last(self) -> tuple[int, int]:
        """ts_event and sequence of the last tick."""
        ts_event, sequence = self._group(self._file.num_row_groups - 1, ["ts_event", "sequence"])
        return int(ts_event[-1]), int(sequence[-1])

    def columns(self, max_ticks: int) -> Iterator[TickColumns]:
        """What the engine takes; the arrays are the decoder's own memory."""
        for number in range(self._file.num_row_groups):
            ticks = TickColumns(*self._group(number, ENGINE_COLUMNS))
            for block in split(ticks, max_ticks):
                yield block
                del block
            del ticks  # the decoder writes the next group where this one was, still in the cache

    def blocks(self, max_ticks: int) -> Iterator[StoredTicks]:
        """Everything but the contract, which `facts` has."""
        for number in range(self._file.num_row_groups):
            ticks = StoredTicks(*self._group(number, list(StoredTicks._fields)))
            for start in range(0, len(ticks.ts_event), max_ticks):
                yield ticks.part(slice(start, start + max_ticks))

    def _group(self, number: int, names: list[str]) -> list[npt.NDArray[Any]]:
        columns = self._pages.columns(number, names, [KINDS[name] for name in names])
        if columns is None:  # compressed or encoded in another way, or damaged
            table = self._read(number, names)
            columns = [_array(table.column(name)) for name in names]
        return columns

    def _read(self, number: int, names: list[str]) -> pa.Table:
        try:
            return self._file.read_row_group(number, columns=names)
        except DAMAGE as error:
            raise self._damaged(error) from None

    def _damaged(self, error: BaseException) -> StoreError:
        said = " ".join(str(error).split())
        return StoreError(f"{self.path}: is cut off or damaged; fetch the day again ({said})")


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """The column without a copy, and writable: compiled code distinguishes read-only arrays."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    kind = np.dtype(whole.type.to_pandas_dtype())
    return np.frombuffer(whole.buffers()[1], kind, len(whole), whole.offset * kind.itemsize)
