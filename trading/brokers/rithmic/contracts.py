"""Our symbols, the contracts that they are traded in, and their exchanges at Rithmic.

The feed says which contract a day trades; orders go to the contract of the same month, of the same
symbol or of its micro sibling (a tier may trade MES on an ES feed). Rithmic names contracts as CME
does, with one digit for the year: ESZ5.

>>> contracts = Contracts("ESZ25")
>>> contracts.of("MES"), exchange("MESZ5")
('MESZ5', 'CME')
"""

from decimal import Decimal
from typing import Final

from engine.errors import OffGridError, UnknownSymbolError
from engine.instruments import Instrument, instrument
from marketdata.feeds.contracts import one_digit, root
from trading.brokers.adapter import BrokerError

EXCHANGES: Final = {
    "ES": "CME",
    "MES": "CME",
    "NQ": "CME",
    "MNQ": "CME",
    "CL": "NYMEX",
    "MCL": "NYMEX",
    "GC": "COMEX",
}
SIBLINGS: Final = ({"ES", "MES"}, {"NQ", "MNQ"}, {"CL", "MCL"})


class Contracts:
    """What is traded now. `follow` another contract when the market rolls."""

    def __init__(self, contract: str = "") -> None:
        self._base, self._month = "", ""
        if contract:
            self.follow(contract)

    def follow(self, contract: str) -> None:
        """Trade the month of this contract from now on; BrokerError if it is no outright."""
        name = one_digit(contract)
        base = root(name)
        if base is None or "." in name or base not in EXCHANGES:
            raise BrokerError(
                f"contract {contract!r} cannot be traded at Rithmic; it is like ESZ5, of "
                f"{', '.join(EXCHANGES)}"
            )
        self._base, self._month = base, name.removeprefix(base)

    def known(self, symbol: str) -> str:
        """The contract of a symbol, "" when there is none."""
        sibling = symbol == self._base or {symbol, self._base} in SIBLINGS
        return symbol + self._month if self._base and sibling else ""

    def of(self, symbol: str) -> str:
        """The contract of a symbol; BrokerError when none is followed, or another market's is."""
        if not self._base:
            raise BrokerError(f"{symbol}: no contract is known yet; it comes with the feed")
        if not self.known(symbol):
            raise BrokerError(
                f"{symbol} is not what is traded ({self._base}{self._month}), nor its sibling"
            )
        return self.known(symbol)


def exchange(contract: str) -> str:
    """Rithmic's name of the exchange of a contract; BrokerError for one that we do not know."""
    name = EXCHANGES.get(root(contract) or "")
    if name is None:
        raise BrokerError(f"the exchange of contract {contract!r} is not known")
    return name


def traded(contract: str) -> Instrument | None:
    """What the contract is of; None for what is none of ours."""
    try:
        return instrument(root(contract) or "")
    except UnknownSymbolError:
        return None


def exact(price: float) -> Decimal:
    """A price of the protocol, which is a double, as the decimal number that it stands for."""
    return Decimal(repr(price))


def ticks(contract: str, price: Decimal) -> int | None:
    """The price in ticks, None when it is not on the contract's grid. Never rounded."""
    what = traded(contract)
    try:
        return what.ticks(price) if what is not None else None
    except OffGridError:
        return None
