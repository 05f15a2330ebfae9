"""What a process that idles stands beside: the session that is over, or, before its first, none."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from channels.db import database_sync_to_async

from trading.brokers.closing import close_everything
from trading.commands import command_to_wire
from trading.errors import TradingError
from trading.models import Account, Command, Session
from trading.pipeline.past_engine import close_past_engine
from trading.steering.direct import kept
from trading.wire import Json

if TYPE_CHECKING:
    from trading.brokers.adapter import Adapter
    from trading.pipeline.supervisor import Outcome, Pipeline

log = structlog.get_logger(__name__)


class Beside(Protocol):
    """`ts` is the last event time, UTC ns; 0: not known."""

    @property
    def account(self) -> Account: ...
    @property
    def session(self) -> Session | None: ...
    @property
    def outcome(self) -> "Outcome | None": ...
    @property
    def ts(self) -> int: ...

    def tell(self, row: Command) -> None:
        """Pages hear of a command. Safe to call from any thread."""
        ...

    def show(self, halts: list[str]) -> None:
        """The account has these halts now."""
        ...

    async def close(self, actor: str, reason: str) -> str:
        """Close everything at the broker; what it had afterwards, "" on paper."""
        ...


class After:
    """A session that is over, whose pipeline still tells the page."""

    def __init__(self, pipeline: "Pipeline", outcome: "Outcome") -> None:
        self._pipeline = pipeline
        self.outcome = outcome
        self.session: Session = outcome.session
        self.account = self.session.account
        self.ts = outcome.engine.ts or 0
        self.tell = pipeline.answers.tell

    def show(self, halts: list[str]) -> None:
        self._pipeline.facts.account_now = {"halts": halts}

    async def close(self, actor: str, reason: str) -> str:
        return await close_past_engine(self._pipeline, self.session, actor, reason)


class Before:
    """No session of this process yet. `connect` makes the broker's line; None on paper."""

    outcome = None
    ts = 0

    def __init__(
        self,
        account: Account,
        session: Session | None,
        send: Callable[[Json], Coroutine[Any, Any, None]],
        connect: "Callable[[], Adapter] | None",
    ) -> None:
        self.account, self.session = account, session
        self._send, self._connect = send, connect
        self._loop = asyncio.get_running_loop()

    def tell(self, row: Command) -> None:
        asyncio.run_coroutine_threadsafe(self._told(command_to_wire(row)), self._loop)

    def show(self, halts: list[str]) -> None:
        pass  # no frame is sent that could show them

    async def close(self, actor: str, reason: str) -> str:
        if self._connect is None:
            return ""
        log.critical("closing_before_engine", account=self.account.name, actor=actor)
        try:
            result = await close_everything(self._connect())
        except TradingError as error:  # also when what its line needs is not set
            result = f"not closed at the broker: {error}; close it there"
        missing = await database_sync_to_async(kept)(self.account, actor, reason, result)
        return f"{result}; not kept: {', '.join(missing)}" if missing else result

    async def _told(self, message: Json) -> None:
        try:
            await self._send(message)
        except Exception:  # the page asks the database
            log.exception("command_not_told")
