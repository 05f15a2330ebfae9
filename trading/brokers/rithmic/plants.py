"""async_rithmic's order and PnL plants, with a line that we keep ourselves.

What is theirs: the messages and their frames, the login, who we are there (accounts, trade routes),
and how requests are built. What is ours, because theirs would send an order twice or hide what
became of it:

- `_send` sends once, or fails. The check that the socket is open and the write are one step of the
  event loop: `websockets` hands a frame to the transport before it first waits, and writes nothing
  when its state is not OPEN. So `NotSent` means that not a byte was written; whatever fails
  afterwards is `OutcomeUnknown`, also when the write itself did, as part of it may be on its way.
- `_send_and_collect` asks once and answers with the messages, `Declined` or `OutcomeUnknown`.
- Reading ends with the line. Theirs would reconnect after 10 s and more, and send again then.

Imports async_rithmic: import this lazily.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog
from async_rithmic import OrderPlacement, RithmicClient
from async_rithmic.plants import OrderPlant, PnlPlant
from async_rithmic.plants.base import TEMPLATES_MAP
from async_rithmic.protocol_buffers import base_pb2
from google.protobuf.message import DecodeError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from trading.brokers.adapter import BrokerError, NotSent, OutcomeUnknown
from trading.brokers.rithmic.access import Access
from trading.brokers.rithmic.quiet import WIRE, silence
from trading.brokers.rithmic.requests import GATHERS, POSITIONS, Declined, Requests

log = structlog.get_logger(__name__)

LOGOUT, HEARTBEAT, FORCED_LOGOUT, REJECT = 12, 18, 77, 75
IGNORED: Final = (13, 19)
NEVER_EMPTY: Final = (10, 300)
"""The login, and who we are."""
MOST_BYTES: Final = 1 << 22

OnMessage = Callable[[Any], None]


class ConnectionLost(BrokerError):
    """The line could not be had, or is gone."""


class LoginRefused(ConnectionLost):
    """Rithmic does not let us in, or does not know the account."""


class OurPlant:
    """Comes before a plant of the library among the bases. One connection in its life."""

    ws: ClientConnection | None
    client: Any
    infra_type: Any

    def prepare(self, access: Access, on_message: OnMessage) -> None:
        self.access = access
        self.requests = Requests(access.without_secrets)
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ready = False
        """Connected and logged in, and not lost yet."""
        self._on_message = on_message
        self._heard = asyncio.Event()
        self._gathering = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        return str(self.plant_type)  # type: ignore[attr-defined]

    # From the socket to the loss

    async def open(self) -> None:
        """Connect and log in; ConnectionLost or LoginRefused says why not."""
        access, timing = self.access, self.access.timing
        try:
            async with asyncio.timeout(timing.connect):
                await self._connect()
                await self._login()  # type: ignore[attr-defined]
        except TimeoutError:
            reason = f"{access.where} did not answer within {timing.connect:g} s"
            raise ConnectionLost(reason) from None
        except Declined as error:
            raise LoginRefused(f"Rithmic refused the login: {self._clean(error.words)}") from None
        except LoginRefused:
            raise
        except BrokerError as error:
            raise ConnectionLost(f"during the login: {self._clean(error)}") from None
        except ssl.SSLCertVerificationError as error:
            raise ConnectionLost(
                f"{access.where} has a certificate that is not trusted "
                f"({self._clean(error.verify_message)}); see RITHMIC_CA_FILE"
            ) from None
        except (OSError, WebSocketException) as error:
            why = getattr(error, "strerror", None) or error
            raise ConnectionLost(f"{access.where} cannot be reached: {self._clean(why)}") from None
        self.ready = not self.lost.done()
        self._tasks.append(asyncio.create_task(self._watch()))

    async def close(self) -> None:
        """Say goodbye if there is anybody to say it to, and let go of the socket."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        ws = self.ws
        if ws is None:
            return
        if self.ready:
            with suppress(BrokerError, TimeoutError, ConnectionClosed):
                async with asyncio.timeout(self.access.timing.goodbye):
                    await self._send_request(template_id=LOGOUT)
                    await ws.close()
        self._end("closed by us")
        ws.transport.abort()

    async def _connect(self) -> None:
        ws = self.ws = await connect(
            self.access.url,
            ssl=self.client.ssl_context,
            open_timeout=None,
            close_timeout=self.access.timing.goodbye,
            ping_interval=None,  # a heartbeat of the protocol proves more
            max_size=MOST_BYTES,
            logger=logging.getLogger(WIRE),
        )
        self._tasks.append(asyncio.create_task(self._read(ws)))

    async def _read(self, ws: ClientConnection) -> None:
        try:
            async for frame in ws:
                self._heard.set()
                if not self._frame(frame):
                    # What it was cannot be known, and it may have been a fill: everything is asked
                    # for again on a new line.
                    self._end("what came is no message of Rithmic's")
                    return
            self._end("Rithmic closed the line")
        except ConnectionClosed as error:
            self._end(self._clean(error) or "the line broke")
        except Exception as error:  # a line that nobody reads must not look alive
            log.exception("rithmic_message_failed")
            self._end(f"a message could not be taken: {self._clean(repr(error))}")

    async def _watch(self) -> None:
        """A server that says nothing after a heartbeat hangs, whatever its socket does."""
        timing = self.access.timing
        while True:
            await asyncio.sleep(timing.heartbeat)
            self._heard.clear()
            try:
                async with asyncio.timeout(timing.silence):
                    await self._send_request(template_id=HEARTBEAT)
                    await self._heard.wait()
            except TimeoutError:
                self._end(f"Rithmic hangs: no answer to a heartbeat for {timing.silence:g} s")
                return
            except BrokerError as error:
                self._end(self._clean(error))
                return

    def _end(self, reason: str) -> None:
        self.ready = False
        if not self.lost.done():
            self.lost.set_result(reason)
            self.requests.lost(reason)

    # Messages

    def _frame(self, frame: str | bytes) -> bool:
        """Take a frame; False if it cannot be read. One of a kind that is not known is skipped:
        Rithmic adds some that the library has not heard of."""
        if isinstance(frame, str) or len(frame) < 4:
            return False
        try:
            template = base_pb2.Base.FromString(frame[4:]).template_id
            known = TEMPLATES_MAP.get(template)
            message = known.FromString(frame[4:]) if known is not None else None
        except DecodeError:
            return False
        if message is not None:
            self._message(message)
        elif template > 0:
            log.info("rithmic_unknown_message", template=template, plant=self.name)
        return bool(template > 0)

    def _message(self, message: Any) -> None:
        template = message.template_id
        if template in IGNORED or self.requests.take(message):
            return
        if template == FORCED_LOGOUT:
            self._end("Rithmic logged us out: is the login used elsewhere too?")
        elif template == REJECT:
            log.warning("rithmic_reject", text=self._clean(", ".join(message.rp_code)))
        else:
            self._on_message(message)

    async def _send(self, message: bytes, template_id: int = 0) -> None:
        ws = self.ws
        if ws is None or ws.state is not State.OPEN or self.lost.done():
            raise NotSent("the line to Rithmic is down, nothing was sent")
        try:
            await ws.send(message)
        except (ConnectionClosed, OSError) as error:
            raise OutcomeUnknown(
                f"the line was lost while {template_id} was sent: {self._clean(error)}"
            ) from None

    async def _send_request(self, **fields: Any) -> int:
        request = self._build_request(**fields)  # type: ignore[attr-defined]
        template: int = fields["template_id"]
        frame = self._convert_request_to_bytes(request)  # type: ignore[attr-defined]
        await self._send(frame, template)
        return template

    async def _send_heartbeat(self) -> None:
        await self._send_request(template_id=HEARTBEAT)

    async def ask(self, template: int, **fields: Any) -> list[Any]:
        """Ask for our account, unless it is None; see `_send_and_collect`."""
        return await self._send_and_collect(template, **fields)

    async def _send_and_collect(
        self, template_id: int, expected_response: object = None, **fields: Any
    ) -> list[Any]:
        """Ask once. The library gives `account_id` None for requests that name no account. Rows
        that do not say whose answer they are belong to the one question that is open for them."""
        if fields.get("account_id", "") is None:
            del fields["account_id"]
        else:
            fields["account_id"] = self.access.account
        if template_id not in GATHERS:
            return await self._ask_once(template_id, fields)
        async with self._gathering:
            return await self._ask_once(template_id, fields)

    async def _ask_once(self, template_id: int, fields: dict[str, Any]) -> list[Any]:
        pending = self.requests.open(template_id)
        seconds = self.access.timing.answer
        try:
            async with asyncio.timeout(seconds):
                await self._send_request(template_id=template_id, user_msg=pending.number, **fields)
                messages = await pending.answered
        except TimeoutError:
            reason = f"Rithmic did not answer within {seconds:g} s"
            if template_id == POSITIONS:
                # Its rows may still come, and would be old ones in the next answer.
                self._end(reason)
            raise OutcomeUnknown(reason) from None
        finally:
            self.requests.close(pending)
        if not messages and template_id in NEVER_EMPTY:
            raise Declined("", "nothing")  # the library would take it apart
        return messages

    def _clean(self, text: object) -> str:
        return self.access.without_secrets(text)


