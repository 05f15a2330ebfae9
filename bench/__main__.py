"""`make bench`: how fast the engine is, as ratios measured in one run.

    engine / memcpy        the engine over ticks in memory, against copying the same columns
    oracle / engine        plain Python giving the same answers, against the engine
    file to trades         a Parquet file to its trades, against decoding the same file alone
    push, bar close        latency of one call, as a live feed makes it

Absolute times depend on the machine and its other work; the ratios much less.
"""

import argparse
import gc
import os
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from bench.timing import in_turns, percentiles, ratio
from engine.config import EngineConfig, engine_config
from engine.engine import Engine
from engine.events import BarClosed, TradeClosed
from engine.schedule import Schedule
from engine.ticks import TickColumns, joined
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file
from marketdata.feeds.files.parquet import write_ticks
from marketdata.feeds.simulator import Simulator
from tests.oracle import run as run_oracle

FIRST_DAY = date(2025, 7, 7)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--days", type=int, default=5, help="simulated ES days (5)")
    parser.add_argument("--ticks", type=int, default=750_000, help="ticks a day (750,000)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds of each comparison (15)")
    options = parser.parse_args()
    console = Console()
    use_one_core()
    config = engine_config("ES")
    days = schedule(config.instrument, "rth")
    with console.status("simulating"):
        feed = Simulator("ES", seed=1, ticks_per_day=options.ticks).history(FIRST_DAY, options.days)
        ticks = joined(feed.blocks(1 << 20))
    table = Table(title=f"{len(ticks.ts):,} simulated ES ticks, {options.days} days, one core")
    for heading, justify in (("what", "left"), ("measured", "right"), ("to reach", "right")):
        table.add_column(heading, justify="left" if justify == "left" else "right")
    with console.status("from memory"):
        from_memory(table, config, days, ticks, options.rounds)
    with console.status("from a file"):
        from_file(table, config, days, ticks, options.rounds)
    with console.status("one tick at a time"):
        one_by_one(table, config, days, ticks)
    console.print(table)


def use_one_core() -> None:
    """Everything measured, Parquet's decoder included, runs on the core that is named last."""
    pa.set_cpu_count(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run_engine(config: EngineConfig, days: Schedule, blocks: list[TickColumns]) -> int:
    """Ticks to trades; how many trades."""
    engine = Engine(config, days, quiet=True)
    trades = 0
    for block in blocks:
        trades += sum(isinstance(event, TradeClosed) for event in engine.push_columns(block))
    return trades


def from_memory(
    table: Table, config: EngineConfig, days: Schedule, ticks: TickColumns, rounds: int
) -> None:
    spare = TickColumns(*(column.copy() for column in ticks))

    def copy() -> None:
        for source, target in zip(ticks, spare, strict=True):
            target[:] = source

    engine, memcpy = in_turns([lambda: run_engine(config, days, [ticks]), copy], rounds)
    rate = len(ticks.ts) / median(engine) / 1e6
    table.add_row("engine, ticks in memory to trades", f"{rate:,.0f} M ticks/s", "")
    table.add_row("engine / memcpy of the same columns", f"{ratio(engine, memcpy):.2f}", "<= 4")
    part = TickColumns(*(column[: 1 << 18] for column in ticks))
    records = part.records().tolist()
    fast, slow = in_turns(
        [lambda: run_engine(config, days, [part]), lambda: run_oracle(config, days, records)], 3
    )
    table.add_row("plain-Python oracle / engine", f"{ratio(slow, fast):,.0f}", ">= 40")


def from_file(
    table: Table, config: EngineConfig, days: Schedule, ticks: TickColumns, rounds: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "es.parquet"
        write_ticks(path, "ES", ticks, synthetic=True)

        def decode() -> None:
            file = pq.ParquetFile(path)
            for group in range(file.num_row_groups):
                for column in file.read_row_group(group).columns:
                    column.chunk(0).to_numpy()

        def trades() -> None:
            engine = Engine(config, days, quiet=True)
            for block in open_file(path, "ES").blocks():
                engine.push_columns(block)

        whole, alone = in_turns([trades, decode], rounds)
        rate = len(ticks.ts) / median(alone) / 1e6
        table.add_row("decoding Parquet alone", f"{rate:,.0f} M ticks/s", "")
        table.add_row("Parquet to trades / decoding alone", f"{ratio(whole, alone):.2f}", "<= 1.5")


def one_by_one(table: Table, config: EngineConfig, days: Schedule, ticks: TickColumns) -> None:
    engine = Engine(config, days)
    count = min(len(ticks.ts), 1_000_000)
    records = TickColumns(*(column[:count] for column in ticks)).records()
    plain, closes = [], []
    clock = time.perf_counter_ns
    gc.disable()
    for k in range(count):
        tick = records[k : k + 1]
        start = clock()
        events = engine.push(tick)
        spent = clock() - start
        if any(type(event) is BarClosed for event in events):
            closes.append(spent)
        else:
            plain.append(spent)
    gc.enable()
    for name, values, goal in (
        ("push of one tick", plain, "p99 <= 5 us"),
        (f"bar close, all events ({len(closes)})", closes, "p99 <= 500 us"),
    ):
        p50, p99, p999 = percentiles(values)
        table.add_row(name, f"p50 {p50:.2f}  p99 {p99:.2f}  p99.9 {p999:.2f} us", goal)


if __name__ == "__main__":
    main()
