"""`ticks export`: stored days as a file for other tools."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from marketdata.management.ticks._options import add_span, chosen, the_store

HELP = "Export stored days to CSV or Parquet, with exact decimal prices."


def add_arguments(parser: ArgumentParser) -> None:
    add_span(parser, symbol_required=True)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="ends in .csv, .csv.gz or .parquet"
    )
    parser.add_argument("--replace", action="store_true", help="even if the file exists")


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0."""
    from marketdata.errors import StoreError
    from marketdata.store.exporting import export

    store, path, symbol = the_store(), options["out"].expanduser(), options["symbol"]
    days = [day for _, day in chosen(store, options)]
    if not days:
        raise StoreError(f"{symbol}: no such day is in the tick store; see `ticks info`")
    try:
        there = path.exists()
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from None
    if there and not options["replace"]:
        raise StoreError(f"{path}: exists; add --replace, or name another file")
    count = export(store, symbol, days, path)
    span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}, {len(days)} days"
    out.write(f"{path}: {count:,} ticks of {symbol}, {span}\n")
    infos = [store.read(symbol, day).info for day in days]
    for marked, text in (
        (any(info.synthetic for info in infos), "Synthetic ticks: no market made them."),
        (any(info.side == "inferred" for info in infos), "The aggressor's side is inferred."),
    ):
        if marked:
            out.write(f"Note: {text}\n")
    return 0
