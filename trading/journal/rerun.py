"""A run's inputs once more through the pipeline, before it goes on.

Nothing is kept again and nothing goes to the broker: it had it. The database gets what is missing
of what was said, the page its history, and people the answers to their commands.
"""

import asyncio
from collections.abc import Callable

from trading.journal.replaying import Replay
from trading.pipeline.core import Core, Input, Output


async def rerun(
    core: Core, replay: Replay, hear: Callable[[Input], None], *, without: tuple[type[Output], ...]
) -> None:
    """Act on every input; `hear` of each afterwards. `without`: the outputs that hear nothing."""
    journal, kept, outputs = core.journal, core.inputs, core.outputs
    core.journal = core.inputs = None
    core.outputs = [output for output in outputs if not isinstance(output, without)]
    try:
        for item in replay.inputs:
            core.act(item)
            hear(item)
            await asyncio.sleep(0)  # the page's turn
    finally:
        core.journal, core.inputs, core.outputs = journal, kept, outputs
        core.forget_times()


def resumed_text(replay: Replay) -> str:
    """What the page says of it."""
    text = f"Gone on from the journal: {replay.ticks:,} ticks again"
    if replay.missing:
        text += f", {replay.missing:,} are missing and are heard again from the feed"
    return text + "."
