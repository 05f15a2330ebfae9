"""`bars export`: bars of a contract, of all, or of the continuous series as CSV."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, TextIO

from marketdata.management.bars._options import add_interval, front_interval, the_store
from marketdata.management.ticks._options import add_span

HELP = "Write bars to a CSV file (.csv or .csv.gz), prices as exact decimals."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    add_span(parser, symbol_required=True)
    add_interval(parser, "1m")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--contract", help="only this one, like MCLF5; default: all")
    which.add_argument(
        "--continuous", action="store_true", help="the front month of each trading day"
    )
    parser.add_argument(
        "--adjust",
        choices=("difference",),
        help="take the gaps at the rolls out of the continuous series; the newest prices stay",
    )
    parser.add_argument(
        "--trading-days", action="store_true", help="one bar a trading day, of the interval's bars"
    )


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0."""
    from pathlib import Path

    from engine.instruments import instrument
    from marketdata.bars.export import bounds, target, write_csv
    from marketdata.bars.series import chosen
    from marketdata.errors import StoreError

    if options["adjust"] and not options["continuous"]:
        raise StoreError("--adjust needs --continuous: a single contract has no rolls")
    symbol, path = options["symbol"], target(Path(options["file"]))
    spec, store = instrument(symbol), the_store()
    series = chosen(
        store,
        symbol,
        options["interval"],
        *bounds(options["first"], options["last"]),
        contract=options["contract"],
        fronts_from=front_interval(store, symbol) if options["continuous"] else None,
        adjust=bool(options["adjust"]),
        trading_days=options["trading_days"],
    )
    if not len(series.bars):
        raise StoreError(f"{symbol}: no bar of {options['interval']} is stored of these days")
    days = options["trading_days"]
    write_csv(path, series.bars, spec, series.adjustment, trading_days=days)
    out.write(f"{path}: {len(series.bars):,} bars\n")
    return 0
