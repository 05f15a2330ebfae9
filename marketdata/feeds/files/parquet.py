"""Parquet: tables of trades with named columns, and our own tick layout, written by `write_ticks`.

Our layout is `ts int64 ns, price int32 ticks, size int32 lots, side int8` with the file metadata
key `tradebot.tick_layout` = "1" and the symbol. Its values are already exact and are not looked at
again on the way in. Time and price are delta coded, size and side coded by dictionary: of the
encodings measured these decode fastest and are smallest, and zstd's level hardly matters then.
Pages carry checksums: looking at them takes 5 % of the decoding and finds a damaged file.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.instruments import INSTRUMENTS
from engine.ticks import TickColumns
from marketdata.errors import FeedError
from marketdata.feeds import (
    BLOCK_TICKS,
    Counts,
    FeedInfo,
    SideSource,
    StoredTicks,
    split,
    stored,
)
from marketdata.feeds.files.recording import Recording
from marketdata.feeds.files.table import TableFile
from marketdata.feeds.regroup import regrouped
from marketdata.pages import PageReader
from marketdata.sides import Inference, TickRule

LAYOUT_KEY: Final = "tradebot.tick_layout"
LAYOUT: Final = "1"
PREFIX: Final = "tradebot."

SCHEMA: Final = pa.schema(
    [
        pa.field("ts", pa.int64(), nullable=False),
        pa.field("price", pa.int32(), nullable=False),
        pa.field("size", pa.int32(), nullable=False),
        pa.field("side", pa.int8(), nullable=False),
    ]
)
KINDS: Final = [np.dtype(field.type.to_pandas_dtype()) for field in SCHEMA]
ROW_GROUP: Final = 1 << 18
BATCH_ROWS: Final = 1 << 17


def write_ticks(
    path: str | Path,
    symbol: str,
    ticks: TickColumns | Iterable[TickColumns],
    *,
    contract: str = "",
    side: SideSource = "aggressor",
    synthetic: bool = False,
    source: str = "",
) -> int:
    """Write a file of our layout, replacing `path` only when it is complete. Returns the ticks."""
    path = Path(path)
    facts = {
        "tick_layout": LAYOUT, "symbol": symbol, "contract": contract, "side": side,
        "synthetic": str(int(synthetic)), "source": source,
    }  # fmt: skip
    schema = SCHEMA.with_metadata({PREFIX + key: value for key, value in facts.items()})
    blocks = [ticks] if isinstance(ticks, TickColumns) else ticks
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    written = 0
    try:
        with pq.ParquetWriter(
            unfinished,
            schema,
            compression="zstd",
            use_dictionary=["size", "side"],
            column_encoding={"ts": "DELTA_BINARY_PACKED", "price": "DELTA_BINARY_PACKED"},
            write_statistics=["ts"],
            write_page_checksum=True,
        ) as writer:
            for group in regrouped(blocks, ROW_GROUP):
                table = pa.Table.from_arrays([pa.array(column) for column in group], schema=schema)
                writer.write_table(table, row_group_size=ROW_GROUP)
                written += len(group.ts)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def open_parquet(
    path: Path,
    symbol: str | None,
    contract: str | None,
    *,
    infer: Inference | None = None,
    timezone: str = "UTC",
) -> Recording:
    """The feed of a Parquet file of either kind."""
    file = _open(path)
    metadata = file.schema_arrow.metadata or {}
    if PREFIX[:-1].encode() in metadata:
        from marketdata.feeds.files.stored import StoredFile

        return StoredFile(path, symbol, contract, infer=infer)
    facts = {
        key.decode().removeprefix(PREFIX): value.decode()
        for key, value in metadata.items()
        if key.startswith(PREFIX.encode())
    }
    if "tick_layout" in facts:
        return TickFile(path, file, facts, symbol, contract, infer=infer)
    return TableFile(ParquetSource(path, file), symbol, contract, infer=infer, timezone=timezone)


class TickFile(Recording):
    """A file of our own layout."""

    def __init__(
        self,
        path: Path,
        file: pq.ParquetFile,
        facts: dict[str, str],
        symbol: str | None,
        contract: str | None,
        *,
        infer: Inference | None = None,
    ) -> None:
        super().__init__(path, infer)
        if infer == "quotes":
            raise self.no_quotes()
        if facts["tick_layout"] != LAYOUT:
            raise FeedError(
                f"{path}: tick layout {facts['tick_layout']} is not known to this version"
            )
        if not file.schema_arrow.equals(SCHEMA, check_metadata=False):
            raise FeedError(f"{path}: says tick layout {LAYOUT}, but its columns differ from it")
        own, named = facts.get("symbol", ""), facts.get("contract", "")
        if own not in INSTRUMENTS:
            raise FeedError(f"{path}: is of {own or 'no symbol'}, which is no known instrument")
        if symbol not in (None, own):
            raise FeedError(f"{path}: holds {own} and not {symbol}")
        if contract not in (None, named):
            raise FeedError(f"{path}: has no contract {contract}; it has {named or 'none named'}")
        self.instrument = INSTRUMENTS[own]
        self._info = FeedInfo(
            symbol=own,
            contract=named,
            source=f"{path.name} ({facts.get('source') or 'stored ticks'})",
            side="inferred" if infer or facts.get("side") == "inferred" else "aggressor",
            synthetic=facts.get("synthetic") == "1",
        )
        self._rows: int = max(file.metadata.num_rows, 1)

    @property
    def info(self) -> FeedInfo:
        """What this is."""
        return self._info

    @property
    def progress(self) -> float:
        """By rows."""
        return self.counts.read / self._rows

    def stored(self) -> Iterator[StoredTicks]:
        """It says neither when ticks were received nor their sequence."""
        return map(stored, self.blocks())

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """Row group by row group; the arrays are the decoder's own memory."""
        self.counts = counts = Counts()
        rule = TickRule() if self.infer else None
        source = pa.OSFile(str(self.path))
        file = _open(self.path, source)
        pages = PageReader(source, file.metadata)
        for number in range(file.num_row_groups):
            columns = pages.columns(number, SCHEMA.names, KINDS)
            ticks = TickColumns(*(columns or _read_group(self.path, file, number)))
            if rule is not None:
                ticks = ticks._replace(side=rule(ticks.price))
            for block in split(ticks, max_ticks):
                counts.read += len(block.ts)
                counts.used += len(block.ts)
                yield block
                del block
            del ticks  # the decoder writes the next group where this one was, still in the cache


