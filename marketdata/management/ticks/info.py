"""`ticks info`: the stored days, a line each."""

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from marketdata.management.ticks._options import add_span, chosen, counted, the_store

if TYPE_CHECKING:
    from marketdata.store import StoredDay

WIDTH = 240
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
        out.write(f"No such day is stored in {store.root}.\n")
        return 0
    table = Table(box=None, pad_edge=False)
    for name in ("Symbol", "Day", "Contract", "Ticks", "Size", "First", "Last, New York", "Source"):
        number = name in ("Ticks", "Size")
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    total = size = 0
    damaged = []
    for symbol, day in days:
        try:
            found = store.read(symbol, day)
            total, size = total + found.count, size + found.size
            row = _row(found)
        except StoreError as error:
            damaged.append(str(error))
            row = ["", "", "", "", "", "damaged"]
        table.add_row(symbol, f"{day}", *row)
    # A line a day, however narrow the terminal: it is searched with grep.
    console = Console(file=out, width=WIDTH, highlight=False, markup=False, emoji=False)
    console.print(table)
    console.print(f"{counted(days)}, {total:,} ticks, {_bytes(size)} in {store.root}")
    for text in damaged:
        console.print(text, soft_wrap=True)
    return 1 if damaged else 0


def _row(found: "StoredDay") -> list[str]:
    info = found.info
    marks = [
        text
        for text, there in (
            ("synthetic", info.synthetic),
            ("side inferred", info.side == "inferred"),
            ("being recorded, or not compacted yet", found.journalled),
            ("notes: see ticks verify", bool(info.warnings)),
        )
        if there
    ]
    first, last = found.time_range or (None, None)
    source = info.source + (f" [{', '.join(marks)}]" if marks else "")
    return [
        info.contract, f"{found.count:,}", _bytes(found.size), _time(first), _time(last), source
    ]  # fmt: skip


def _time(ts: int | None) -> str:
    from marketdata.calendars import NEW_YORK

    if ts is None:
        return ""
    return f"{datetime.fromtimestamp(ts // 10**9, UTC).astimezone(NEW_YORK):%m-%d %H:%M:%S}"


def _bytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} KB"
