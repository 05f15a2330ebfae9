"""`ticks quality`: how good stored days are, measured and kept."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from marketdata.management.ticks._options import add_span, chosen, day, the_store

if TYPE_CHECKING:
    from rich.console import Console

    from marketdata.models import DataQuality

HELP = "Measure days: gaps, duplicates, order, bad ticks, volume, latency. Kept for the admin."


def add_arguments(parser: ArgumentParser) -> None:
    add_span(parser)
    parser.add_argument("--date", type=day, metavar="DAY", help="one trading day, in full")


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when a day cannot be measured. Days are measured in order, since the usual pace of one
    comes from those before it."""
    import time

    from rich.console import Console

    from engine.errors import EngineError
    from marketdata.errors import MarketDataError, StoreError
    from marketdata.quality.record import record

    one = options["date"]
    if one is not None:
        if options["first"] or options["last"]:
            raise StoreError("--date is one day; leave out --from and --to")
        options = {**options, "first": one, "last": one}
    store = the_store()
    days = chosen(store, options)
    if not days:
        what = f"{options['symbol'] or 'Nothing'} {one or ''}".strip()
        raise StoreError(f"{what}: no such day is in the tick store; see `ticks info`")
    console = Console(file=out, highlight=False, markup=False, emoji=False, soft_wrap=True)
    code = 0
    for symbol, each in days:
        try:
            row = record(store, symbol, each, now=time.time_ns())
        except (MarketDataError, EngineError) as error:
            console.print(f"{symbol} {each}: {' '.join(str(error).split())}")
            code = 1
            continue
        why = "; ".join(row.reasons)
        console.print(f"{symbol} {each}: {row.grade}{': ' * bool(why)}{why}")
        if one is not None:
            _details(console, row)
    return code


def _details(console: "Console", row: "DataQuality") -> None:
    from marketdata.quality.words import figures, gap_lines

    for name, value in figures(row):
        console.print(f"  {name:<20} {value}")
    for line in gap_lines(row):
        console.print(f"  {'':<20} {line}")
