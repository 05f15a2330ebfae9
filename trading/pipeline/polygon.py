"""`--feed polygon`: which days of whose minute bars are meant, and where to have them again."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from engine.instruments import US_STOCKS, instrument
from engine.ticks import TickColumns
from trading.errors import ExplainError, OptionError
from trading.pipeline.stored import day_of

if TYPE_CHECKING:
    from marketdata.feeds import Feed
    from trading.pipeline.options import Options

KIND: Final = "polygon"


def open_bars(options: "Options", seed: int) -> "Feed":
    """The days that `--date` and `--to` name, downloaded where they are not kept yet."""
    from marketdata.calendars import schedule
    from marketdata.feeds.polygon import open_polygon, stock, the_access, the_folder

    if options.symbol is None:
        raise OptionError("--feed polygon needs --symbol, like SPY")
    for name, value in (("--contract", options.contract), ("--side", options.side)):
        if value is not None:
            raise OptionError(f"{name} is for recorded files; Polygon's minute bars have none")
    if options.date is None:
        raise OptionError("--feed polygon needs --date, like 2024-11-13")
    first = day_of("--date", options.date)
    last = day_of("--to", options.to) if options.to is not None else first
    if last < first:
        raise OptionError(f"--to {last} is before --date {first}")
    hours = schedule(stock(options.symbol), "rth")
    # One day that does not trade is refused by name; in a span it is passed over.
    days = [first] if first == last else [found.day for found in hours.days(first, last)]
    return open_polygon(options.symbol, days, folder=the_folder(), access=the_access, seed=seed)


def origin(seed: int) -> dict[str, Any]:
    """Of a session on such ticks: with its symbol and day they can be made again."""
    from marketdata.feeds.polygon.ticks import METHOD

    return {"kind": KIND, "seed": seed, "method": METHOD}


def blocks_again(feed: Mapping[str, Any], day: date) -> Iterator[TickColumns]:
    """The ticks of a session's day, from bars that are kept; nothing is downloaded."""
    from marketdata.feeds.polygon import open_polygon, the_folder
    from marketdata.feeds.polygon.ticks import METHOD

    if feed["method"] != METHOD:
        raise ExplainError(
            f"its ticks were made by method {feed['method']}, and this version has {METHOD}"
        )
    made = open_polygon(feed["symbol"], [day], folder=the_folder(), seed=feed["seed"])
    yield from made.blocks()


def is_kept(symbol: str, day: date) -> bool:
    """Whether the day's minute bars are still there."""
    from marketdata.feeds.polygon import the_folder
    from marketdata.feeds.polygon.cache import MinuteCache

    return MinuteCache(the_folder()).path(symbol, day).is_file()


def dated_feed(symbol: str | None, day: str) -> str:
    """What `--date` alone means: the tick store, or for a stock that is not stored Polygon."""
    from marketdata.store import the_store

    if symbol is None or instrument(symbol).calendar != US_STOCKS:
        return "store"
    return "store" if the_store().has(symbol, day_of("--date", day)) else KIND
