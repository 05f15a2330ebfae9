"""The instruments that the gateway named: which id is which contract, and what is known of it."""

from dataclasses import dataclass, field
from typing import Any, Final

from engine.instruments import NANO, Instrument
from marketdata.errors import FeedError
from marketdata.feeds.contracts import root

UNDEFINED_TIME: Final = 2**64 - 1
FAR: Final = 2**63 - 1


@dataclass(slots=True)
class Listing:
    """Of one connection for the ids, of all for the rest. `symbol`: whose outrights are ours."""

    instrument: Instrument
    ids: dict[int, str] = field(default_factory=dict)
    """Every instrument id to its raw symbol, spreads too."""
    expires: dict[str, int] = field(default_factory=dict)
    """Outrights by raw symbol: when they expire, UTC ns; FAR when that is not known."""
    rules: dict[str, str] = field(default_factory=dict)
    """Continuous symbols: the outright that each stands for."""

    def mapped(self, record: Any) -> None:
        """A SymbolMappingMsg."""
        name = str(record.stype_out_symbol)
        self.ids[int(record.instrument_id)] = name
        if self.is_ours(name):
            self.expires.setdefault(name, FAR)
            self.rules[str(record.stype_in_symbol)] = name

    def defined(self, record: Any) -> None:
        """An InstrumentDefMsg; FeedError when an outright counts in other ticks than we do."""
        name = str(record.raw_symbol)
        if str(record.security_update_action) == "D" or not self.is_ours(name):
            return
        step, ours = int(record.min_price_increment), int(self.instrument.tick * NANO)
        if step != ours:
            raise FeedError(
                f"{name} counts in ticks of {step / NANO:g}, and {self.instrument.symbol} here in "
                f"ticks of {self.instrument.tick}: correct engine/instruments.py before trading it"
            )
        expires = int(record.expiration)
        self.expires[name] = expires if expires != UNDEFINED_TIME else FAR

    def is_ours(self, name: str) -> bool:
        """Whether this is an outright of our symbol."""
        return root(name) == self.instrument.symbol and "." not in name

    def outrights(self) -> dict[int, str]:
        """Ids of our outrights."""
        return {number: name for number, name in self.ids.items() if name in self.expires}
