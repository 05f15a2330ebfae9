"""`ticks import`: recorded files into the tick store."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from marketdata.management.ticks._options import add_span, the_store

if TYPE_CHECKING:
    from rich.console import Console

    from marketdata.imports import ImportOptions, PlannedDay
    from marketdata.management.ticks._progress import Show
    from marketdata.store import TickStore

HELP = "Import recorded ticks: DBN, CSV, Parquet, Sierra Chart, LEAN, Binance sockets."


def add_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="what it is is found in the file")
    add_span(parser)
    add(
        "--contract",
        help="which contract of several (ESZ5); front: the one with the most volume, day by day",
    )
    add(
        "--side",
        help="infer the aggressor, marked as inferred: tick-rule (from prices) or quotes (from bid "
        "and ask beside each trade)",
    )
    add("--timezone", help="of times that name none (America/Chicago); never assumed")
    add(
        "--price-scale",
        type=_scale,
        default=Decimal(1),
        metavar="FACTOR",
        help="multiplies the prices of a Sierra Chart file (0.01 where it has 480025 for 4800.25)",
    )
    add("--any-hours", action="store_true", help="also where many trades lie outside market hours")
    add("--replace", action="store_true", help="days that are stored already, from elsewhere")
    add("--dry-run", action="store_true", help="read and say what would be stored; store nothing")


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when one of several files was refused. A single one raises."""
    from rich.console import Console

    from marketdata.errors import MarketDataError
    from marketdata.imports import ImportOptions
    from marketdata.management.ticks._progress import progress_bar

    store = the_store()
    console = Console(file=out, highlight=False, markup=False, emoji=False, soft_wrap=True)
    words = ImportOptions(
        symbol=options["symbol"],
        contract=options["contract"],
        side=options["side"],
        timezone=options["timezone"],
        scale=options["price_scale"],
        replace=options["replace"],
        any_hours=options["any_hours"],
        **{name: options[name] for name in ("first", "last") if options[name] is not None},
    )
    code = 0
    with progress_bar(sys.stderr) as show:
        for path in options["files"]:
            try:
                _import(store, path, words, console, show, dry_run=options["dry_run"])
            except MarketDataError as error:
                if len(options["files"]) == 1:
                    raise
                console.print(f"refused: {' '.join(str(error).split())}")
                code = 1
    return code


def _import(
    store: "TickStore",
    path: Path,
    words: "ImportOptions",
    console: "Console",
    show: "Show",
    *,
    dry_run: bool,
) -> None:
    import time

    from marketdata.imports import is_stored, plan_import, store_days

    plan = plan_import(
        store, path, words, time.time_ns(), lambda part: show(f"checking {path.name}", part)
    )
    for day in plan.days:
        if day.state == "same":
            console.print(_line(day, "stored already from this file"))
    if dry_run:
        for day in plan.days:
            if day.state != "same":
                _say(console, day, "would be stored" + " anew" * (day.state == "replace"))
        return
    left = [day for day in plan.days if day.state != "same"]
    try:
        for day in store_days(store, plan, lambda part: show(f"storing {path.name}", part)):
            _say(console, day, "stored" + " anew" * (day.state == "replace"))
    except KeyboardInterrupt:
        # Asked of the store: the last day may have been complete just before it was said.
        done = sum(is_stored(store, day.info) for day in left)
        console.print(
            f"interrupted: {done} of {len(left)} days stored; run it again for the others"
        )
        raise


def _say(console: "Console", day: "PlannedDay", what: str) -> None:
    console.print(_line(day, what))
    for warning in day.info.warnings:
        console.print(f"    {warning}")


def _line(day: "PlannedDay", what: str) -> str:
    info, found = day.info, day.scan
    side = " (sides inferred)" * (info.side == "inferred")
    return (
        f"{info.symbol} {info.day} {info.contract or '-'}: {found.ticks:,} ticks, "
        f"{found.volume:,} lots{side}: {what}"
    )


def _scale(text: str) -> Decimal:
    """A factor above 0."""
    try:
        factor = Decimal(text)
    except InvalidOperation:
        factor = Decimal(0)
    if not factor.is_finite() or factor <= 0:
        raise ArgumentTypeError(f"{text!r} is no factor; write it like 0.01")
    return factor
