"""Which of what waits goes out now, and together with what.

Many of one kind become one message: those that wait together, and in a storm, when several of a
kind went out within a minute, those that come until it is over. What is critical never waits for a
storm. Nothing here sends, waits or asks the time.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

MANY: Final = 4
"""So many of a kind that wait are one message; so many messages within the window are a storm."""
WINDOW_S: Final = 60.0
ALONE: Final = frozenset({"digest"})
"""Kinds that are never grouped nor held: each is a message of its own, and none comes in storms."""
LARGEST: Final = 500
"""Notices that one message stands for at most."""


class Grouped(Protocol):
    """What is grouped."""

    @property
    def kind(self) -> str: ...

    @property
    def level(self) -> str: ...


Item = TypeVar("Item", bound=Grouped)


class Storms(Generic[Item]):
    """Remembers what one channel sent lately."""

    def __init__(self) -> None:
        self._sent: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MANY))

    def sent(self, kind: str, now: float) -> None:
        """A message of that kind went out."""
        self._sent[kind].append(now)

    def over_in(self, kind: str, now: float) -> float:
        """Seconds until messages of the kind may go out again."""
        times = self._sent[kind]
        if kind in ALONE or len(times) < MANY:
            return 0.0
        return max(0.0, times[0] + WINDOW_S - now)

    def groups(self, waiting: Sequence[Item], now: float) -> list[list[Item]]:
        """What may go out now, in order; each list is one message. A group takes the place of its
        first."""
        kinds: defaultdict[str, list[Item]] = defaultdict(list)
        for item in waiting:
            kinds[item.kind].append(item)
        made: list[list[Item]] = []
        for item in waiting:
            same = kinds[item.kind]
            if len(same) >= MANY and item.kind not in ALONE:
                if item is same[0]:
                    made += [same[at : at + LARGEST] for at in range(0, len(same), LARGEST)]
            else:
                made.append([item])
        return [group for group in made if self._may(group, now)]

    def _may(self, group: Sequence[Item], now: float) -> bool:
        critical = any(item.level == "critical" for item in group)
        return critical or not self.over_in(group[0].kind, now)
