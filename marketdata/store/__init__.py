"""The tick store: the ticks of each symbol and trading day, kept for good.

    ROOT/MES/2025-11-20.parquet    a whole day, immutable, with checksums
    ROOT/MES/2025-11-21.journal    the day that is being recorded; compacted when it is over

    info.py      what is known of a day: contract, source, how its sides came about
    parquet.py   days as Parquet
    journal.py   the journal's format; appender.py writes it while trading, durable.py to disk
    day.py       reading a day, of whichever kind
    store.py     the folder as a whole: TickStore
    compacting.py, verifying.py, repairing.py, exporting.py   what is done with whole days
    live.py      journals a live feed, day after day
    feed.py      stored days as a feed

>>> store = TickStore(settings.DATA_DIR / "ticks")              # doctest: +SKIP
>>> [len(block.ts) for block in store.read("MES", day).columns()]   # doctest: +SKIP
[65536, 65536, 12288]

Whatever is written appears under its name when it is complete and on disk, or not at all.
"""

from marketdata.errors import StoreError
from marketdata.feeds import StoredTicks, stored
from marketdata.store.appender import Appender
from marketdata.store.day import StoredDay
from marketdata.store.info import DayInfo
from marketdata.store.live import LiveJournal
from marketdata.store.store import TickStore, the_store

__all__ = [
    "Appender", "DayInfo", "LiveJournal", "StoreError", "StoredDay", "StoredTicks", "TickStore",
    "stored", "the_store",
]  # fmt: skip
