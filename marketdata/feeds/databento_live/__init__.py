"""Databento's live feed: `docs/databento.md` says what a trader sees of it.

    access.py         where the gateway is, the key, and how patient we are
    symbols.py        what is asked for: a parent, a continuous symbol, a contract
    protocol.py       the client library's protocol, its records gathered
    connection.py     one connection, from the socket to records, until it is lost
    feed.py           the supervisor: connects, goes on after a gap, tells what happens
    trades.py         trade records become ticks of the day's contract
    resume.py         where to go on, and which replayed trades were there before
    clock.py          the gateway's clock and ours
    watch.py          silence of ours: slow reading, late ticks, a clock that is wrong
    listing.py        which instrument id is which contract, and its tick
    exchange_news.py  sessions, halts, settlement, cleared volume
    front.py          which contract a trading day trades
    opening.py        what is found out before the first tick

The client library's own reconnect loses data, so only its protocol is used, in the loop of whoever
listens. Importing this package is light; databento is imported when a connection is made.
"""

from marketdata.feeds.databento_live.access import Access, Timing
from marketdata.feeds.databento_live.opening import open_live

__all__ = ["Access", "Timing", "open_live"]
