"""Levels as pages are told of them: those that live, and the last that ended, with when and why."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from engine import events as said
from engine.events import Event
from trading import wire

MOST_GONE: Final = 60
"""Levels that ended, of one message."""


class Levels:
    """What an engine said of its levels."""

    def __init__(self, living: Iterable[said.Level] = ()) -> None:
        self.changed = False  # since whoever tells them has set it
        self._living: dict[str, said.Level] = {}
        self._gone: deque[wire.Json] = deque(maxlen=MOST_GONE)
        self._renew(living)

    def see(self, event: Event) -> None:
        match event:
            case said.LevelMade(level=level):
                self._living[level.id] = level
            case said.LevelGone(level_id=name):
                ended = self._living.pop(name, None)
                if ended is not None:
                    self._gone.append(wire.gone_to_wire(ended, event))
            case said.LevelTouched():
                pass
            case _:
                return
        self.changed = True

    def to_wire(self, living: Iterable[said.Level]) -> wire.Json:
        """`levels` and `gone`. `living`: as the engine has them, those of the day before too, and
        with when they were touched."""
        self._renew(living)
        return {
            "levels": [wire.level_to_wire(level) for level in self._living.values()],
            "gone": list(self._gone),
        }

    def _renew(self, living: Iterable[said.Level]) -> None:
        self._living = {level.id: level for level in living}
