"""The definitions once more, in plain Python: what the engine is compared with.

Written from `docs/orderflow.md` and from nothing of the engine but its records and settings, for
reading rather than for speed; yet a fair loop, since it is also what "fast" is measured against.
"""
