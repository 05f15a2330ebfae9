"""What Prometheus is told of a process, and what its logs say.

    tally.py      durations in buckets, counted where the time is spent
    witness.py    counts and logs what the engine says, in the writer's thread
    metrics.py    the registry, and what several threads or processes count
    figures.py    the figures of a trading process, read when somebody asks
    rows.py       the figures that the database has
    text.py       all of it as the text that Prometheus reads
    serving.py    a port of its own for it; views.py: beside the pages
    requests.py, sockets.py, tasks.py, logged.py, lag.py: what is counted of these

Where a figure exists already nothing is counted: it is read when it is asked for. What is timed on
the engine's way is timed by block, never by tick, into a list of whole numbers.
"""
