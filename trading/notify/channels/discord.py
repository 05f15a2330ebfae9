"""Discord, through a webhook: https://discord.com/developers/docs/resources/webhook#execute-webhook

The address is the secret: who has it may write. It is in no error, log or row: what httpx says of a
failure is never passed on, and its own log lines are below the level that is written.

A message is one embed: coloured by its level, the title with what and how much, facts as fields,
New York's time and the account in the footer. Nobody is pinged, whatever a text says.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from django.conf import settings

from marketdata.calendars import NEW_YORK
from trading.notify.message import Message, Refused, TryLater

COLOURS: Final = {
    "info": 0x5B8DEF,
    "good": 0x2EBD85,
    "warning": 0xF0A020,
    "error": 0xE5484D,
    "critical": 0xB4121B,
}
LOST: Final = 0xC2607A
"""A trade that made nothing is no warning, but is to be told from a gain."""

# What Discord takes, in characters: https://discord.com/developers/docs/resources/message#embed-object
TITLE, TEXT, NAME, VALUE, FIELDS, WHOLE = 256, 4096, 256, 1024, 25, 6000
LARGEST_PICTURE: Final = 8 * 1024 * 1024
INLINE: Final = 40
"""A fact longer than this has a line of its own."""

MARKS: Final = re.compile(r"[\\*_~`|]|^[#>]|\](?=\()", re.MULTILINE)
"""What Discord would read as Markdown."""

TIMEOUT_S: Final = 10.0
UNSAID_S: Final = 5.0
"""For a 429 that does not say how long."""
LONGEST_S: Final = 3600.0

FOR_GOOD: Final = {
    401: "the webhook's token is not accepted; set DISCORD_WEBHOOK_URL to one that is",
    403: "the webhook may not write there",
    404: "there is no such webhook any more; make another and set DISCORD_WEBHOOK_URL to it",
}


def configured() -> bool:
    return bool(settings.DISCORD_WEBHOOK_URL)


def opened() -> "Discord":
    return Discord(settings.DISCORD_WEBHOOK_URL)


class Discord:
    """See `trading.notify.message.Channel`."""

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._url = httpx.URL(url).copy_merge_params({"wait": "true"})
        self._secret = self._url.path.rpartition("/")[2] or "-"
        self._http = httpx.Client(timeout=timeout_s, follow_redirects=False)

    def send(self, message: Message) -> float:
        picture, missing = _picture(message)
        content = payload(message, picture=picture is not None, missing=missing)
        try:
            if picture is None:
                answer = self._http.post(self._url, json=content)
            else:
                answer = self._http.post(
                    self._url,
                    data={"payload_json": json.dumps(content)},
                    files={"files[0]": ("picture.png", picture, "image/png")},
                )
        except httpx.TimeoutException:
            raise TryLater("Discord did not answer in time") from None
        except httpx.RequestError as error:
            raise TryLater(f"Discord cannot be reached ({type(error).__name__})") from None
        return self._heard(answer)

    def close(self) -> None:
        self._http.close()

    def _heard(self, answer: httpx.Response) -> float:
        status = answer.status_code
        if status in (200, 204):
            return pause(answer.headers)
        if status == 429:
            raise TryLater("Discord wants fewer messages", retry_after(answer))
        said = f"Discord answered {status}{self._words(answer)}"
        if status == 408 or status >= 500:
            raise TryLater(said)
        remedy = FOR_GOOD.get(status)
        raise Refused(f"{said}: {remedy}" if remedy else said)

    def _words(self, answer: httpx.Response) -> str:
        """Discord's own, on one line, without what is ours alone."""
        said = _object(answer).get("message", "")
        line = " ".join(str(said).split()).replace(self._secret, "…")[:160]
        return f", {line}" if line else ""


# Rates


def pause(headers: Mapping[str, str]) -> float:
    """Seconds until the next message may be sent, by an answer's headers."""
    if headers.get("X-RateLimit-Remaining", "").strip() != "0":
        return 0.0
    return _seconds(headers.get("X-RateLimit-Reset-After")) or 0.0


def retry_after(answer: httpx.Response) -> float:
    """Seconds that a 429 asks for: of this webhook alone, or of all that comes from here."""
    heads = answer.headers
    for said in (_object(answer).get("retry_after"), heads.get("Retry-After")):
        seconds = _seconds(said)
        if seconds is not None:
            return seconds
    return UNSAID_S


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return min(seconds, LONGEST_S) if math.isfinite(seconds) and seconds >= 0 else None


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# The embed


def payload(message: Message, *, picture: bool = False, missing: str = "") -> dict[str, Any]:
    """What is posted; `missing` says why a picture is not with it."""
    embed: dict[str, Any] = {
        "title": title(message),
        "color": colour(message),
        "footer": {"text": footer(message)},
    }
    room = WHOLE - len(embed["title"]) - len(embed["footer"]["text"])
    text = "\n\n".join(part for part in (message.text, missing) if part)
    if text:
        embed["description"] = cut(escaped(text), min(TEXT, room))
        room -= len(embed["description"])
    if message.facts:
        embed["fields"] = fields(message.facts, room)
    if message.link:
        embed["url"] = message.link
    if picture:
        embed["image"] = {"url": "attachment://picture.png"}
    return {
        "username": "tradebot",
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
        **({"attachments": [{"id": 0, "filename": "picture.png"}]} if picture else {}),
    }


def title(message: Message) -> str:
    real = "REAL MONEY · " if message.real_money else ""
    return cut(f"{real}{escaped(message.title)}", TITLE)


def colour(message: Message) -> int:
    if message.kind == "trade_closed" and message.level == "info":
        return LOST
    return COLOURS.get(message.level, COLOURS["info"])


def footer(message: Message) -> str:
    local = message.ts.astimezone(NEW_YORK)
    parts = [f"{local:%a} {local.day} {local:%b %Y %H:%M:%S} New York", message.account]
    return cut(" · ".join(part for part in parts if part), 500)


def fields(facts: Sequence[tuple[str, str]], room: int) -> list[dict[str, Any]]:
    """As many as Discord takes and there is room for."""
    made: list[dict[str, Any]] = []
    for name, value in facts[:FIELDS]:
        label, said = cut(escaped(name), NAME) or "–", cut(escaped(value), VALUE) or "–"
        room -= len(label) + len(said)
        if room < 0:
            break
        made.append({"name": label, "value": said, "inline": len(value) <= INLINE})
    return made


def escaped(text: str) -> str:
    """As it is, and not as Markdown."""
    return MARKS.sub(r"\\\g<0>", text)


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: max(0, longest - 1)].rstrip(chr(92))}…"


def _picture(message: Message) -> tuple[bytes | None, str]:
    """Its bytes, or why it does not come."""
    if message.picture is None:
        return None, ""
    try:
        content = message.picture.read_bytes()
    except OSError as error:
        return None, f"The picture cannot be read: {error.strerror or type(error).__name__}."
    if len(content) > LARGEST_PICTURE:
        return None, f"The picture is too large: {len(content):,} bytes."
    return content, ""
