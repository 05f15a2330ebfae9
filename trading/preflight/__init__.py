"""A look at everything that trading needs, before it begins.

Each check is one function that answers with a `Result`: pass, warn (worth knowing, trading may
begin) or fail (it may not), and what to do about it.

    database, services   what answers over a line
    machine, software    what this machine is and runs
    market, dangers      what is to be traded, and how
    broker               the broker, through its adapter
    checks               side by side, each with its own time
    looking              all of it, and the row that a live start demands

A new check is a function and its place in the list in `looking`. docs/preflight.md has them all.
"""
