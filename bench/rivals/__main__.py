"""`python -m bench.rivals`: one simulated day of ES through our engine and each rival, in turns."""

import argparse
from datetime import date
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.rivals.speed import measure
from engine.config import engine_config
from marketdata.calendars import schedule
from marketdata.feeds.simulator import Simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.rivals", description=__doc__)
    parser.add_argument("--ticks", type=int, default=750_000, help="ticks of the day (750,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison (5)")
    options = parser.parse_args()
    config = engine_config("ES")
    ticks = Simulator("ES", seed=1, ticks_per_day=options.ticks).day(date(2025, 7, 7))
    count = len(ticks.ts)
    measured = measure(ticks, config, schedule(config.instrument, "rth"), options.rounds)
    table = Table(title=f"{count:,} simulated ES ticks, CPU time")
    table.add_column("what")
    for heading in ("M ticks/s", "ours as fast", "at as many brackets"):
        table.add_column(heading, justify="right")
    own = {
        f"our engine, {measured.trades} trades": measured.ours,
        f"our engine, imbalances alone, {measured.imbalance_trades} trades": measured.imbalances,
    }
    for name, spent in {**own, **measured.rivals}.items():
        faster = [
            median(b / a for a, b in zip(ours, spent, strict=True))
            for ours in (measured.ours, measured.imbalances)
        ]
        rate = count / median(spent) / 1e6
        table.add_row(name, f"{rate:,.2f}", *(f"{figure:,.1f}" for figure in faster))
    console = Console()
    console.print(table)
    console.print(f"nautilus_trader closed {measured.nautilus_trades} brackets")


if __name__ == "__main__":
    main()
