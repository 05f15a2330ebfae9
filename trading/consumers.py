"""The live page's socket. `docs/live-socket.md` is the contract.

Rules: whoever is not logged in is told so and closed with 4401. A page joins the group before the
database is read, so that nothing falls between a snapshot and the first frame. A message that makes
no sense is answered with one line that says why; the connection stays. A page whose address names
an account hears of that account alone; one that names none follows the session that is written.
"""

import json
from typing import Any, Final

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import InMemoryChannelLayer
from django.db import DatabaseError

from trading.bar_views import BarView
from trading.page_messages import (
    BadMessage,
    ListSessions,
    Look,
    Ping,
    Sync,
    asked_account,
    parse,
)
from trading.selectors import live_snapshot, session_list
from trading.watching import Watching, ask_recent

GROUP: Final = "live"
NOT_LOGGED_IN: Final = 4401
NO_DATABASE: Final = "The database does not answer. Trying again."

log = structlog.get_logger(__name__)


class LiveConsumer(AsyncWebsocketConsumer):
    joined = False
    synced = False
    asked: str | None = None
    followed: str | None = None  # the account of the last snapshot
    watching: Watching

    async def connect(self) -> None:
        user = self.scope.get("user")
        # A refused handshake reaches a browser as "closed, reason unknown". The page must tell a
        # login that ran out from a server that is down, so accept, then close with the reason.
        await self.accept()
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_LOGGED_IN)
            return
        self.asked = self.followed = asked_account(self.scope.get("query_string", b""))
        self.watching = Watching(self.channel_layer, self.channel_name, self.say)
        await self.channel_layer.group_add(GROUP, self.channel_name)
        self.joined = True

    async def disconnect(self, code: int) -> None:
        if self.joined:
            await self.watching.leave()
            await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self.joined:
            return
        try:
            match parse(text_data):
                case Ping():
                    await self.say({"type": "pong"})
                case Sync(have):
                    await self.sync(have)
                case Look(bars):
                    await self.look(bars)
                case ListSessions():
                    await self.sessions()
        except BadMessage as error:
            await self.say({"type": "error", "message": str(error)})
        except DatabaseError:
            log.exception("live_page_unanswered")
            await self.say({"type": "error", "message": NO_DATABASE})

    async def sync(self, have: int | None) -> None:
        read = database_sync_to_async(live_snapshot, thread_sensitive=False)
        snapshot = await read(have, account=self.asked, followed=self.followed)
        if snapshot["config"] is not None:
            self.followed = snapshot["config"]["account"]
        await self.say(snapshot)
        if snapshot["have"] is None or not self.synced:
            await self.ask_recent()
        if snapshot["config"] is None and self.asked is not None:
            raise BadMessage(f"Account {self.asked} has no session. Choose another one.")

    async def ask_recent(self) -> None:
        """A page forgets it with a whole snapshot; one that was away missed some."""
        self.synced = True
        if self.followed is None:
            return
        try:
            await ask_recent(self.channel_layer, self.followed, self.channel_name)
        except Exception:  # the page begins without
            log.exception("recent_not_asked")

    async def look(self, bars: BarView | None) -> None:
        if bars is None:
            await self.watching.leave()
            await self.say({"type": "view", "key": None, "state": "left"})
        elif self.followed is None:
            raise BadMessage("Nothing is traded yet: there are no ticks to make bars of.")
        else:
            await self.watching.look(self.followed, bars)

    async def sessions(self) -> None:
        rows = await database_sync_to_async(session_list, thread_sensitive=False)()
        # In memory, frames reach the pages of their own process only.
        shared = not isinstance(self.channel_layer, InMemoryChannelLayer)
        await self.say({"type": "sessions", "shared": shared, "sessions": rows})

    async def live_frame(self, event: dict[str, Any]) -> None:
        """A frame of a pipeline, or what comes beside it, at most ten a second, as it came."""
        frame = event["frame"]
        if self.asked is None or frame.get("account_name", self.asked) == self.asked:
            await self.say(frame)

    async def live_view(self, event: dict[str, Any]) -> None:
        """Bars of another kind, already written."""
        if self.watching.heard(event["key"]):
            await self.send(text_data=event["text"])

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, separators=(",", ":")))
