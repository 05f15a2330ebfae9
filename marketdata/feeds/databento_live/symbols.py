"""What we ask for: a parent (`MES.FUT`), a continuous symbol (`MES.v.0`) or a contract."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from marketdata.errors import FeedError
from marketdata.feeds.contracts import root

_PARENT: Final = re.compile(r"([A-Z0-9]+)\.FUT")
_CONTINUOUS: Final = re.compile(r"([A-Z0-9]+)\.[cvn]\.\d+")

Stype = Literal["parent", "continuous", "raw_symbol"]


@dataclass(frozen=True, slots=True)
class Symbols:
    """A symbol and its kind, in Databento's words."""

    name: str
    stype: Stype


def symbols(symbol: str, contract: str | None) -> Symbols:
    """What `--symbol` and `--contract` mean; without a contract the parent, FeedError for another
    market's.

    >>> symbols("MES", None), symbols("MES", "MES.c.0").stype, symbols("MES", "MESZ5").stype
    (Symbols(name='MES.FUT', stype='parent'), 'continuous', 'raw_symbol')
    """
    name = contract or f"{symbol}.FUT"
    kind: Stype
    if found := _PARENT.fullmatch(name):
        kind, base = "parent", found[1]
    elif found := _CONTINUOUS.fullmatch(name):
        kind, base = "continuous", found[1]
    elif (outright := root(name)) is not None:
        kind, base = "raw_symbol", outright
    else:
        raise FeedError(
            f"contract {name!r} is none that can be traded; it is like {symbol}.FUT (the front "
            f"month by volume), {symbol}.v.0, {symbol}.c.0 or {symbol}Z5"
        )
    if base != symbol:
        raise FeedError(f"contract {name} is of {base}, not {symbol}")
    return Symbols(name, kind)
