"""The application as a server runs it: pages, static files, and who may open a socket."""

import logging
import warnings
from pathlib import Path

import httpx
import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings

from tradebot.asgi import application
from tradebot.logging import configure
from trading.joined import joined


@pytest.fixture
async def browser():
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_static_files_are_served_before_django_is_asked(browser, monkeypatch):
    async def asked(*_: object) -> None:
        raise AssertionError("Django was asked")

    monkeypatch.setattr(application.application_mapping["http"], "_application", asked)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        page = await browser.get("/static/unfold/css/styles.css")

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/css")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert len(page.content) == int(page.headers["content-length"])


async def test_joined_files_are_sent_before_django_is_asked(browser, monkeypatch):
    async def asked(*_: object) -> None:
        raise AssertionError("Django was asked")

    monkeypatch.setattr(application.application_mapping["http"], "_application", asked)
    script = joined("js/pages/live.js")
    page = await browser.get(script.address)
    headers = await browser.head(script.address)

    assert (page.status_code, page.content) == (200, script.body)
    assert page.headers["cache-control"] == "max-age=31536000, public, immutable"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert (headers.content, headers.headers["content-length"]) == (b"", str(len(script.body)))


async def test_a_static_file_that_the_browser_has_is_not_sent_again(browser):
    first = await browser.get("/static/js/format.js")
    again = await browser.get(
        "/static/js/format.js", headers={"If-None-Match": first.headers["etag"]}
    )
    headers = await browser.head("/static/js/format.js")

    assert first.text == (Path(settings.BASE_DIR) / "static/js/format.js").read_text()
    assert (again.status_code, again.content) == (304, b"")
    assert (headers.status_code, headers.content) == (200, b"")
    assert headers.headers["content-length"] == first.headers["content-length"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path",
    ["nothing.js", "joined/0/js/nothing.js", "../tradebot/settings.py", "%2e%2e/manage.py", ""],
)
async def test_what_is_no_static_file_is_djangos_to_refuse(browser, path):
    page = await browser.get(f"/static/{path}")

    assert page.status_code == 404


@pytest.mark.django_db(transaction=True)
async def test_pages_are_served(browser):
    page = await browser.get("/admin/login/")

    assert page.status_code == 200
    assert "content-security-policy" in page.headers


@pytest.mark.django_db(transaction=True)  # its refusal tidies up connections of earlier tests
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
