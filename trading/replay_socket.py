"""The replay's socket: `docs/live-socket.md` is the contract.

Rules: whoever is not logged in is told so and closed with 4401. A session that cannot be replayed,
or one player too many, is said in words and closed (4404, 4429): asking again would change nothing.
A message that makes no sense is answered with one line that says why; the connection stays. A
player ends with its connection.
"""

import asyncio
import json
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError

from trading.consumers import NOT_LOGGED_IN
from trading.errors import ReplayError
from trading.page_messages import BadMessage, object_of
from trading.pipeline.ending import cancel
from trading.player.loading import load
from trading.player.messages import Ping, Request, request_of, requests_of
from trading.player.playback import Playback
from trading.player.player import Player

CANNOT: Final = 4404
TOO_MANY: Final = 4429

log = structlog.get_logger(__name__)


class ReplayConsumer(AsyncWebsocketConsumer):
    players: ClassVar[int] = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.player: Player | None = None
        self.waiting: list[Request] = []  # what came while the day was still being loaded
        self.task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        user = self.scope.get("user")
        await self.accept()  # to be able to say why not: see LiveConsumer
        if user is None or not user.is_authenticated:
            await self.close(code=NOT_LOGGED_IN)
        elif ReplayConsumer.players >= settings.REPLAY_PLAYERS:
            await self.refuse(
                f"{settings.REPLAY_PLAYERS} replays are open already. Close one and try again.",
                TOO_MANY,
            )
        else:
            ReplayConsumer.players += 1
            self.task = asyncio.create_task(self.play(), name="replay")

    async def disconnect(self, code: int) -> None:
        if self.task is not None:
            await cancel(self.task)

    async def play(self) -> None:
        """Load the day, then play it until the connection ends."""
        try:
            found, wrong = requests_of(dict(parse_qsl(self.scope["query_string"].decode())))
            for text in wrong:
                await self.say({"type": "error", "message": text})
            session = self.scope["url_route"]["kwargs"]["session"]
            await self.say({"type": "loading"})
            day = await database_sync_to_async(load, thread_sensitive=False)(session)
            self.player = Player(await asyncio.to_thread(Playback, day), self.say)
            for request in [*found, *self.waiting]:
                self.player.ask(request)
            await self.player.run()
        except ReplayError as error:
            await self.refuse(str(error), CANNOT)
        except DatabaseError:
            log.exception("replay_not_loaded")
            await self.refuse("The database does not answer. Try again in a moment.", CANNOT)
        except Exception:
            log.exception("replay_failed")
            await self.refuse("The replay failed; the server's log says why.", CANNOT)
        finally:
            ReplayConsumer.players -= 1

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.task is None:
            return
        try:
            request = request_of(object_of(text_data, '{"type": "play"}'))
        except BadMessage as error:
            await self.say({"type": "error", "message": str(error)})
            return
        if isinstance(request, Ping):
            await self.say({"type": "pong"})
        if self.player is not None:
            self.player.ask(request)
        else:
            self.waiting = [*self.waiting, request][-10:]

    async def refuse(self, text: str, code: int) -> None:
        await self.say({"type": "refused", "message": text})
        await self.close(code=code)

    async def say(self, message: dict[str, Any] | str) -> None:
        if not isinstance(message, str):
            message = json.dumps(message, separators=(",", ":"))
        await self.send(text_data=message)
