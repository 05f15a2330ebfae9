"""The server's commands for other processes: lines of JSON over TCP on 127.0.0.1.

    {"do": "trade", "symbol": "MESZ6", "price": "5000.25"}  ->  {"ok": null}
    {"do": "report"}                                        ->  {"ok": {...}}
    {"do": "trouble", "what": "nonsense"}                   ->  {"error": "no trouble 'non..."}

A command is a method of `RithmicServer` in `COMMANDS`, the other members are its arguments. Prices
and money are strings, there and back.
"""

import asyncio
import inspect
import json
import socket
from decimal import Decimal
from typing import Any, Self

from tests.servers.rithmic.book import Mistake
from tests.servers.rithmic.server import RithmicServer

COMMANDS = (
    "babble", "calm", "cancel", "cut", "fill_late", "force_logout", "hang", "hang_up",
    "manual_order", "margin", "refuse", "reject", "report", "save", "start", "stop", "trade",
    "trades", "trouble",
)  # fmt: skip
LIMIT = 64 * 1024 * 1024  # bytes of a line: a long stream of trades, a long report


class Control:
    """Listens as long as it is entered. Lines of one connection are served in their order."""

    def __init__(self, server: RithmicServer, port: int = 0) -> None:
        self.server = server
        self.port = port
        self._listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=LIMIT
        )
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()

    async def _serve(self, lines: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        try:
            while line := await lines.readline():
                answer = await self._answer(line)
                answers.write(json.dumps(answer, default=_plain).encode() + b"\n")
                await answers.drain()
        except ConnectionError:
            pass
        finally:
            answers.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            name = asked.pop("do", None)
            if name not in COMMANDS:
                raise Mistake(f"no command {name!r}: there are {', '.join(COMMANDS)}")
            done = getattr(self.server, name)(**asked)
            return {"ok": await done if inspect.isawaitable(done) else done}
        except (Mistake, ValueError, TypeError, ArithmeticError) as error:
            return {"error": f"{error}"}


class Remote:
    """The other end, for whoever is not in an event loop."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._lines = self._socket.makefile("rwb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def do(self, name: str, **arguments: Any) -> Any:
        """Give a command and wait for its answer. Mistake says what was wrong with it."""
        self._lines.write(json.dumps({"do": name} | arguments, default=_plain).encode() + b"\n")
        self._lines.flush()
        line = self._lines.readline()
        if not line:
            raise Mistake(f"the server ended before it answered {name}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Mistake(answer["error"])
        return answer["ok"]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return vars(value)
