"""What a channel is asked to send, and how it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to the trader. `count` is how many notices it stands for; `link` an address of
    the page, "" unless PUBLIC_URL is set; `real_money` says that somebody's money is in it."""

    kind: str
    level: str
    title: str
    ts: datetime
    account: str = ""
    text: str = ""
    facts: Sequence[tuple[str, str]] = ()
    picture: Path | None = None
    count: int = 1
    link: str = ""
    real_money: bool = False


class Channel(Protocol):
    """Sends one message after the other, in one thread. No error of it may show its secret."""

    def send(self, message: Message) -> float:
        """Return when it has arrived: for how many seconds nothing more should be sent. TryLater or
        Refused otherwise."""
        ...

    def close(self) -> None: ...


class ChannelError(Exception):
    """It did not arrive. The text is one line for people, without any secret."""


class TryLater(ChannelError):
    """It may arrive another time: after so many seconds, if the channel says so."""

    def __init__(self, text: str, after_s: float | None = None) -> None:
        super().__init__(text)
        self.after_s = after_s


class Refused(ChannelError):
    """It never will."""
