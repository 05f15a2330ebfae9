"""Ids of inputs that were taken, so that what comes twice is taken once."""

from collections import OrderedDict
from typing import Final

REMEMBERED_IDS: Final = 10_000


class Once:
    """The last `REMEMBERED_IDS` ids that were added."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._ids

    def add(self, key: str) -> None:
        self._ids[key] = None
        if len(self._ids) > REMEMBERED_IDS:
            self._ids.popitem(last=False)
