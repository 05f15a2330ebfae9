"""Rithmic as a broker: `docs/rithmic.md` says how it is set up and what is sent how.

    access.py      where it is, who we are, how patient we are
    configured.py  what the environment says of that
    contracts.py   our symbols, Rithmic's contracts and exchanges, exact prices
    ids.py         our ids, which are Rithmic's user tags
    notices.py     what Rithmic's messages say of an order, in our words
    book.py        all orders as they were told, and the words that follow
    requests.py    questions that wait for their answers
    plants.py      the library's plants with a line that we keep: sent once, or known not to be
    quiet.py       what the library logs, without credentials
    keeping.py     a line is kept: lost, and connected again
    pace.py        so many questions a second
    asking.py      what Rithmic has: orders, fills, positions, money, margins, contracts
    ordering.py    entries, exits, changes, cancellations, all flat
    adapter.py     the adapter

The protocol, its messages and the login are async_rithmic's; its sending, its reconnect and its
request table are not used (`plants.py`). Importing this package is light; the library is imported
when a line is opened.
"""

from collections.abc import Iterable

from trading.brokers.rithmic.adapter import RithmicAdapter
from trading.brokers.rithmic.configured import access
from trading.brokers.rithmic.contracts import Contracts

__all__ = ["RithmicAdapter", "open_rithmic"]


def open_rithmic(
    *, account: str = "", contract: str = "", symbols: Iterable[str] = ()
) -> RithmicAdapter:
    """An adapter as the environment has it, not connected yet: `run` keeps its line.

    `account`: another of the login's than RITHMIC_ACCOUNT. `contract` is the feed's; without it
    nothing can be entered, but asked, closed and flattened. `symbols` are those that may be
    entered: their contracts are looked up as soon as the line is there. OptionError names what is
    not set, BrokerError what cannot be used.
    """
    return RithmicAdapter(access(account), Contracts(contract), symbols)
