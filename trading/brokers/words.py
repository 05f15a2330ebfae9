"""Makes the commands that a live broker's tasks give to the engine, each with an id of its own."""

from collections.abc import Callable
from typing import Any, TypeVar

from engine.commands import Command

C = TypeVar("C", bound=Command)


class Words:
    """`name` tells the runs of one account apart, `event_time` is the engine's (UTC ns)."""

    def __init__(self, name: str, event_time: Callable[[], int]) -> None:
        self._name = name
        self._event_time = event_time
        self._said = 0

    def make(self, kind: type[C], **fields: Any) -> C:
        """A command of a kind, now. Reasons are made one line."""
        self._said += 1
        if "reason" in fields:
            fields["reason"] = " ".join(str(fields["reason"]).split())
        return kind(id=f"{self._name}-{self._said}", ts=self._event_time(), **fields)
