"""`--feed store`: which days of the tick store are meant."""

from datetime import date
from typing import TYPE_CHECKING, Final

from engine.instruments import instrument
from trading.errors import OptionError

if TYPE_CHECKING:
    from marketdata.feeds import Feed
    from marketdata.store import TickStore
    from trading.pipeline.options import Options

ORIGIN: Final = {"kind": "store"}
"""Of a session whose ticks are in the tick store, under its symbol and day."""
NAMED: Final = 5
"""Missing days that are named one by one."""


def open_stored(options: "Options") -> "Feed":
    """The stored days that `--date` and `--to` name; OptionError when there are none."""
    from marketdata.store import the_store

    store = the_store()
    if options.symbol is None:
        known = ", ".join(store.symbols()) or "nothing yet"
        raise OptionError(f"--feed store needs --symbol; stored is {known}")
    for name, value in (("--contract", options.contract), ("--side", options.side)):
        if value is not None:
            raise OptionError(f"{name} is for recorded files; a stored day has its own")
    days = store.days(options.symbol)
    held = " to ".join(dict.fromkeys(f"{day}" for day in (*days[:1], *days[-1:]))) or "nothing"
    if options.date is None:
        raise OptionError(f"--feed store needs --date; stored of {options.symbol} is {held}")
    first = day_of("--date", options.date)
    last = day_of("--to", options.to) if options.to is not None else first
    if last < first:
        raise OptionError(f"--to {last} is before --date {first}")
    wanted = [day for day in days if first <= day <= last]
    if not wanted:
        span = f"{first}" if first == last else f"{first} to {last}"
        raise OptionError(f"{options.symbol} {span} is not in the tick store; it has {held}")
    missing = _missing(store, options.symbol, first, last)
    if missing:
        named = ", ".join(map(str, missing[:NAMED])) + (", ..." if len(missing) > NAMED else "")
        raise OptionError(
            f"{options.symbol}: from {first} to {last} the tick store lacks {named}; store what is "
            "missing, or take a span without it"
        )
    return store.feed(options.symbol, wanted)


def day_of(name: str, text: str) -> date:
    """The day of an option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OptionError(f"{name} {text!r} is no day; write it like 2025-11-20") from None


def _missing(store: "TickStore", symbol: str, first: date, last: date) -> list[date]:
    from marketdata.calendars import schedule

    there = set(store.days(symbol))
    traded = schedule(instrument(symbol), "all").days(first, last)
    return [found.day for found in traded if found.day not in there]
