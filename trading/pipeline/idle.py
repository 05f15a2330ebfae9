"""Between two sessions of one process, or before its first: nothing is traded, the page is told so,
commands are heard.

A session ends by a `stop`, with its data, or by an error; the process stays. It can be
started again, with the settings that are the newest then. A halt or a kill that comes meanwhile
holds for the next session, and a resume lifts it: the process has the account to itself. On paper
nothing is open then, so flattening is refused; with real money a position may have stayed under its
bracket, so flatten and kill close everything at the broker.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import structlog
from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from engine.errors import EngineError
from engine.names import Halt
from engine.risk import OPERATOR_LIFTS
from marketdata.errors import MarketDataError
from trading.brokers.closing import PROVEN
from trading.clock import now_ns
from trading.commands import settle
from trading.errors import TradingError
from trading.models import Account, Command, Session
from trading.pipeline import signals
from trading.pipeline.beside import Beside
from trading.pipeline.ending import cancel
from trading.pipeline.halts import halted
from trading.pipeline.operator import Lookout, give_back
from trading.pipeline.options import Plan
from trading.pipeline.past_engine import ACTOR, close_past_engine
from trading.pipeline.start import Start, audit

if TYPE_CHECKING:
    from trading.pipeline.market import Market
    from trading.pipeline.supervisor import Outcome, Pipeline

log = structlog.get_logger(__name__)

REFUSALS: Final = (TradingError, EngineError, MarketDataError, DatabaseError)
HALTS: Final = {Command.Kind.HALT: Halt.OPERATOR, Command.Kind.KILL: Halt.KILL}
NO_SESSION: Final = "no session is running"

Prepared = tuple[Plan, "Market", Start]
Prepare = Callable[["Outcome | None", int], Prepared]
"""What begins the next session: after which outcome, for which command. In a thread."""


class Idle:
    """`wait` returns what was started, or None when the process is to end."""

    def __init__(self, beside: Beside, prepare: Prepare) -> None:
        self.beside = beside
        self.next: Prepared | None = None
        self._prepare = prepare
        self._started = asyncio.Event()
        self._killing: set[asyncio.Task[None]] = set()
        self._lookout = Lookout(beside.account.pk, self.execute, beside.tell)

    async def wait(self, stop: asyncio.Event) -> Prepared | None:
        """Hear commands until one starts a session or `stop` is set."""
        log.info("idle", account=self.beside.account.name)
        waiting = [
            asyncio.create_task(stop.wait(), name="stop"),
            asyncio.create_task(self._started.wait(), name="started"),
        ]
        lookout = asyncio.create_task(self._lookout.run(), name="idle")
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel(lookout, *waiting)
            await asyncio.gather(*self._killing)
        return self.next

    def kill(self) -> bool:
        """The kill switch was pulled by a signal: it holds for the next session. Never waits; False
        when that is about to begin."""
        if self.next is not None:
            return False
        task = asyncio.create_task(killed(self.beside), name="kill")
        self._killing.add(task)
        task.add_done_callback(self._killing.discard)
        return True

    async def execute(self, row: Command) -> None:
        """Do what a command says, and answer it."""
        if self.next is not None:  # taken together with a start that worked: it is for the next
            await database_sync_to_async(give_back)(row)
            return
        ok, result = await self._result(row)
        try:
            await self._answer(row, ok, result)
        finally:
            if self.next is not None:
                self._started.set()

    async def _result(self, row: Command) -> tuple[bool, str]:
        match row.kind:
            case Command.Kind.START:
                return await self._start(row)
            case Command.Kind.HALT | Command.Kind.KILL:
                halts = await database_sync_to_async(hold)(row)
                self.beside.show(halts)
                if row.kind == Command.Kind.HALT:
                    return True, f"halted: {NO_SESSION}; the next begins halted"
                closed = await self._closed(row)
                told = f"killed: {NO_SESSION}; the next begins halted"
                return not closed or PROVEN in closed, f"{told}; {closed}" if closed else told
            case Command.Kind.RESUME:
                lifted, halts = await database_sync_to_async(lift)(row)
                self.beside.show(halts)
                return bool(lifted), f"lifted {', '.join(lifted)}" if lifted else "nothing to lift"
            case Command.Kind.STOP:
                return False, f"nothing to stop: {NO_SESSION}"
            case _:
                closed = await self._closed(row)
                if not closed:
                    return False, f"nothing is open: {NO_SESSION}"
                halts = await database_sync_to_async(halted)(row.account_id, Halt.KILL)
                self.beside.show(halts)
                return PROVEN in closed, f"{closed}; the next session begins halted"

    async def _closed(self, row: Command) -> str:
        by = row.requested_by.get_username() if row.requested_by else ACTOR
        return await self.beside.close(by, row.reason)

    async def _start(self, row: Command) -> tuple[bool, str]:
        if row.account.mode == "live" and not row.confirmed:
            return False, "it trades real money: start it from the page, which asks to confirm it"
        try:
            work = database_sync_to_async(self._prepare, thread_sensitive=False)
            self.next = await work(self.beside.outcome, row.pk)
        except REFUSALS as error:
            return False, " ".join(str(error).split())
        except Exception as error:
            log.exception("start_failed")
            return False, f"the start failed: {error!r}"
        _, market, start = self.next
        session = start.session
        settings = f" with {session.config_name}" if session.config_name else ""
        return True, f"trading {session.instrument_id} of {market.info.source}{settings}"

    async def _answer(self, row: Command, ok: bool, result: str) -> None:
        status = Command.Status.DONE if ok else Command.Status.REFUSED
        await self._lookout.answer(row, status, result)
        session = self.next[2].session if self.next else self.beside.session
        await database_sync_to_async(note)(row, session, self.beside.ts)


async def killed(beside: Beside) -> None:
    """The kill switch was pulled while nothing traded. Closing needs no database."""
    work = database_sync_to_async(hold_killed)
    try:
        beside.show(await work(beside.account, beside.session, signals.ACTOR, signals.REASON))
    except DatabaseError:
        log.exception("kill_not_kept", account=beside.account.name)
    await beside.close(signals.ACTOR, signals.REASON)


async def settle_left(pipeline: "Pipeline", outcome: "Outcome", held: str) -> None:
    """Answer, at the end of a session, its stop and what was taken but came too late for it. What
    was to be closed with real money, and was not heard by the engine, is closed now."""
    closed = await _close_unexecuted(pipeline, outcome.session)
    for row in list(pipeline.answers.open.values()):
        ok, result = False, "the session ended before it could be executed"
        if pipeline.stop_asked is not None and row.pk == pipeline.stop_asked.pk:
            ok, result = True, f"stopped; {held}"
            if outcome.error:
                result = f"stopped, with an error: {outcome.error}"
        elif row.kind in HALTS:
            await database_sync_to_async(hold)(row)
            ok, result = True, "halted: the session ended; the next begins halted"
            if closed and row.kind == Command.Kind.KILL:
                ok, result = PROVEN in closed, f"{result}; {closed}"
        elif closed and row.kind == Command.Kind.FLATTEN:
            ok, result = PROVEN in closed, f"the session ended; {closed}; the next begins halted"
        status = Command.Status.DONE if ok else Command.Status.REFUSED
        try:
            await database_sync_to_async(settle)(row, status, result, session=outcome.session)
            await database_sync_to_async(note)(row, outcome.session, outcome.engine.ts or 0)
        except DatabaseError:
            log.exception("answer_not_stored", command=row.pk, kind=row.kind)
            row.status, row.result = status, result
        pipeline.answers.tell(row)


async def _close_unexecuted(pipeline: "Pipeline", session: Session) -> str:
    """What the broker had after it; "" when there was nothing to do."""
    wanted = [command.reason for command in pipeline.unexecuted]
    kinds = (Command.Kind.FLATTEN, Command.Kind.KILL)
    wanted += [row.reason for row in pipeline.answers.open.values() if row.kind in kinds]
    return await close_past_engine(pipeline, session, ACTOR, wanted[0]) if wanted else ""


# In a thread, with the database


def hold(row: Command) -> list[str]:
    """Halt the account until a person resumes; the halts it has now."""
    return halted(row.account_id, HALTS[Command.Kind(row.kind)])


def hold_killed(account: Account, session: Session | None, actor: str, reason: str) -> list[str]:
    """The kill switch was pulled while nothing traded; the halts that the account has now."""
    halts = halted(account.pk, Halt.KILL)
    audit(session, _time(session), "kill_switch", {"reason": reason}, actor=actor)
    return halts


def lift(row: Command) -> tuple[list[str], list[str]]:
    """Lift the halts that an operator may lift; those, and what is left."""
    account = Account.objects.get(pk=row.account_id)
    lifted = [halt for halt in account.halts if halt in map(str, OPERATOR_LIFTS)]
    account.halts = [halt for halt in account.halts if halt not in lifted]
    account.save(update_fields=["halts"])
    return lifted, list(account.halts)


def _time(session: Session | None) -> int:
    return session.last_tick_ns if session is not None else now_ns()


def note(row: Command, session: Session | None, ts: int) -> None:
    """The audit's word of a command that no engine executed."""
    by = row.requested_by
    payload: dict[str, Any] = {
        "id": str(row.pk),
        "kind": row.kind,
        "ok": row.status == Command.Status.DONE,
        "result": row.result,
        "reason": row.reason,
    }
    actor = by.get_username() if by else "pipeline"
    audit(session, ts or _time(session), "command_done", payload, actor=actor)
