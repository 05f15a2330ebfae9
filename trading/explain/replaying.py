"""The engine once more over a day's inputs, with a storyteller listening."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.commands import Command
from engine.config import EngineConfig
from engine.engine import Engine
from engine.events import Carry, Decision, Event
from engine.schedule import Schedule
from engine.story import NO_TICKS, Story, Storyteller
from engine.ticks import TickColumns, part
from trading.pipeline.core import Core

if TYPE_CHECKING:
    from trading.journal.runs import KeptRun


@dataclass
class Retold:
    """`story` is None when the trade was not met; `trades` are those that were, up to it."""

    story: Story | None = None
    trades: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a run's engine was given, its ticks aside: ticks before `warm_until` only warmed it up,
    `commands` came at their times, and after `until` nothing came (None: the ticks' end)."""

    carry: Carry | None = None
    warm_until: int = 0
    commands: Sequence[Command] = ()
    until: int | None = None
    finished: bool = True


def retell(
    config: EngineConfig,
    schedule: Schedule,
    blocks: Iterable[TickColumns],
    trade_id: str,
    inputs: Inputs | None = None,
) -> Retold:
    """Replay until the trade is over."""
    inputs = inputs or Inputs()
    engine = Engine(config, schedule, carry=inputs.carry)
    teller, told = Storyteller(config, trade_id), Retold()

    def hear(events: Sequence[Event], ticks: TickColumns = NO_TICKS) -> bool:
        told.trades += [e.trade_id for e in events if isinstance(e, Decision) and e.trade_id]
        teller.take(events, ticks)
        return teller.done

    for item in _in_order(blocks, inputs):
        if isinstance(item, Command):
            over = hear(engine.command(item))
        else:
            ticks, engine.warming = item
            over = hear(engine.push_columns(ticks), ticks)
        if over:
            break
    else:
        if inputs.finished:
            hear(engine.finish())
    told.story = teller.story()
    return told


def retell_kept(run: "KeptRun", trade_id: str) -> Retold:
    """The same from a journal: what was given, when it was given."""
    core, told = Core(run.engine()), Retold()
    teller = Storyteller(run.config, trade_id)
    for item in run.replay.inputs:
        events = core.act(item)
        told.trades += [e.trade_id for e in events if isinstance(e, Decision) and e.trade_id]
        teller.take(events, item if isinstance(item, TickColumns) else NO_TICKS)
        if teller.done:
            break
    told.story = teller.story()
    return told


def _in_order(
    blocks: Iterable[TickColumns], inputs: Inputs
) -> Iterator[tuple[TickColumns, bool] | Command]:
    """Ticks, with whether they only warm up, cut where commands came and where the run ended."""
    commands = sorted(inputs.commands, key=lambda command: command.ts)
    warm, until, reached = inputs.warm_until, inputs.until, 0
    for block in blocks:
        times = np.maximum.accumulate(np.maximum(block.ts, reached))
        reached, at = int(times[-1]), 0
        count = len(times) if until is None else int(np.searchsorted(times, until, "right"))
        due = [command for command in commands if count and command.ts < times[count - 1]]
        commands = commands[len(due) :]
        for command in due:
            end = int(np.searchsorted(times, command.ts, "right"))
            yield from _pieces(block, times, at, end, warm)
            yield command
            at = end
        yield from _pieces(block, times, at, count, warm)
        if count < len(times):
            break
    yield from commands


def _pieces(
    block: TickColumns, times: npt.NDArray[np.int64], start: int, end: int, warm_until: int
) -> Iterator[tuple[TickColumns, bool]]:
    middle = min(max(int(np.searchsorted(times, warm_until)), start), end)
    for first, last in ((start, middle), (middle, end)):
        if last > first:
            yield part(block, slice(first, last)), first < middle
