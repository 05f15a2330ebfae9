"""Takes the commands of people, each once.

A pending row is taken by setting it to executing in one statement, which only one can; then it
goes the way of every input, and the writer stores the engine's answer. A row that was executing
when its process died says so at the next start and is not tried again. A halt or kill is executed
however old it is; the others expire after a minute, because who asked saw another situation.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from engine import commands
from trading.commands import GROUP, NOBODY, OVER, settle, too_late
from trading.models import Command
from trading.pipeline.core import worth_saying
from trading.pipeline.ending import cancel

log = structlog.get_logger(__name__)

POLL_S: Final = 1.0
Tell = Callable[[Command], None]


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
    raise ValueError(f"command {row.pk}: {row.kind!r} is not for the engine")


def claim(account_id: int, tell: Tell = lambda row: None) -> list[Command]:
    """Take the account's pending commands, oldest first; each belongs to its taker alone. `tell`
    hears of every row that changed."""
    pending = Command.objects.filter(account_id=account_id, status=Command.Status.PENDING)
    rows = pending.select_related("account", "requested_by")
    taken = []
    for row in rows.order_by("created_at", "pk"):
        late = too_late(row)
        row.status = Command.Status.EXPIRED if late else Command.Status.EXECUTING
        row.result, row.executed_at = NOBODY if late else "", timezone.now()
        mine = pending.filter(pk=row.pk).update(
            status=row.status, result=row.result, executed_at=row.executed_at
        )
        if mine:
            tell(row)
            if not late:
                taken.append(row)
    return taken


def give_back(row: Command) -> None:
    """Leave a command to who looks next."""
    taken = Command.objects.filter(pk=row.pk, status=Command.Status.EXECUTING)
    taken.update(status=Command.Status.PENDING, executed_at=None)


class Lookout:
    """Looks for commands about once a second and when it is nudged, and hands each on."""

    def __init__(
        self, account_id: int, hand_on: Callable[[Command], Awaitable[None]], tell: Tell
    ) -> None:
        self.account_id = account_id
        self.failures = 0
        self._nudge = asyncio.Event()
        self._leaving: asyncio.Task[None] | None = None
        self._hand_on = hand_on
        self._tell = tell

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
        rows = await self._taken()
        for handed, row in enumerate(rows, 1):
            try:
                with bound_contextvars(command=row.pk):
                    log.info("command_taken", kind=row.kind)
                    await self._hand_on(row)
            except BaseException:  # a cancellation too
                await self._leave(rows[handed:])
                raise
        return len(rows)

    async def _taken(self) -> list[Command]:
        """What waits, taken. Who is cancelled meanwhile leaves it: the thread goes on."""
        taking = asyncio.create_task(database_sync_to_async(claim)(self.account_id, self._tell))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await self._leave(taking)
            raise

    async def _leave(self, rows: Iterable[Command] | Awaitable[Iterable[Command]]) -> None:
        """Give commands back to who looks next, however often this is cancelled."""

        async def leave() -> None:
            for row in await rows if isinstance(rows, Awaitable) else rows:
                await database_sync_to_async(give_back)(row)

        self._leaving = asyncio.create_task(leave(), name="leaving")
        await asyncio.shield(self._leaving)

    async def answer(self, row: Command, status: Command.Status, result: str) -> None:
        """Store and tell what became of a command that was taken here."""
        changed = await database_sync_to_async(settle)(row, status, result)
        log.info("command_answered", command=row.pk, kind=row.kind, status=status, result=result)
        if changed or row.status in OVER:
            self._tell(row)

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


class Operator(Lookout):
    """While a session runs: to the engine, or, for `stop`, to who ends the session. A stop is
    answered by who ends it, once it is over."""

    def __init__(
        self,
        account_id: int,
        put: Callable[[commands.Command], Awaitable[None]],
        event_time: Callable[[], int],
        *,
        stop: Callable[[Command], None] | None = None,
        tell: Tell = lambda row: None,
    ) -> None:
        super().__init__(account_id, self.execute, tell)
        self._put = put
        self._event_time = event_time
        self._stop = stop

    async def execute(self, row: Command) -> None:
        match row.kind:
            case Command.Kind.START:
                await self.answer(row, Command.Status.REFUSED, "a session is running already")
            case Command.Kind.STOP if self._stop is not None:
                self._stop(row)
            case Command.Kind.STOP:
                text = (
                    "this process serves no page and would end; stop it where it runs, or run it "
                    "with --stay"
                )
                await self.answer(row, Command.Status.REFUSED, text)
            case _:
                await self._put(engine_command(row, self._event_time()))
