"""Serves the pages in the pipeline's own process and loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from django.conf import settings
from django.utils.module_loading import import_string

from trading.errors import StartError
from trading.socket_protocol import LONGEST_MESSAGE_BYTES, SocketProtocol

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

GRACE_S: Final = 2
OPTIONS: Final[dict[str, Any]] = {
    "lifespan": "off",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "ws": SocketProtocol,
    "ws_max_size": LONGEST_MESSAGE_BYTES,
    # Where somebody comes from is trading.lockout's to say: uvicorn would believe whoever connects
    # from this machine.
    "proxy_headers": False,
}
"""How pages are served, in whichever process."""


def bind(host: str, port: int) -> socket.socket:
    """A socket on the address; StartError when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only sockets that say they are TCP are told to send at once; others wait 40 ms for each other.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StartError(
            f"{host}:{port} cannot be served: {reason}; choose another with --serve (or PORT=)"
        ) from None
    return listener


def address(listener: socket.socket) -> str:
    """The URL that reaches the socket from this machine."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the pipeline has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class PageServer:
    """An ASGI application, by default that of the pages, on a bound socket. `start`, `stop`."""

    def __init__(
        self, listener: socket.socket, application: "ASGIApplication | None" = None
    ) -> None:
        application = application or import_string(settings.ASGI_APPLICATION)
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(application, timeout_graceful_shutdown=GRACE_S, **OPTIONS)
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve([self._listener]), name="server")

    async def stop(self) -> None:
        """Let requests end, then close."""
        if self._task is None:
            return
        self._server.should_exit = True
        await asyncio.wait([self._task], timeout=GRACE_S + 3)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
