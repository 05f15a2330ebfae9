"""What the page is told of the commands that a pipeline took: taken, done, refused, expired.

The engine's answers are stored by the writer, those of start and stop by `trading.pipeline.idle`;
here they are only said, as soon as they are known. What was answered may be answered once more: a
flattening says later what the broker had afterwards.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from engine.events import CommandDone, Event
from trading.commands import OVER, command_to_wire
from trading.models import Command
from trading.wire import Json

if TYPE_CHECKING:
    from engine.status import Status

REMEMBERED: Final = 50


class Answers:
    """An output of the pipeline. `open` has the commands that were taken and not answered yet."""

    def __init__(self, say: Callable[[Json], None]) -> None:
        self.open: dict[str, Command] = {}
        self._say = say
        self._answered: OrderedDict[str, Command] = OrderedDict()

    def tell(self, row: Command) -> None:
        """A command was taken, or is over. Safe to call from any thread."""
        if row.status in OVER:
            self.open.pop(str(row.pk), None)
        else:
            self.open[str(row.pk)] = row
        self._say(command_to_wire(row))

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        for event in events:
            if isinstance(event, CommandDone) and event.command_id in self.open:
                row = self.open[event.command_id]
                row.status = Command.Status.DONE if event.ok else Command.Status.REFUSED
                row.result, row.executed_at = event.result, timezone.now()
                self._answered[event.command_id] = row
                if len(self._answered) > REMEMBERED:
                    self._answered.popitem(last=False)
                self.tell(row)

    def again(self, event: CommandDone) -> None:
        """An answered command has another result."""
        row = self._answered.get(event.command_id)
        if row is not None:
            row.result, row.executed_at = event.result, timezone.now()
            self._say(command_to_wire(row))
