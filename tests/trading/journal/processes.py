"""Processes that trade and die, in one process: what a kill leaves is what was kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from engine.events import Event
from tests.trading.days import Listener
from trading.brokers import broker
from trading.pipeline.core import Finish
from trading.pipeline.options import Plan
from trading.pipeline.run import make_engine, prepare
from trading.pipeline.supervisor import Outcome, Pipeline


class Killed(BaseException):
    """The process died here."""


@dataclass
class Life:
    """A process's: `outcome` is None if it was killed; what its outputs heard, replays included."""

    outcome: Outcome | None
    events: list[Event]
    pipeline: Pipeline
    inputs: int
    sent: list[dict[str, Any]]


def live(
    monkeypatch: pytest.MonkeyPatch,
    plan: Plan,
    *,
    die_at: int | None = None,
    kept_last: bool = True,
    flushes: bool = False,
    at_end: bool = False,
    commands: Sequence[Any] = (),
) -> Life:
    """Start as `manage.py trade` does and trade to the end, or die at an input of the run's own.

    `kept_last`: whether the input at which it dies was kept before. `flushes`: whether the writer
    may have stored what came before. `at_end`: it dies at the end of the data. `commands` are acted
    on after so many inputs: (number, it).
    """
    market, start = prepare(plan)
    engine = make_engine(plan, start, True)
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    pipeline = Pipeline(plan, market, start, engine, broker("paper"), send=send)
    listener = Listener()
    pipeline.core.outputs = [*pipeline.core.outputs, listener]
    flush, survives = pipeline.writer.flush, flushes or not (at_end or die_at is not None)
    monkeypatch.setattr(pipeline.writer, "flush", lambda: flush() if survives else True)
    core, act, count, dead = pipeline.core, pipeline.core.act, 0, False

    def counted(item: Any) -> Any:
        nonlocal count, dead, survives
        if core.inputs is None and start.journal is not None:
            return act(item)  # a replay
        ending = isinstance(item, Finish)
        due = at_end if ending else die_at is not None and count >= die_at
        if due and not dead:
            dead = True
            if kept_last and core.inputs is not None and not core.inputs.keep(item):
                next(core.inputs.parts(item, engine))
        if dead:
            raise Killed
        survives = survives or ending
        count += 1
        events = act(item)
        for number, command in commands:
            if number == count:
                act(command)
        return events

    monkeypatch.setattr(core, "act", counted)
    outcome = None
    try:
        outcome = asyncio.run(pipeline.run(asyncio.Event()))
    except Killed:
        monkeypatch.setattr(pipeline.writer, "flush", lambda: True)
        pipeline.writer.close()
    return Life(outcome, listener.events, pipeline, count, sent)
