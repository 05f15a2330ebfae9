"""The day's jobs: each is done once a trading day, at its New York time, however often who looks.

`table` says what the jobs are and when each is of use; `due` says, as a pure function, what is to
be done now; `runs` keeps in the database who does it; `work` does one. With Redis, Celery's beat
looks and workers do (`tasks`); without, the trading process does both (`embedded`), heavy jobs in a
child process (`child`, `process`).
"""
