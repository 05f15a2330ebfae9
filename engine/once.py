"""Ids of inputs that were taken, so that what comes twice is taken once.

Asking and adding are one step of one thread: nothing comes between them. Memory is bounded: an id
is forgotten after `REMEMBERED_IDS` others, which is more than a trading day has. A fill that came
again after so long could not be booked twice even so, for its trade is over and has no room.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

REMEMBERED_IDS: Final = 10_000
SEEN_BEFORE: Final = "seen before"
"""Why such an input is ignored."""


class Once:
    """The last `REMEMBERED_IDS` ids that were added."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._ids

    def __iter__(self) -> Iterator[str]:
        """Oldest first."""
        return iter(self._ids)

    def add(self, key: str) -> None:
        self._ids[key] = None
        if len(self._ids) > REMEMBERED_IDS:
            self._ids.popitem(last=False)
