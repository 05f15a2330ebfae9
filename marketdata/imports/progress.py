"""How an import tells how far it is."""

from collections.abc import Callable

Advance = Callable[[float], None]
"""Is given the fraction of the file that was read, 0 to 1."""
