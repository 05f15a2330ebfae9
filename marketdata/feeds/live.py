"""Feeds that are alive: what they say while they run, whatever the source.

A live feed's ticks cannot be had again, so it tells what it receives before anything is done with
it, and says when it hears nothing. `heard` never ends by itself: it reconnects.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from marketdata.feeds import Counts, FeedInfo, StoredTicks

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a trader must know about the feed. `ts` is our clock's, UTC ns."""

    ts: int
    kind: str
    text: str
    level: Level = "info"
    details: Mapping[str, int | float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Received:
    """Ticks of one trading day and contract, in the order of arrival."""

    ticks: StoredTicks


@dataclass(frozen=True, slots=True)
class Behind:
    """From here on ticks come from a replay (`on`), or as they happen again."""

    on: bool


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing came; the source's clock has reached `ts` (UTC ns), and nothing before it is due."""

    ts: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection is gone: what happens now is heard later, or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDay:
    """A trading day begins, with its contract. No tick of the day came before."""

    day: date
    start: int
    """UTC ns."""
    contract: str
    before: str
    """The contract of the day before; another one means a roll."""
    reason: str


Heard = Received | Notice | Behind | Silent | Lost | NewDay

MayRoll = Callable[[], Awaitable[bool]]
"""Whether the contract may change now: all that was heard was acted on, and nothing is open."""


class LiveFeed(Protocol):
    """A source that is heard while it happens."""

    @property
    def info(self) -> FeedInfo:
        """What this is; its contract is that of the trading day that was heard last."""
        ...

    @property
    def counts(self) -> Counts:
        """Since it was first heard."""
        ...

    def heard(self, may_roll: MayRoll) -> AsyncGenerator[Heard]:
        """Everything from now on, or from where the feed was told to go on; for ever.

        FeedError when going on would be wrong, as when the venue's tick is not ours.
        """
        ...
