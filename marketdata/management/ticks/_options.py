"""Options that several subcommands have."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sized
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marketdata.store import TickStore


def day(text: str) -> date:
    """YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day; write it like 2025-11-20") from None


def add_span(parser: ArgumentParser, *, symbol_required: bool = False) -> None:
    """`--symbol`, `--from` and `--to` (trading days, both included)."""
    parser.add_argument("--symbol", required=symbol_required, help="the instrument, like MES")
    parser.add_argument("--from", dest="first", type=day, metavar="DAY", help="first trading day")
    parser.add_argument("--to", dest="last", type=day, metavar="DAY", help="last trading day")


def the_store() -> "TickStore":
    """The store of this installation."""
    from marketdata import store

    return store.the_store()


def chosen(store: "TickStore", options: Mapping[str, Any]) -> list[tuple[str, date]]:
    """The stored days that `add_span`'s options name, by symbol and day."""
    symbols = [options["symbol"]] if options["symbol"] else store.symbols()
    first, last = options["first"] or date.min, options["last"] or date.max
    return [
        (symbol, day) for symbol in symbols for day in store.days(symbol) if first <= day <= last
    ]


def counted(days: Sized) -> str:
    """How many, in words."""
    return "1 day" if len(days) == 1 else f"{len(days):,} days"
