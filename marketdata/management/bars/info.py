"""`bars info`: what the bar store holds, and a symbol's rolls."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, TextIO

from marketdata.management.bars._options import front_interval, the_store

HELP = "Show what the bar store holds; with --rolls a symbol's front months."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--symbol", help="default: all")
    parser.add_argument(
        "--rolls", action="store_true", help="the rolls of the symbol's continuous series"
    )


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0."""
    from rich.console import Console
    from rich.table import Table

    from engine.times import time_text
    from marketdata.errors import StoreError

    store, symbol = the_store(), options["symbol"]
    if options["rolls"]:
        if symbol is None:
            raise StoreError("--rolls needs --symbol")
        return _rolls(symbol, out)
    symbols = [symbol] if symbol else store.symbols()
    table = Table(
        "Symbol", "Interval", "Bars", "Contracts", "From (New York)", "To", "Files",
        box=None, pad_edge=False,
    )  # fmt: skip
    for name in symbols:
        for interval in store.intervals(name):
            held = store.held(name, interval)
            table.add_row(
                name, interval, f"{held.bars:,}", f"{len(held.contracts)}",
                time_text(held.first), time_text(held.last), f"{len(held.sources)}",
            )  # fmt: skip
    if not table.row_count:
        out.write(f"Nothing{f' of {symbol}' if symbol else ''} is stored in {store.root}.\n")
        return 0
    Console(file=out, highlight=False, width=160).print(table)
    return 0


def _rolls(symbol: str, out: TextIO) -> int:
    from rich.console import Console
    from rich.table import Table

    from engine.instruments import instrument
    from marketdata.bars.continuous import gaps
    from marketdata.bars.front import fronts

    store, spec = the_store(), instrument(symbol)
    interval = front_interval(store, symbol)
    bars = store.read(symbol, interval)
    found = fronts(symbol, bars)
    table = Table(
        "Day", "From", "Volume before", "To", "Volume before", "Gap",
        box=None, pad_edge=False,
    )  # fmt: skip
    for gap in gaps(bars, found.rolls):
        roll = gap.roll
        table.add_row(
            f"{roll.day}", roll.left, f"{roll.left_volume:,}", roll.taken,
            f"{roll.taken_volume:,}", f"{spec.price(gap.ticks)}",
        )  # fmt: skip
    days = found.days
    out.write(
        f"{symbol}: {len(days):,} trading days, {days[0].day.day} to {days[-1].day.day}, "
        f"{len(found.rolls)} rolls by the volume of the day before, from bars of {interval}.\n"
    )
    if found.rolls:
        Console(file=out, highlight=False, width=160).print(table)
    return 0
