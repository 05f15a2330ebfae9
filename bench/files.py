"""Files to trades: Parquet, memory-mapped columns, DBN.

Each is opened anew in each round, and is in the page cache. Decoding alone is the same library
reading the same file and doing nothing with it.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
import zstandard
from databento_dbn import TradeMsg

from bench.goals import GOALS
from bench.market import SYMBOL, Unequal, open_columns
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import in_turns
from engine.events import Trade
from engine.instruments import NANO, Instrument
from engine.ticks import TickColumns
from marketdata.feeds import part
from marketdata.feeds.files import open_file
from tests.marketdata.files import metadata

DBN_TICKS: Final = 1_000_000
CONTRACT: Final = "ESU5"
READ_BYTES: Final = 1 << 18


def rows(setup: Setup) -> list[Row]:
    """Parquet and columns take turns; DBN, of fewer ticks, on its own."""
    return [*_parquet_and_columns(setup), *_dbn(setup)]


def _parquet_and_columns(setup: Setup) -> list[Row]:
    market = setup.market
    count = len(market.ticks.ts)
    path, folder = market.parquet, market.columns

    def from_parquet() -> list[Trade]:
        return market.run(open_file(path, SYMBOL).blocks())

    def from_columns() -> list[Trade]:
        return market.run([open_columns(folder)])

    market.require("from Parquet", from_parquet())
    market.require("from memory-mapped columns", from_columns())
    parquet, decode, columns = in_turns(
        [from_parquet, lambda: decode_parquet(path), from_columns], setup.rounds
    )
    return [
        compared("Parquet decoding", decode, decode, ticks=count),
        compared(
            "Parquet to trades / decoding", parquet, decode,
            ticks=count, goal=GOALS["Parquet to trades / decoding"],
        ),
        compared(
            "mapped columns, against Parquet", columns, parquet,
            ticks=count, faster=True, goal=GOALS["columns against Parquet"],
        ),
    ]  # fmt: skip


def _dbn(setup: Setup) -> list[Row]:
    market = setup.market
    ticks = part(market.ticks, slice(DBN_TICKS))
    path = market.folder / "es.dbn.zst"
    write_dbn(path, ticks, market.config.instrument)

    def to_trades() -> list[Trade]:
        return market.run(open_file(path, SYMBOL).blocks())

    if to_trades() != market.run([ticks]):
        raise Unequal("DBN and memory give different trades")
    whole, unpacked = in_turns([to_trades, lambda: unpack(path)], setup.few(7))
    return [
        compared("DBN zst unpacking", unpacked, unpacked, ticks=len(ticks.ts)),
        compared("DBN zst to trades / unpacking", whole, unpacked, ticks=len(ticks.ts)),
    ]


def decode_parquet(path: Path, columns: list[str] | None = None) -> None:
    """Row group by row group, every column (or these) as an array."""
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        for column in file.read_row_group(group, columns=columns).columns:
            column.chunk(0).to_numpy()


def unpack(path: Path) -> None:
    """Read and unpack piece by piece."""
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    with path.open("rb") as file:
        while data := file.read(READ_BYTES):
            unpacker.decompress(data)


def write_dbn(path: Path, ticks: TickColumns, instrument: Instrument) -> None:
    """Ticks as Databento would send them: schema trades, one contract, packed with zstd."""
    records = np.zeros(len(ticks.ts), TradeMsg._dtypes)
    records["length"] = records.dtype.itemsize // 4
    records["instrument_id"] = 1
    records["action"] = b"T"
    records["ts_event"] = records["ts_recv"] = ticks.ts
    records["price"] = ticks.price.astype(np.int64) * int(instrument.tick * NANO)
    records["size"] = ticks.size
    records["side"] = np.array([b"A", b"N", b"B"])[ticks.side + 1]
    records["sequence"] = np.arange(1, len(ticks.ts) + 1)
    head = metadata("trades", {CONTRACT: 1})
    path.write_bytes(zstandard.compress(head.encode() + records.tobytes()))
