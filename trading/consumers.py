"""The live page's socket. `docs/live-socket.md` is the contract.

Rules: whoever is not logged in is told so and closed with 4401. A page joins the group before the
database is read, so that nothing falls between a snapshot and the first frame. A message that makes
no sense is answered with one line that says why; the connection stays.
"""

import json
from typing import Any, Final

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from trading.selectors import live_snapshot

GROUP: Final = "live"
NOT_LOGGED_IN: Final = 4401
LONGEST_MESSAGE: Final = 1_000
LATEST_MS: Final = 253_402_300_800_000
"""The year 10000: a time after it is no time."""

log = structlog.get_logger(__name__)


class BadMessage(ValueError):
    """A message of the page that cannot be meant; its text is the answer."""


class LiveConsumer(AsyncWebsocketConsumer):
    joined = False

    async def connect(self) -> None:
        user = self.scope.get("user")
        # A refused handshake reaches a browser as "closed, reason unknown". The page must tell a
        # login that ran out from a server that is down, so accept, then close with the reason.
        await self.accept()
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_LOGGED_IN)
            return
        await self.channel_layer.group_add(GROUP, self.channel_name)
        self.joined = True

    async def disconnect(self, code: int) -> None:
        if self.joined:
            await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.joined:
            return
        try:
            message = parse(text_data)
            if message["type"] == "ping":
                await self.say({"type": "pong"})
            else:
                await self.sync(message["have"])
        except BadMessage as error:
            await self.say({"type": "error", "message": str(error)})

    async def sync(self, have: int | None) -> None:
        try:
            snapshot = await database_sync_to_async(live_snapshot, thread_sensitive=False)(have)
        except DatabaseError:
            log.exception("live_snapshot_failed")
            await self.say(
                {"type": "error", "message": "The database does not answer. Trying again."}
            )
            return
        await self.say(snapshot)

    async def live_frame(self, event: dict[str, Any]) -> None:
        """A frame of the pipeline, at most ten a second, as it came."""
        await self.say(event["frame"])

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, separators=(",", ":")))


def parse(text: str | None) -> dict[str, Any]:
    """`{"type": "ping"}` or `{"type": "sync", "have": ms | null}`; anything else is BadMessage."""
    if text is None:
        raise BadMessage("Messages are JSON text, not bytes.")
    if len(text) > LONGEST_MESSAGE:
        raise BadMessage(f"The message is longer than {LONGEST_MESSAGE} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("The message is not JSON.") from None
    if not isinstance(message, dict):
        raise BadMessage('The message is not an object like {"type": "sync", "have": null}.')
    match message.get("type"):
        case "ping":
            return {"type": "ping"}
        case "sync":
            have = message.get("have")
            if have is None or (type(have) is int and 0 <= have < LATEST_MS):
                return {"type": "sync", "have": have}
            raise BadMessage("have is the start of the newest bar in milliseconds, or null.")
        case _:
            raise BadMessage("type is sync or ping.")
