"""A look at everything that trading needs, before it begins.

Each check is one function that answers with a `Result`: pass, warn (worth knowing, trading may
begin) or fail (it may not), and what to do about it. `machine` looks at this machine, `market` at
what is to be traded, `broker` at the broker through its adapter; `looking` does all of it and
stores the row that a live start demands (`trading.real_money.demands`). A new check is a function
and its place in the list there.
"""
