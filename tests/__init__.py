"""The tests; they mirror the packages. `python -m tests` runs them on every database we support."""
