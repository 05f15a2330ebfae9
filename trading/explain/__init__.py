"""Why did this trade happen? The answer is a replay to it.

    finding.py    the trade's row, its session and run; or a trade of a recording
    ticks.py      where the day's ticks come from again
    replaying.py  the engine over them once more, with the storyteller listening
    rows.py       the story as far as the stored rows tell it, where no replay can
    document.py   a story as JSON: `docs/explain.md`
    terminal.py   that JSON for people

A replay is believed only if it gives the stored trade again; else the rows speak, and the document
says why.
"""
