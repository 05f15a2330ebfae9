"""Compares what the engine believes with what the broker has, and makes them one again.

The broker is right about positions, the journal about intentions. `compare` finds the differences
and knows what is to be done about each; `task` looks regularly and does it.
"""
