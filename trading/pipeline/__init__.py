"""The long-running process: feed -> engine -> database, page, broker.

    stream.py      blocks of a feed become inputs in the order in which they are due
    core.py        the one way into the engine, and from it to the outputs
    recorder.py    events become rows; writer.py stores them in a thread of its own
    publisher.py   events and the engine's state become frames for the live page
    operator.py    commands of people
    start.py       accounts, sessions and what a start carries over
    supervisor.py  runs and stops it all

An output takes what the engine said without waiting. What it does with it, it does in its own task
or thread: a slow or dead one never holds up the engine.
"""
