"""Databento's historical trades into the tick store, and the warm-up of a live start.

    api.py        the client: what may be asked again, what costs, errors in one line
    fetch.py      the trades of a span of time, whole or refused; goes on where a stream was cut
    records.py    what a download holds, as bytes and as ticks
    front.py      which contract is the front month of a trading day
    download.py   days into the store: plan, cost, download
    warm_up.py    the last hours of trading from store, history and the live feed's replay

Importing this package is light; databento is imported when something is asked of it.
"""
