"""The application as a server runs it: pages, static files, and who may open a socket."""

import logging
import warnings

import httpx
import pytest
from asgiref.testing import ApplicationCommunicator

from tradebot.asgi import application
from tradebot.logging import configure


@pytest.fixture
async def browser():
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_static_files_are_served_without_a_warning(browser):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings(
            "ignore", message="StreamingHttpResponse must consume synchronous iterators"
        )
        page = await browser.get("/static/unfold/css/styles.css")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/css")
    assert len(page.content) == int(page.headers["content-length"])


@pytest.mark.django_db(transaction=True)
async def test_pages_are_served(browser):
    page = await browser.get("/admin/login/")

    assert page.status_code == 200
    assert "content-security-policy" in page.headers


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example", ""])
async def test_a_socket_from_a_foreign_page_is_refused(origin):
    headers = [(b"origin", origin.encode())] if origin else []
    scope = {"type": "websocket", "path": "/ws/live/", "headers": headers, "query_string": b""}
    socket = ApplicationCommunicator(application, scope)

    await socket.send_input({"type": "websocket.connect"})

    assert (await socket.receive_output())["type"] == "websocket.close"


def test_the_servers_own_log_handlers_are_taken_over():
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

    configure()

    assert logger.handlers == []
    assert logger.propagate
