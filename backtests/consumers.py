"""The socket of backtests' pages: how far runs are.

Rules: whoever is not logged in is told so and closed with 4401. A page that connects says which run
it shows (`{"type": "sync", "have": 12}`) and is told how that stands; from then on it hears of
every run, as it happens. A message that makes no sense is answered with one line that says why.
"""

import json
from typing import Any, Final

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from backtests.models import Backtest
from backtests.pages.runs import progress_to_wire
from trading.consumers import NO_DATABASE, NOT_LOGGED_IN
from trading.page_messages import BadMessage, object_of

GROUP: Final = "backtests"
"""The Channels group that whoever runs backtests tells: `{"type": "backtest.progress", "id", ...}`
with the fields of `progress_to_wire`, all or some."""

EXAMPLE: Final = '{"type": "sync", "have": 12}'

log = structlog.get_logger(__name__)


class BacktestsConsumer(AsyncWebsocketConsumer):
    joined = False

    async def connect(self) -> None:
        user = self.scope.get("user")
        await self.accept()  # to be able to say why not: see LiveConsumer
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
            message = object_of(text_data, EXAMPLE)
            match message.get("type"):
                case "ping":
                    await self.say({"type": "pong"})
                case "sync":
                    await self.sync(message.get("have"))
                case _:
                    raise BadMessage("type is sync or ping.")
        except BadMessage as error:
            await self.say({"type": "error", "message": str(error)})
        except DatabaseError:
            log.exception("backtests_page_unanswered")
            await self.say({"type": "error", "message": NO_DATABASE})

    async def sync(self, run: object) -> None:
        if run is None:
            return
        if type(run) is not int or not 0 < run < 2**63:
            raise BadMessage("have is no run's number.")
        row = await Backtest.objects.filter(pk=run).afirst()
        if row is None:
            raise BadMessage(f"There is no backtest {run}.")
        await self.say(progress_to_wire(row))

    async def backtest_progress(self, event: dict[str, Any]) -> None:
        await self.say(event | {"type": "backtest"})

    async def say(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, separators=(",", ":")))
