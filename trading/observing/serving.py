"""A port of its own for the figures: METRICS_ADDRESS, off unless it is set.

Of a process that trades it is served in the pipeline's loop, so that it is there without pages. A
port that cannot be had keeps nobody from trading: it is said, and the process goes on without.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import structlog
from django.conf import settings

from trading.errors import StartError
from trading.observing.access import token_fits
from trading.observing.lag import LAG
from trading.observing.text import CONTENT_TYPE, exposed
from trading.pipeline.ending import cancel
from trading.pipeline.server import PageServer, bind

if TYPE_CHECKING:
    from uvicorn._types import ASGIApplication

log = structlog.get_logger(__name__)

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def application(scope: Mapping[str, Any], receive: object, send: Send) -> None:
    """The figures at /metrics and nothing else; with METRICS_TOKEN for who has it alone."""
    if scope["type"] != "http":
        return
    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    if scope["method"] != "GET" or scope["path"] != "/metrics":
        await _answer(send, 404, b"Not found: /metrics\n")
    elif settings.METRICS_TOKEN and not token_fits(headers.get("authorization", "")):
        await _answer(send, 401, b"", ("www-authenticate", 'Bearer realm="metrics"'))
    else:
        await _answer(send, 200, await exposed(), ("content-type", CONTENT_TYPE))


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[str, str]) -> None:
    told = [("content-length", str(len(body))), ("cache-control", "no-store"), *headers]
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in told],
        }
    )
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def observable() -> AsyncIterator[None]:
    """Within it the loop's lag is measured, and the figures are served where that is set."""
    measuring = asyncio.create_task(LAG.run(), name="lag")
    server = _server()
    try:
        yield
    finally:
        await cancel(measuring)
        if server is not None:
            await server.stop()


def _server() -> PageServer | None:
    if settings.METRICS_ADDRESS is None:
        return None
    host, port = settings.METRICS_ADDRESS
    try:
        listener = bind(host, port)
    except StartError as error:
        reason = str(error).partition(";")[0]
        log.error("metrics_not_served", reason=reason, remedy="set METRICS_ADDRESS to a free port")  # noqa: TRY400 (one line says it)
        return None
    server = PageServer(listener, cast("ASGIApplication", application))
    server.start()
    log.info("metrics_served", host=host, port=listener.getsockname()[1])
    return server
