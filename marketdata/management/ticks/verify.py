"""`ticks verify`: every checksum, the metadata, order, day boundaries, duplicates."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, TextIO

from marketdata.management.ticks._options import add_span, chosen, counted, the_store

HELP = "Check every byte of the stored days; exit code 1 when something is wrong."


def add_arguments(parser: ArgumentParser) -> None:
    add_span(parser)


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when a day has a problem. Remarks are no problems."""
    from marketdata.errors import StoreError
    from marketdata.store.verifying import verify

    store = the_store()
    days = chosen(store, options)
    if not days and (options["symbol"] or options["first"] or options["last"]):
        raise StoreError(f"no such day is in {store.root}; see `ticks info`")
    wrong = total = 0
    for symbol, day in days:
        found = verify(store, symbol, day)
        total += found.count
        wrong += bool(found.problems)
        out.writelines(f"{symbol} {day}: PROBLEM: {text}\n" for text in found.problems)
        out.writelines(f"{symbol} {day}: {text}\n" for text in found.remarks)
    state = f"{wrong} with problems" if wrong else "all good"
    out.write(f"{counted(days)}, {total:,} ticks: {state}\n")
    return 1 if wrong else 0
