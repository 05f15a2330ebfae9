"""A day as Parquet: exact integers, delta coded, with a checksum on every page.

Columns: symbol (the contract; dictionary), ts_event, ts_recv, price (ticks), size (lots), side,
sequence. `marketdata.feeds.files.parquet` says why these encodings. The file's metadata has the
day's info as JSON under `tradebot`.
"""

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
from marketdata.store.files import replacing
from marketdata.store.info import FileFacts, from_json, to_json

KEY: Final = b"tradebot"
ROW_GROUP: Final = 1 << 18

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
ENGINE_COLUMNS: Final = ["ts_event", "price", "size", "side"]


def write(
    path: Path,
    facts: FileFacts,
    blocks: Iterable[StoredTicks],
    *,
    proof: Callable[[Path], None] | None = None,
) -> int:
    """Write the day, whole or not at all. Returns its ticks. `proof` looks at what was written
    before it takes its place, and raises when that is wrong."""
    written = 0
    metadata = {KEY: to_json(facts)}
    with replacing(path) as unfinished:
        with pq.ParquetWriter(
            unfinished,
            SCHEMA.with_metadata(metadata),
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
                written += len(group.ts_event)
        if not written:
            raise StoreError(f"{path}: there are no ticks to store")
        if proof is not None:
            proof(unfinished)
    return written


def _table(group: StoredTicks, contract: str) -> pa.Table:
    indices = pa.array(np.zeros(len(group.ts_event), np.int32))
    symbol = pa.DictionaryArray.from_arrays(indices, pa.array([contract]))
    columns = {name: pa.array(column) for name, column in group._asdict().items()}
    arrays = [symbol if name == "symbol" else columns[name] for name in SCHEMA.names]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def regrouped(blocks: Iterable[StoredTicks], size: int) -> Iterator[StoredTicks]:
    """The same ticks in groups of exactly `size`, but for the last."""
    held: list[StoredTicks] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block.ts_event)
        if count >= size:
            whole = joined(held)
            full = count - count % size
            for start in range(0, full, size):
                yield whole.part(slice(start, start + size))
            held = [whole.part(slice(full, None))]
            count -= full
    if count:
        yield joined(held)


def joined(blocks: list[StoredTicks]) -> StoredTicks:
    if len(blocks) == 1:
        return blocks[0]
    return StoredTicks(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))


class DayFile:
    """A day's file, open. StoreError when it is none of ours, or damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        except FileNotFoundError:
            raise StoreError(f"{path}: does not exist") from None
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        schema = self._file.schema_arrow
        try:
            self.facts = from_json((schema.metadata or {}).get(KEY, b"{}"))
        except ValueError as error:
            raise StoreError(f"{path}: {error}") from None
        if not schema.equals(SCHEMA, check_metadata=False):
            raise StoreError(f"{path}: its columns are not those of the tick store")
        self.count: int = self._file.metadata.num_rows

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
        try:
            table = self._file.read_row_group(number, columns=names)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        return [_array(table.column(name)) for name in names]

    def _damaged(self, error: BaseException) -> StoreError:
        said = " ".join(str(error).split())
        return StoreError(f"{self.path}: is cut off or damaged; fetch the day again ({said})")


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """The column without a copy, and writable: compiled code distinguishes read-only arrays."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    kind = np.dtype(whole.type.to_pandas_dtype())
    return np.frombuffer(whole.buffers()[1], kind, len(whole), whole.offset * kind.itemsize)
