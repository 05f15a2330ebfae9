"""A session's stretches from its journals: every input where it was, so that the day's replay has
the gaps that were filled in, the fills and the commands as the engine had them."""

import numpy as np

from engine.commands import Command
from engine.events import Fill
from engine.ticks import TickColumns, joined
from trading.errors import ReplayError
from trading.journal.runs import KeptRun, kept_runs
from trading.journal.sources import days_of
from trading.models import Session
from trading.pipeline.core import Beat, Finish, WarmUp
from trading.player.day import Cut, Stretch
from trading.stored_session import carry_of


def stretches_of(session: Session) -> list[Stretch]:
    """The runs of the session's day, in order. One that begins no later than the one before it (a
    recording that is played again) takes its place."""
    found: list[Stretch] = []
    for run in kept_runs(session):
        stretch = _stretch(run)
        if stretch is None:
            continue
        while found and stretch.begins <= found[-1].begins:
            found.pop()
        found.append(stretch)
    if not found:
        raise ReplayError("Its journal has no ticks.")
    return found


def _stretch(run: KeptRun) -> Stretch | None:
    """A run's inputs as ticks, and what was between them; None if it never had a tick."""
    blocks: list[TickColumns] = []
    cuts: list[Cut] = []
    count = begins = ends = 0
    for item in run.replay.inputs:
        match item:
            case TickColumns():
                blocks.append(item)
                count += len(item.ts)
            case Finish():
                continue
            case Command() | Fill() | Beat():
                cuts.append(
                    Cut(index=count, item=item, ts=0 if isinstance(item, Fill) else item.ts)
                )
                ends = max(ends, item.ts)
            case _:
                cuts.append(Cut(index=count, item=item))
                if item == WarmUp(False) and blocks and not begins:
                    begins = int(blocks[-1].ts[-1]) + 1
    if not blocks:
        return None
    ticks = joined(blocks)
    reached = np.maximum.accumulate(ticks.ts)
    return Stretch(
        config=run.config,
        schedule=days_of(run.header),
        carry=carry_of(dict(run.header.carry)),
        ticks=ticks,
        reached=reached,
        cuts=cuts,
        begins=max(begins, int(reached[0])),
        count=count,
        ends=max(ends, int(reached[-1])),
        finished=run.replay.finished,
        simulated=run.header.simulated,
    )
