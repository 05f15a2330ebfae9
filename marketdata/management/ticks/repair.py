"""`ticks repair`: clears up what dead processes left, and moves what is damaged aside."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, TextIO

from marketdata.management.ticks._options import the_store

HELP = "Repair what can be repaired, saying what it did; damaged originals are kept aside."


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--symbol", help="only this instrument")


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0."""
    import time

    from marketdata.store.repairing import repair

    store, done = the_store(), 0
    for symbol in [options["symbol"]] if options["symbol"] else store.symbols(damaged=True):
        for text in repair(store, symbol, now=time.time_ns()):
            out.write(f"{text}\n")
            done += 1
    if not done:
        out.write("Nothing needed repair.\n")
    return 0
