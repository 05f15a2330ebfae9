"""Options that several subcommands have."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from marketdata.bars.store import BarStore
    from marketdata.bars.table import Interval

INTERVALS: Final = ("1s", "1m", "1h", "1d")
FOR_FRONTS: Final = ("1m", "1h", "1s")
"""Which bars the front months are computed from: the first that are there."""


def add_interval(parser: ArgumentParser, default: str | None = None) -> None:
    """`--interval`."""
    shown = f"default {default}" if default else "default: all"
    parser.add_argument("--interval", choices=INTERVALS, default=default, help=shown)


def the_store() -> "BarStore":
    """The store of these settings."""
    from pathlib import Path

    from django.conf import settings

    from marketdata.bars.store import BarStore

    return BarStore(Path(settings.DATA_DIR) / "bars")


def front_interval(store: "BarStore", symbol: str) -> "Interval":
    """What the symbol's front months are computed from; StoreError when it has no such bars."""
    from marketdata.errors import StoreError

    there = store.intervals(symbol)
    for interval in FOR_FRONTS:
        if interval in there:
            return cast("Interval", interval)
    raise StoreError(
        f"{symbol}: front months need bars of an hour or shorter, since a bar of 1d is a day of "
        f"UTC; the bar store has {', '.join(there) or 'nothing'}"
    )
