"""`make chaos`: the trading process dies and everything around it fails; nothing may be lost.

A *world* is a market day with its own data folder, database, exchange and feed. Its trading process
is a real one (forked, so that a thousand starts fit in minutes), trading Databento's protocol and
Rithmic's over sockets, and is killed with SIGKILL at random points: at a random trade of the
market, or right before or after a random step of its own (a write to a journal, an order given to
the broker, a fill that came, rows written). In between the feed, the broker, the database and Redis
are cut, hung and restarted. Time is the market's: it stands still while the harness says so.

    market.py     the day's trades, for the exchange and for the feed
    broker.py     the local Rithmic, and its books
    outside.py    everything that is not ours, in one process of its own
    faults.py     what goes wrong there
    preparing.py  what a world does once
    life.py       one life of the trading process, and where it dies
    world.py      lives, one after the other
    check.py      what must be true afterwards, from the exchange's own books
    __main__.py   the command, and the table of counts
"""
