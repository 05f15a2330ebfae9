"""`ticks simulate`: simulated days into the tick store."""

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from marketdata.management.ticks._options import counted, day, the_store

if TYPE_CHECKING:
    from datetime import date

HELP = "Store simulated days, to try things on; they are marked as synthetic."


def add_arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--symbol", required=True, help="the instrument, like ES")
    add("--days", type=_count, default=20, help="how many trading days (20)")
    add("--to", dest="last", type=day, metavar="DAY", help="the last one (the last that is over)")
    add("--from", dest="first", type=day, metavar="DAY", help="the first one, instead of --days")
    add("--seed", type=int, default=1, help="another seed is another market (1)")
    add("--ticks-per-day", type=_count, help="of a full day (as the market has)")
    add("--replace", action="store_true", help="simulated days that are stored already")


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0."""
    import time

    from marketdata.errors import StoreError
    from marketdata.feeds.simulator import Simulator
    from marketdata.management.ticks._progress import progress_bar
    from marketdata.store.simulating import days_until, store_simulated

    simulator = Simulator(options["symbol"], options["seed"], options["ticks_per_day"])
    today = simulator.schedule.at(time.time_ns()).day
    last = options["last"] or simulator.schedule.before(today).day
    if options["first"] is not None:
        if options["first"] > last:
            raise StoreError(f"--from {options['first']} is after the last day, {last}")
        days = [found.day for found in simulator.schedule.days(options["first"], last)]
    else:
        days = days_until(simulator, last, options["days"])
    if not days:
        raise StoreError(f"{options['symbol']} does not trade from {options['first']} to {last}")
    with progress_bar(sys.stderr) as show:
        done = 0

        def told(day: "date", _: str) -> None:
            nonlocal done
            done += 1
            show(f"simulating {options['symbol']} {day}", done / len(days))

        store = the_store()
        made = store_simulated(store, simulator, days, replace=options["replace"], told=told)
    there = len(days) - made
    out.write(
        f"{options['symbol']} {days[0]} to {days[-1]}: {made} simulated, {there} there already; "
        f"{counted(days)} in {store.root}\n"
    )
    return 0


def _count(text: str) -> int:
    """A whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)
