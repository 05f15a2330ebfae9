"""What a live broker's tasks need of the pipeline around them, in one place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog

from engine.config import EngineConfig
from engine.events import CommandDone
from engine.instruments import Instrument, instrument
from trading.pipeline.core import Engine

log = structlog.get_logger(__name__)

ACTOR: Final = "broker"


class Note(Protocol):
    """Writes an audit event. Never waits."""

    def __call__(self, kind: str, payload: dict[str, Any], *, actor: str = ...) -> None: ...


class Say(Protocol):
    """Tells the page. Never waits. `level` is info, warning or error."""

    def __call__(self, kind: str, text: str, level: str = ...) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Around:
    """The pipeline, as its broker sees it. `sync` may wait for the disk: call it in a thread.

    `acting_ns`: since the input began that is being acted on. `answer` takes the place of what a
    command was answered before.
    """

    config: EngineConfig
    engine: Engine
    sync: Callable[[], None]
    tick_age_s: Callable[[], float | None]
    event_time: Callable[[], int]
    note: Note
    say: Say
    answer: Callable[[CommandDone], None]
    acting_ns: Callable[[], int] = int

    @property
    def account(self) -> str:
        return self.config.account.id

    @property
    def traded(self) -> dict[str, Instrument]:
        """What the session may trade: the feed's instrument, or what the tiers trade instead."""
        feed = self.config.instrument
        symbols = {tier.symbol or feed.symbol for tier in self.config.risk.tiers}
        return {symbol: instrument(symbol) for symbol in sorted(symbols)}

    def record(self, kind: str, **details: Any) -> None:
        """Into the audit trail."""
        log.info(kind, **details)
        self.note(kind, details, actor=ACTOR)

    def alert(self, kind: str, text: str, level: str = "error", **details: Any) -> None:
        """Into the audit trail, the log and the page. Levels: info, warning, error."""
        write = {"info": log.info, "warning": log.warning, "error": log.error}[level]
        write(kind, text=text, **details)
        self.note(kind, {"text": text, "level": level, **details}, actor=ACTOR)
        self.say(kind, text, level)
