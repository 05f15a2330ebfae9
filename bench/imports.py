"""Files into the tick store: DBN and Parquet, each read twice and written once.

The import of a file is measured against the same library reading it once and doing nothing with
it: databento's client into its arrays, and record by record; pyarrow into its columns. Memory is
the peak of a fresh process, everything included that it imports.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.files import write_dbn
from bench.fresh import Fresh
from bench.goals import GOALS
from bench.market import DAY_NS, SYMBOL, Unequal
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import in_turns, quartiles
from engine.instruments import Instrument
from engine.ticks import TickColumns, joined, part
from marketdata.imports import ImportOptions, plan_import, store_days
from marketdata.store import TickStore

CHUNK: Final = 1 << 17
TICKS: Final = 1_000_000
FEW, MANY = 1_000_000, 10_000_000
LATER: Final = 1 << 61
"""A time that no simulated tick is after, UTC ns."""


def rows(setup: Setup) -> list[Row]:
    """Speed on the simulated days, memory on as many of them as it takes."""
    return [*_speed(setup), *_memory(setup)]


def _speed(setup: Setup) -> list[Row]:
    market, folder = setup.market, setup.market.folder
    ticks = part(market.ticks, slice(TICKS))
    count, spec = len(ticks.ts), market.config.instrument
    dbn, parquet = folder / "import.dbn.zst", folder / "import.parquet"
    write_dbn(dbn, ticks, spec)
    write_table(parquet, ticks, spec)
    root = folder / "imported"

    def into_store(path: Path) -> Callable[[], None]:
        def work() -> None:
            stored = import_file(path, root)
            if stored != count:
                raise Unequal(f"{path.name}: {stored:,} ticks stored of {count:,}")

        return work

    from_dbn, arrays, records, from_parquet, decoded = in_turns(
        [
            into_store(dbn),
            lambda: databento_arrays(dbn),
            lambda: databento_records(dbn),
            into_store(parquet),
            lambda: decode(parquet),
        ],
        setup.few(7),
    )
    goal = "DBN import / databento's records"
    return [
        compared("databento's client, arrays", arrays, arrays, ticks=count),
        compared("DBN import / databento's arrays", from_dbn, arrays, ticks=count),
        compared(goal, from_dbn, records, ticks=count, goal=GOALS[goal]),
        compared("Parquet import / decoding", from_parquet, decoded, ticks=count),
    ]


def _memory(setup: Setup) -> list[Row]:
    folder, spec = setup.market.folder, setup.market.config.instrument
    sizes = [size // 10 if setup.quick else size for size in (FEW, MANY)]
    peaks: list[list[float]] = []
    for size in sizes:
        path = folder / f"import-{size}.dbn.zst"
        write_dbn(path, repeated(setup.market.days, size), spec)
        peaks.append([peak(path, folder / "fresh", size) for _ in range(setup.few(3))])
        path.unlink()
    growths = [(b / a - 1) * 100 for a, b in zip(*peaks, strict=True)]
    return [
        Row(what=f"peak importing {sizes[0]:,}", value=median(peaks[0]) / 1e6, unit=" MB"),
        Row(
            what=f"peak importing {sizes[1]:,}, growth",
            value=median(growths),
            unit=" %",
            spread=quartiles(growths),
            goal=GOALS["import memory growth, %"],
        ),
    ]


def import_file(path: Path, root: Path) -> int:
    """Into a new store; the ticks that were stored."""
    shutil.rmtree(root, ignore_errors=True)
    store = TickStore(root)
    plan = plan_import(store, path, ImportOptions(symbol=SYMBOL, any_hours=True), LATER)
    return sum(day.scan.ticks for day in store_days(store, plan))


def peak(path: Path, root: Path, ticks: int) -> float:
    """Bytes that a fresh process needed at most to import the file."""
    with Fresh("bench.importer") as importer:
        importer.ask([str(path), str(root)])
        answer = importer.answer()
    if answer["ticks"] != ticks:
        raise Unequal(f"{path.name}: {answer['ticks']:,} ticks stored of {ticks:,}")
    found: float = answer["peak"]
    return found


def databento_arrays(path: Path) -> None:
    """Chunk by chunk, as its structured arrays."""
    import databento

    for _ in databento.DBNStore.from_file(path).to_ndarray(count=CHUNK):
        pass


def databento_records(path: Path) -> None:
    """Record by record, as its objects."""
    import databento

    for _ in databento.DBNStore.from_file(path):
        pass


def decode(path: Path) -> None:
    """Row group by row group, every column."""
    file = pq.ParquetFile(path)
    for group in range(file.num_row_groups):
        file.read_row_group(group)


def write_table(path: Path, ticks: TickColumns, spec: Instrument) -> None:
    """As others write trades: times, decimal prices, words for sides."""
    decimals = max(0, -int(spec.tick.as_tuple().exponent))
    low = ticks.price.astype(np.int64) * int(spec.tick * 10**decimals)
    words = np.column_stack((low, low >> 63))
    price = pa.Array.from_buffers(
        pa.decimal128(18, decimals), len(words), [None, pa.py_buffer(words.tobytes())]
    )
    table = pa.table(
        {
            "ts_event": pa.array(ticks.ts).cast(pa.timestamp("ns", "UTC")),
            "price": price,
            "size": pa.array(ticks.size),
            "side": pa.array(np.array(["A", "N", "B"])[ticks.side + 1]),
        }
    )
    pq.write_table(table, path, row_group_size=1 << 18)


def repeated(days: list[TickColumns], count: int) -> TickColumns:
    """So many ticks: the days again and again, each time some weeks later."""
    weeks = (days[-1].ts[-1] - days[0].ts[0]) // (7 * DAY_NS) + 1
    whole = joined(days)
    rounds = -(-count // len(whole.ts))
    later = (whole._replace(ts=whole.ts + k * weeks * 7 * DAY_NS) for k in range(rounds))
    return part(joined(later), slice(count))
