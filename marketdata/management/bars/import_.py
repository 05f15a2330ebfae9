"""`bars import`: DBN files of bars into the store."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, TextIO

from marketdata.management.bars._options import the_store

HELP = "Store the bars of DBN files (schemas ohlcv-1s, -1m, -1h, -1d): outrights, by contract."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--symbol", help="whose outrights; needed where a file has several")
    parser.add_argument(
        "--replace", action="store_true", help="where a bar differs from the stored, take the new"
    )


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when a file could not be imported; the others were."""
    from pathlib import Path

    from engine.errors import EngineError
    from marketdata.bars.importing import import_file
    from marketdata.errors import MarketDataError

    store, failed = the_store(), 0
    for name in options["files"]:
        try:
            done = import_file(store, Path(name), options["symbol"], replace=options["replace"])
        except (MarketDataError, EngineError) as error:
            failed += 1
            out.write(f"{' '.join(str(error).split())}\n")
            continue
        written, dropped = done.written, done.counts.as_dict()["dropped"]
        parts = [f"{written.added:,} new"]
        parts += [f"{written.same:,} there already"] if written.same else []
        parts += [f"{written.replaced:,} replaced"] if written.replaced else []
        if isinstance(dropped, dict):
            parts += [f"{count:,} left out ({reason})" for reason, count in dropped.items()]
        out.write(f"{done.source}: {done.symbol} {done.interval}: {', '.join(parts)}\n")
    return 1 if failed else 0
