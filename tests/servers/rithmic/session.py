"""One connection of one plant: frames in, login, answers and their troubles, frames out in
order."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from async_rithmic.plants.base import TEMPLATES_MAP
from async_rithmic.protocol_buffers import base_pb2
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from tests.servers.rithmic import queries, requests
from tests.servers.rithmic.book import Mistake
from tests.servers.rithmic.ledger import Received
from tests.servers.rithmic.messages import FCM, IB, frame, make, unknown
from tests.servers.rithmic.trouble import Trouble

if TYPE_CHECKING:
    from tests.servers.rithmic.server import RithmicServer

NOT_TAKEN = ("drop", "refuse", "cut_before", "empty_ack_not_taken")
UNKNOWN_TEMPLATE = 358  # one that Rithmic has and the library does not know
GARBAGE = (7).to_bytes(4, "big") + b"\xff\xfe\xfd garbage"
SUBSCRIBE = 1


class Session:
    """See above. `plant` is 0 before the login; `accounts` are those whose order updates,
    `brackets` those whose bracket updates, `positions` those whose positions it gets."""

    def __init__(self, server: "RithmicServer", line: ServerConnection) -> None:
        self.server = server
        self.line = line
        self.plant = 0
        self.accounts: set[str] = set()
        self.brackets: set[str] = set()
        self.positions: set[str] = set()
        self._out: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = False

    async def run(self) -> None:
        """Until the line is closed."""
        sender = asyncio.create_task(self._send_all())
        try:
            async for data in self.line:
                if isinstance(data, bytes) and not self.server.hanging:
                    self.receive(data)
        except ConnectionClosed:
            pass
        finally:
            self._gone = True
            sender.cancel()
            with suppress(asyncio.CancelledError):
                await sender

    def send(self, *frames: bytes) -> None:
        """Put frames on the line, after those that wait."""
        if not self._gone:
            for each in frames:
                self._out.put_nowait(each)

    def close(self) -> None:
        """End in order, after what waits was sent."""
        self._out.put_nowait(None)
        self._gone = True

    def cut(self) -> None:
        """The line breaks: what waits is lost."""
        self._gone = True
        while not self._out.empty():
            self._out.get_nowait()
        self.line.transport.abort()

    def tear(self, data: bytes) -> None:
        """Half of a frame is sent, then the line breaks."""
        whole = Frame(Opcode.BINARY, data).serialize(mask=False)
        self.line.transport.write(whole[: len(whole) // 2])
        self._gone = True
        # An abort would throw the half away that waits to be written.
        self.line.transport.close()

    async def _send_all(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                data = await self._out.get()
                if data is None:
                    await self.line.close()
                    return
                await self.line.send(data)

    # What comes in

    def receive(self, data: bytes) -> None:
        """One frame."""
        base = base_pb2.Base()
        base.ParseFromString(data[4:])
        request = TEMPLATES_MAP[base.template_id]()
        request.ParseFromString(data[4:])
        template = request.template_id
        if int.from_bytes(data[:4], "big") != len(data) - 4:
            self.send(frame(make("Reject", rp_code=["1", "wrong length"])))
        elif template == 10:
            self._answer(request, "login", self._login)
        elif template == 16:
            systems = list(self.server.systems)
            answer = make(
                "ResponseRithmicSystemInfo", user_msg=request.user_msg, rp_code=["0"],
                system_name=systems,
            )  # fmt: skip
            self.send(frame(answer))
        elif not self.plant:
            text = "request before login"
            self.send(frame(make("Reject", user_msg=request.user_msg, rp_code=["11", text])))
        elif template == 12:
            answer = make("ResponseLogout", user_msg=request.user_msg, rp_code=["0"])
            self.send(frame(answer))
            self.close()
        elif template == 18:
            self.server.heartbeats += 1
            self.send(frame(make("ResponseHeartbeat", user_msg=request.user_msg, rp_code=["0"])))
        elif template in (308, 336, 400):
            self._answer(request, "query", self._subscribe)
        elif template in requests.HANDLERS:
            self._answer(request, requests.occasion(self.server.exchange, request), self._change)
        elif template in queries.HANDLERS:
            self._answer(request, "query", self._query)
        else:
            text = f"template {template} is not for this plant"
            self.send(frame(make("Reject", user_msg=request.user_msg, rp_code=["6", text])))

    def _answer(self, request: Any, occasion: str, handle: Any) -> None:
        """Handle a request, answer it and tell what it did, with the trouble it meets."""
        server, tag = self.server, self._tag(request)
        trouble = server.troubles.take(occasion, tag)
        what = trouble.what if trouble is not None else ""
        if request.template_id in requests.HANDLERS:
            self._record(request, taken=what not in NOT_TAKEN)
        if what == "drop":
            return
        if what == "cut_before":
            self.cut()
            return
        if what == "refuse":
            assert trouble is not None
            self._refuse(request, [trouble.code, trouble.text or "refused"])
            return
        if what == "empty_ack_not_taken":
            self._refuse(request, queries.NO_DATA)
            return
        working = list(server.exchange.working)
        with server.held() as told:
            try:
                answer = [frame(each) for each in handle(request, trouble)]
            except Mistake as mistake:
                answer = [frame(self._end(request, ["1", str(mistake)]))]
            self._deliver(request, answer, trouble, told)
        if what == "late_fill":
            named = getattr(request, "basket_id", "")
            for basket in working:
                if basket not in server.exchange.working and named in ("", basket):
                    server.fill_late(basket)

    def _deliver(
        self, request: Any, answer: list[bytes], trouble: Trouble | None, told: list[Any]
    ) -> None:
        """The answer, and then what is told of it, unless the trouble is with them."""
        what = trouble.what if trouble is not None else ""
        match what:
            case "cut_after":
                self.cut()
                return
            case "half_frame":
                self.tear(answer[-1])
                return
            case "lost_ack":
                answer = []
            case "empty_ack":
                answer = [frame(self._end(request, queries.NO_DATA))]
            case "garbage":
                self.send(GARBAGE)
            case "unknown_template":
                self.send(unknown(UNKNOWN_TEMPLATE))
            case "ack_last":
                self.server.release(told)
            case "slow":
                assert trouble is not None
                asyncio.get_running_loop().call_later(trouble.seconds, self.send, *answer)
                return
        self.send(*answer)

    def _tag(self, request: Any) -> str:
        """The tag of the order that is given, or that the request is about."""
        known = self.server.exchange.orders.get(getattr(request, "basket_id", ""))
        return getattr(request, "user_tag", "") or (known.tag if known is not None else "")

    def _end(self, request: Any, code: list[str]) -> Any:
        """The last message of an answer, with a code."""
        name = TEMPLATES_MAP[request.template_id + 1].__name__
        return make(name, user_msg=request.user_msg, rp_code=code)

    def _refuse(self, request: Any, code: list[str]) -> None:
        self.send(frame(self._end(request, code)))

    def _record(self, request: Any, *, taken: bool) -> None:
        self.server.exchange.ledger.received.append(
            Received(
                at=self.server.exchange.clock(),
                template=request.template_id,
                account=request.account_id,
                tag=getattr(request, "user_tag", ""),
                basket=getattr(request, "basket_id", ""),
                symbol=getattr(request, "symbol", ""),
                side=requests.side_of(request) if request.template_id in (312, 330) else 0,
                size=getattr(request, "quantity", 0),
                taken=taken,
            )
        )

    # Requests by kind

    def _login(self, request: Any, _: Trouble | None) -> list[Any]:
        server = self.server
        if request.system_name not in server.systems:
            raise Mistake(f"unknown system {request.system_name!r}")
        if (request.user, request.password) != (server.user, server.password):
            return [self._end(request, ["13", "permission denied"])]
        self.plant = request.infra_type
        server.logins.append(self.plant)
        return [
            make(
                "ResponseLogin", user_msg=request.user_msg, rp_code=["0"], fcm_id=FCM, ib_id=IB,
                template_version="3.9", country_code="US", unique_user_id=f"{server.user}-1",
                heartbeat_interval=server.heartbeat,
            )
        ]  # fmt: skip

    def _subscribe(self, request: Any, _: Trouble | None) -> list[Any]:
        requests.known(self.server.exchange, request)
        kept = {308: self.accounts, 336: self.brackets, 400: self.positions}[request.template_id]
        if request.template_id == 400 and request.request != SUBSCRIBE:
            kept.discard(request.account_id)
        else:
            kept.add(request.account_id)
        return [self._end(request, ["0"])]

    def _change(self, request: Any, trouble: Trouble | None) -> list[Any]:
        exchange = self.server.exchange
        return requests.HANDLERS[request.template_id](exchange, request, trouble)

    def _query(self, request: Any, _: Trouble | None) -> list[Any]:
        return queries.HANDLERS[request.template_id](self.server.exchange, request)
