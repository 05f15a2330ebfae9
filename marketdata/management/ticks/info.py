"""`ticks info`: the stored days, a line each."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, TextIO

from marketdata.management.ticks._options import add_span, chosen, the_store

HELP = "Show what the tick store holds."


def add_arguments(parser: ArgumentParser) -> None:
    add_span(parser)


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when a day cannot be read."""
    from rich.console import Console
    from rich.table import Table

    from marketdata.errors import StoreError

    store = the_store()
    days = chosen(store, options)
    if not days:
        out.write(f"Nothing is stored in {store.root}.\n")
        return 0
    table = Table("Symbol", "Day", "Contract", "Ticks", "Source", box=None, pad_edge=False)
    damaged = []
    for symbol, day in days:
        try:
            found = store.read(symbol, day)
            count, info = found.count, found.info
        except StoreError as error:
            damaged.append(str(error))
            table.add_row(symbol, f"{day}", "", "", "damaged")
            continue
        table.add_row(symbol, f"{day}", info.contract, f"{count:,}", info.source)
    console = Console(file=out, highlight=False)
    console.print(table)
    for text in damaged:
        console.print(text)
    return 1 if damaged else 0