class OurOrderPlant(OurPlant, OrderPlant):  # type: ignore[misc]
    """Orders of our one account."""

    accounts: Any
    trade_routes: Any

    async def _fetch_login_info(self) -> None:
        await super()._fetch_login_info()
        found = [each for each in self.accounts if each.account_id == self.access.account]
        if not found:
            known = ", ".join(each.account_id for each in self.accounts) or "none"
            raise LoginRefused(
                f"RITHMIC_ACCOUNT is {self.access.account}, and the login has {known}"
            )
        self.accounts = found  # the others' notifications are not asked for
        # The library takes the first of an exchange.
        self.trade_routes = sorted(self.trade_routes, key=lambda route: not route.is_default)


class OurPnlPlant(OurPlant, PnlPlant):  # type: ignore[misc]
    """Positions and money."""


def new_client(access: Access) -> Any:
    """A client of the library, for one connection; none of its plants is connected by it."""
    silence(access)
    client = RithmicClient(
        user=access.user,
        password=access.password,
        system_name=access.system,
        app_name=access.app_name,
        app_version=access.app_version,
        url=access.url,
        manual_or_auto=OrderPlacement.AUTO,
    )
    silence(access)  # importing the library gave its logger a handler
    if not access.encrypted:
        client.ssl_context = None
    elif access.ca_file:
        client.ssl_context.load_verify_locations(access.ca_file)
    return client


def order_plant(access: Access, on_message: OnMessage) -> OurOrderPlant:
    client = new_client(access)
    plant = OurOrderPlant(client)
    client.plants["order"] = plant
    plant.prepare(access, on_message)
    return plant


def pnl_plant(access: Access, on_message: OnMessage, order: OurOrderPlant) -> OurPnlPlant:
    """Who we are there, an order plant that has logged in knows."""
    client = new_client(access)
    plant = OurPnlPlant(client)
    client.plants["order"] = order
    client.plants["pnl"] = plant
    plant.prepare(access, on_message)
    return plant
