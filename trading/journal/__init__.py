"""The input journal: everything that an engine was given, on disk before the engine had it.

State is what comes out when the journal is put through an engine again; a restart does that.
`records.py` has what is kept of an input, `files.py` where and with what an engine begins,
`recording.py` keeps, `reading.py` reads, `replaying.py` gives the inputs again, and `resuming.py`
lets a start go on with a run that was not finished. `docs/journal.md` is for people.
"""
