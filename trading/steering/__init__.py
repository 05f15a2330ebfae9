"""Steering from the command line: halt, resume, flatten, kill.

`asking` asks the account's pipeline, as the page does, and waits for the answer. `direct` is for
when no pipeline answers: it closes everything at the broker itself. `steer` puts the two together.
"""
