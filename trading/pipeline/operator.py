"""Takes the commands of people to the engine, each once.

A pending row is taken by setting it to executing in one statement, which only one can; then it
goes the way of every input, and the writer stores the engine's answer. A row that was executing
when its process died says so at the next start and is not tried again. A halt or kill is executed
however old it is; what would lift a halt or act on a position expires after a minute, because who
asked for it saw another situation.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from engine import commands
from trading.commands import GROUP
from trading.models import Command
from trading.pipeline.core import worth_saying
from trading.pipeline.ending import cancel

log = structlog.get_logger(__name__)

POLL_S: Final = 1.0
EXPIRES_AFTER: Final = timedelta(minutes=1)
STAY_VALID: Final = (Command.Kind.HALT, Command.Kind.KILL)


def engine_command(row: Command, ts: int) -> commands.Command:
    """The engine's command of a row."""
    key, reason = str(row.pk), row.reason or "operator"
    match row.kind:
        case Command.Kind.HALT:
            return commands.HaltTrading(id=key, ts=ts, reason=reason)
        case Command.Kind.RESUME:
            return commands.ResumeTrading(id=key, ts=ts)
        case Command.Kind.FLATTEN:
            return commands.Flatten(id=key, ts=ts, reason=reason)
        case Command.Kind.KILL:
            return commands.Kill(id=key, ts=ts, reason=reason)
    raise ValueError(f"command {row.pk}: unknown kind {row.kind!r}")


def claim(account_id: int) -> list[Command]:
    """Take the account's pending commands, oldest first; each belongs to its taker alone."""
    pending = Command.objects.filter(account_id=account_id, status=Command.Status.PENDING)
    taken = []
    for row in pending.order_by("created_at", "pk"):
        late = timezone.now() - row.created_at > EXPIRES_AFTER and row.kind not in STAY_VALID
        status = Command.Status.EXPIRED if late else Command.Status.EXECUTING
        result = "no pipeline took it within a minute" if late else ""
        mine = pending.filter(pk=row.pk).update(
            status=status, result=result, executed_at=timezone.now()
        )
        if mine and not late:
            taken.append(row)
    return taken


class Operator:
    """Looks for commands about once a second, and when it is nudged."""

    def __init__(
        self,
        account_id: int,
        put: Callable[[commands.Command], Awaitable[None]],
        event_time: Callable[[], int],
    ) -> None:
        self.account_id = account_id
        self.failures = 0
        self._nudge = asyncio.Event()
        self._put = put
        self._event_time = event_time

    async def run(self) -> None:
        """Until cancelled."""
        listener = asyncio.create_task(self.listen(), name="nudges")
        try:
            while True:
                self._nudge.clear()
                try:
                    await self.look()
                except Exception:
                    self.failures += 1
                    if worth_saying(self.failures):
                        log.exception("commands_unreadable", failures=self.failures)
                await self._nudged()
        finally:
            await cancel(listener)

    async def look(self) -> int:
        """Hand on what waits; how many."""
        rows = await database_sync_to_async(claim)(self.account_id)
        for row in rows:
            log.info("command_taken", command=row.pk, kind=row.kind)
            await self._put(engine_command(row, self._event_time()))
        return len(rows)

    async def listen(self) -> None:
        """Hear nudges. Without a channel layer that works, there is the look every second."""
        layer: Any = get_channel_layer()
        while True:
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                while True:
                    await layer.receive(channel)
                    self._nudge.set()
            except Exception:
                self.failures += 1
                if worth_saying(self.failures):
                    log.exception("nudges_unreadable", failures=self.failures)
                await asyncio.sleep(POLL_S)

    async def _nudged(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._nudge.wait()
