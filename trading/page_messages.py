"""What a page may say over the live socket, checked. `docs/live-socket.md` is the contract."""

import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from trading.bar_views import BarView, ViewError

LONGEST_MESSAGE: Final = 1_000
LATEST_MS: Final = 253_402_300_800_000
"""The year 10000: a time after it is no time."""
LONGEST_NAME: Final = 40


class BadMessage(ValueError):
    """A message of the page that cannot be meant; its text is the answer."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Is anybody there?"""


@dataclass(frozen=True, slots=True)
class Sync:
    """Send what comes after the bar of `have` ms; None: all."""

    have: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """Show the market in these bars; None: in the session's own only."""

    bars: BarView | None


@dataclass(frozen=True, slots=True)
class ListSessions:
    """Which sessions are there?"""


def object_of(text: str | None, example: str) -> dict[str, Any]:
    """The object that a message holds; BadMessage, naming an example, if it holds none."""
    if text is None:
        raise BadMessage("Messages are JSON text, not bytes.")
    if len(text) > LONGEST_MESSAGE:
        raise BadMessage(f"The message is longer than {LONGEST_MESSAGE} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("The message is not JSON.") from None
    if not isinstance(message, dict):
        raise BadMessage(f"The message is not an object like {example}.")
    return message


def parse(text: str | None) -> Ping | Sync | Look | ListSessions:
    """BadMessage says what is wrong with the text."""
    message = object_of(text, '{"type": "sync", "have": null}')
    match message.get("type"):
        case "ping":
            return Ping()
        case "sync":
            have = message.get("have")
            if have is None or (type(have) is int and 0 <= have < LATEST_MS):
                return Sync(have)
            raise BadMessage("have is the start of the newest bar in milliseconds, or null.")
        case "view":
            if "bars" in message and message["bars"] is None:
                return Look(None)
            try:
                return Look(BarView.of(message.get("bars")))
            except ViewError as error:
                raise BadMessage(str(error)) from None
        case "sessions":
            return ListSessions()
        case _:
            raise BadMessage("type is sync, view, sessions or ping.")


def asked_account(query: bytes) -> str | None:
    """The account that a page's address names with `?account=`."""
    names = parse_qs(query.decode("latin-1")).get("account", [])
    return names[0].replace("\0", "")[:LONGEST_NAME] if names else None
