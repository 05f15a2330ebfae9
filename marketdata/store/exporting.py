"""Stored days as a file for other tools, exact: prices are decimals, times whole nanoseconds.

Columns: symbol, contract, ts_event, ts_recv, price, size, side (B buy, S sell, N none), sequence,
marks ("inferred" sides, "synthetic" ticks, both, or nothing; an import knows our files by it).
CSV has times as UTC ns since 1970 (0: not known); Parquet has them as timestamps (null: not known),
and in its metadata, as JSON under `tradebot.export`, what is known of each day.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from marketdata.errors import StoreError
from marketdata.feeds import StoredTicks
from marketdata.store.files import replacing
from marketdata.store.info import DayInfo
from marketdata.store.store import TickStore

FORMATS: Final = (".csv", ".csv.gz", ".parquet")
DIGITS: Final = 18
SIDES: Final = pa.array(["N", "B", "S"])
"""By side: 0, 1, and -1 from the end."""

Advance = Callable[[int], None]


def export(
    store: TickStore,
    symbol: str,
    days: Sequence[date],
    path: Path,
    *,
    advance: Advance = lambda ticks: None,
) -> int:
    """Write the days to one file, whole or not at all. Returns the ticks. StoreError when they
    cannot be in one file, or it cannot be written."""
    name = path.name.lower()
    if not name.endswith(FORMATS):
        raise StoreError(f"{path}: its format is not known; end it with {', '.join(FORMATS)}")
    stored = [store.read(symbol, day) for day in days]
    grids = {(day.info.tick, day.info.lot) for day in stored}
    if len(grids) != 1:
        raise StoreError(f"{symbol}: its days count in different ticks; export them one by one")
    schema = _schema(*grids.pop())
    written = 0
    with replacing(path) as unfinished, ExitStack() as stack:
        if name.endswith(".parquet"):
            about = {"tradebot.export": json.dumps([_about(day.info) for day in stored])}
            parquet = pq.ParquetWriter(
                unfinished, schema.with_metadata(about), compression="zstd", version="2.6"
            )
            write = stack.enter_context(parquet).write_table
        else:
            sink = stack.enter_context(pa.OSFile(str(unfinished), "wb"))
            if name.endswith(".gz"):
                sink = stack.enter_context(pa.CompressedOutputStream(sink, "gzip"))
            options = csv.WriteOptions(quoting_style="none")
            text = pa.schema([(each.name, _as_text(each.type)) for each in schema])
            write = stack.enter_context(csv.CSVWriter(sink, text, write_options=options)).write
        for day in stored:
            for block in day.blocks():
                table = _table(day.info, block, schema)
                write(table if name.endswith(".parquet") else _texts(table))
                written += len(table)
                advance(len(table))
    return written


def _schema(tick: Decimal, lot: Decimal) -> pa.Schema:
    when = pa.timestamp("ns", "UTC")
    word = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("symbol", word),
            ("contract", word),
            ("ts_event", when),
            ("ts_recv", when),
            ("price", pa.decimal128(DIGITS, _decimals(tick))),
            ("size", pa.int32() if lot == 1 else pa.decimal128(DIGITS, _decimals(lot))),
            ("side", word),
            ("sequence", pa.int64()),
            ("marks", word),
        ]
    )


def _table(info: DayInfo, block: StoredTicks, schema: pa.Schema) -> pa.Table:
    count = len(block.ts_event)
    first = pa.array(np.zeros(count, np.int32))
    when = schema.field("ts_event").type
    columns = {
        "symbol": pa.DictionaryArray.from_arrays(first, [info.symbol]),
        "contract": pa.DictionaryArray.from_arrays(first, [info.contract]),
        "ts_event": pa.array(block.ts_event).cast(when),
        "ts_recv": pa.array(block.ts_recv, mask=block.ts_recv == 0).cast(when),
        "price": _decimal(block.price, info.tick),
        "size": pa.array(block.size) if info.lot == 1 else _decimal(block.size, info.lot),
        "side": pa.DictionaryArray.from_arrays(
            pa.array(np.where(block.side < 0, 2, block.side).astype(np.int32)), SIDES
        ),
        "sequence": pa.array(block.sequence),
        "marks": pa.DictionaryArray.from_arrays(first, [marks(info)]),
    }
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def marks(info: DayInfo) -> str:
    """What must be known of each of the day's ticks, wherever they go."""
    found = ["inferred"] * (info.side == "inferred") + ["synthetic"] * info.synthetic
    return " ".join(found)


def _decimal(counts: npt.NDArray[np.int32], step: Decimal) -> pa.Array:
    """Counts of a step as exact decimals: 128-bit integers of the step's last decimal."""
    decimals = _decimals(step)
    low = counts.astype(np.int64) * int(step.scaleb(decimals))
    words = np.column_stack((low, low >> 63))
    kind = pa.decimal128(DIGITS, decimals)
    return pa.Array.from_buffers(kind, len(counts), [None, pa.py_buffer(words.tobytes())])


def _decimals(step: Decimal) -> int:
    exponent = step.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _as_text(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) or pa.types.is_decimal(kind) else pa.int64()


def _texts(table: pa.Table) -> pa.Table:
    """As CSV has it: decimals in plain digits, times in ns."""
    arrays = [column.cast(_as_text(column.type)) for column in table.columns]
    received = table.schema.get_field_index("ts_recv")
    arrays[received] = arrays[received].fill_null(0)
    return pa.Table.from_arrays(arrays, names=table.schema.names)


def _about(info: DayInfo) -> dict[str, Any]:
    return {
        "symbol": info.symbol,
        "day": info.day.isoformat(),
        "contract": info.contract,
        "tick": str(info.tick),
        "lot": str(info.lot),
        "source": info.source,
        "side": info.side,
        "synthetic": info.synthetic,
        "warnings": list(info.warnings),
    }
