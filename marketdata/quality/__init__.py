"""How good a stored trading day is: gaps, duplicates, order, bad ticks, sides, volume, latency.

    pace.py      how many trades a quarter of an hour usually has, and what a pause missed
    measure.py   a day's ticks -> Measured
    judge.py     Measured -> good, doubtful or bad, with the reasons
    record.py    measures a day of the tick store and keeps the answer as a `DataQuality` row

`docs/data-quality.md` has the definitions.
"""
