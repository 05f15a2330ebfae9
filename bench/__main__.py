"""`make bench`: how fast the engine is, side by side with what it could be compared with.

Everything is measured in one run on simulated ticks, on one core, taking turns; a figure is the
median of the rounds' ratios, so that a slow minute of the machine slows both sides, and works in
this process are timed by its CPU time, so that other processes do not count. Rates and times are of
this machine and this run; ratios travel better, though not between kinds of machine. One topic a
file:

    engine      from columns in memory to trades, against copying these columns
    files       Parquet, memory-mapped columns and DBN to trades, against decoding alone
    latency     one tick a call: a plain one, and one that closes a bar
    live        Databento's gateway to journalled and pushed, against its client alone
    orders      a live pipeline's tick to the order on the local Rithmic's socket
    footprints  footprints alone: ours, numpy, polars, pandas
    oracle      against plain Python giving the same answers
    workers     two processes against one
    memory      peak use over 5 and 40 days
    imports     DBN and Parquet into the tick store, against reading alone; peak memory
    year        a year's backtest from Parquet to its report, first and again
    start       a fresh process's first tick, with compiled code kept and with none
    rivals      nautilus_trader and hftbacktest on the same ticks

"must" and "moonshot" are goals (bench/goals.py); a missed one fails nothing. The exit status is 0
whatever the figures, and 1 when something could not run, or when two sides that must give the same
(trades, footprints) did not. docs/speed.md tells how to read the table.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench import (
    backtesters,
    engine,
    files,
    footprints,
    imports,
    latency,
    live,
    memory,
    oracle,
    orders,
    start,
    workers,
    year,
)
from bench.machine import cores, facts, one_core, scheduled
from bench.market import SYMBOL, Market
from bench.setup import Setup, Topic
from bench.table import Row, as_table

TOPICS: Final[Mapping[str, Topic]] = {
    "engine": engine.rows,
    "files": files.rows,
    "latency": latency.rows,
    "live": live.rows,
    "orders": orders.rows,
    "footprints": footprints.rows,
    "oracle": oracle.rows,
    "workers": workers.rows,
    "memory": memory.rows,
    "imports": imports.rows,
    "year": year.rows,
    "start": start.rows,
    "rivals": backtesters.rows,
}

NOTES: Final = """\
Figures are of this machine and this run. "first / second" is a share of the second's time, \
"x" how many times as fast; M/s are millions of ticks a second.
The engine decides and fills against the simulated exchange; journal, database, page, broker and \
network are left out, but in live and orders. Quiet, as it runs years, it says what became of \
the account, and nothing of bars, signals, decisions and single orders. Latency is of the call \
alone, with the clock's reading, Python's garbage collector off."""
WAITED: Final = """\
This process waited for its core {:.0%} of the time: latencies, workers and start are that much \
worse than on a quiet machine."""
QUICK: Final = """\
A quick run's days are thin: what a bar costs weighs more, ratios are worse than in a full one."""


def main(arguments: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Measure, print the table; the exit status."""
    options = parsed(arguments)
    console = console or Console()
    available = cores()
    with (
        one_core(available),
        tempfile.TemporaryDirectory(prefix="tradebot-bench-") as folder,
    ):
        return bench(options, console, available, Path(folder))


def bench(options: argparse.Namespace, console: Console, available: list[int], folder: Path) -> int:
    """Every topic that is asked for; one that fails does not hide the others' figures."""
    before, machine = scheduled(), facts(available)
    console.print(headline(machine), highlight=False)
    with console.status("simulating"):
        market = Market(folder, options.days, options.ticks)
        setup = Setup(market, options.rounds, options.quick, available, options.year, options.ticks)
    console.print(
        f"{len(market.ticks.ts):,} simulated {SYMBOL} ticks in {len(market.days)} days, "
        f"{len(market.trades)} trades; {options.rounds} rounds\n",
        highlight=False,
    )
    topics: list[tuple[str, list[Row]]] = []
    failed: dict[str, str] = {}
    for name in options.only:
        with console.status(name):
            try:
                topics.append((name, TOPICS[name](setup)))
            except Exception as error:  # noqa: BLE001 - whatever it was, it is said and counted
                console.print_exception()
                failed[name] = f"{type(error).__name__}: {error}"
    machine["waited_share"] = waited_share(before, scheduled())
    console.print(as_table(topics))
    console.print()
    console.print(NOTES, highlight=False)
    if options.quick:
        console.print(QUICK)
    if machine["waited_share"] is not None:
        console.print(WAITED.format(machine["waited_share"]), highlight=False)
    for name, reason in failed.items():
        console.print(f"{name} could not be measured: {reason}", style="red", markup=False)
    if options.json:
        report = as_json(options, machine, topics, failed)
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 1 if failed else 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options; `only` is the list of topics, in the order given."""
    parser = argparse.ArgumentParser(
        prog="make bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=topic_names, help="topics, separated by commas (all)")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer: under a minute")
    parser.add_argument("--days", type=at_least_one, help="simulated days (5; quick: 2)")
    parser.add_argument("--ticks", type=int, help="ticks a day (750,000; quick: 300,000)")
    parser.add_argument("--rounds", type=at_least_one, help="rounds of each (15; quick: 5)")
    parser.add_argument("--year", type=at_least_one, help="days of a year (198; quick: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    options = parser.parse_args(arguments)
    options.only = options.only or list(TOPICS)
    usual = (2, 300_000, 5, 10) if options.quick else (5, 750_000, 15, 198)
    for name, value in zip(("days", "ticks", "rounds", "year"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def topic_names(text: str) -> list[str]:
    """Known topics of a list like `memory,latency`."""
    names = text.split(",")
    for name in names:
        if name not in TOPICS:
            raise argparse.ArgumentTypeError(f"no topic {name!r}; there are {', '.join(TOPICS)}")
    return names


def at_least_one(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is too few")
    return number


def headline(machine: Mapping[str, Any]) -> str:
    """The machine in a line or two."""
    return (
        f"{machine['cores']} cores ({machine['architecture']}), "
        f"{'one used unless said' if machine['pinned'] else 'none can be chosen here'}; "
        f"memcpy {machine['memcpy_gb_a_second']:.1f} GB/s; "
        f"Python {machine['python']}, numba {machine['numba']}, numpy {machine['numpy']}, "
        f"pyarrow {machine['pyarrow']}"
    )


def waited_share(before: tuple[int, int] | None, after: tuple[int, int] | None) -> float | None:
    """Of the time in which this process could have run, how much it waited for its core."""
    if before is None or after is None:
        return None
    ran, waited = (b - a for a, b in zip(before, after, strict=True))
    return waited / (ran + waited)


def as_json(
    options: argparse.Namespace,
    machine: Mapping[str, Any],
    topics: Sequence[tuple[str, Sequence[Row]]],
    failed: Mapping[str, str],
) -> dict[str, Any]:
    """Everything in the table, and quartiles."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "symbol": SYMBOL,
        "days": options.days,
        "ticks_per_day": options.ticks,
        "rounds": options.rounds,
        "quick": options.quick,
        "rows": [{"topic": name, **row.as_dict()} for name, rows in topics for row in rows],
        "failed": dict(failed),
    }


if __name__ == "__main__":
    sys.exit(main())