class ParquetSource:
    """Any Parquet table as Arrow batches."""

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        self.path = path
        self.kind = "Parquet"
        self.names: list[str] = list(file.schema_arrow.names)
        self._rows: int = max(file.metadata.num_rows, 1)
        self._read = 0

    @property
    def progress(self) -> float:
        """By rows."""
        return self._read / self._rows

    def batches(self, columns: list[str], counts: Counts) -> Iterator[tuple[pa.RecordBatch, Any]]:
        """Batches of these columns; there are no line numbers."""
        self._read = 0
        try:
            for batch in _open(self.path).iter_batches(BATCH_ROWS, columns=columns):
                self._read += len(batch)
                yield _plain(batch), None
        except (pa.ArrowException, OSError) as error:
            raise _damaged(self.path, error) from None


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Dictionary columns as what they stand for."""
    arrays = [
        column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _open(path: Path, source: pa.NativeFile | None = None) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(source or path, page_checksum_verification=True)
    except pa.ArrowInvalid as error:
        raise _damaged(path, error) from None


def _read_group(path: Path, file: pq.ParquetFile, number: int) -> list[npt.NDArray[Any]]:
    try:
        table = file.read_row_group(number, columns=SCHEMA.names)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from None
    return [_array(column) for column in table.columns]


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """The column without a copy, and writable: compiled code distinguishes read-only arrays."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    kind = np.dtype(whole.type.to_pandas_dtype())
    return np.frombuffer(whole.buffers()[1], kind, len(whole), whole.offset * kind.itemsize)


def _damaged(path: Path, error: BaseException) -> FeedError:
    said = " ".join(str(error).split())
    return FeedError(f"{path}: Parquet file is cut off or damaged; fetch it again ({said})")
