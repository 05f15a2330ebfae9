"""Signs of life of what runs beside the trading process."""

import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from trading.watchdog.beside import pages_error, silent_for


def touched(data: Path, name: str, seconds_ago: float) -> None:
    path = data / "alive" / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    at = time.time() - seconds_ago
    os.utime(path, (at, at))


def test_each_file_says_how_long_its_process_was_silent(tmp_path: Path) -> None:
    touched(tmp_path, "worker-desk", 200)
    touched(tmp_path, "beat-desk", 0)
    found = silent_for(tmp_path)
    assert timedelta(seconds=200) <= found["worker-desk"] < timedelta(seconds=260)
    assert found["beat-desk"] < timedelta(seconds=60)


def test_who_was_not_heard_for_a_day_is_forgotten_and_nobody_is_no_error(tmp_path: Path) -> None:
    assert silent_for(tmp_path) == {}
    touched(tmp_path, "worker-gone", 86_401)
    assert silent_for(tmp_path) == {}


@pytest.fixture
def pages() -> Iterator[tuple[str, list[int]]]:
    """A server, and the status that it answers with."""
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/health/", status
        server.shutdown()


def test_pages_that_answer_are_well_and_an_error_or_silence_is_said(
    pages: tuple[str, list[int]], settings: Any
) -> None:
    settings.WATCH_PAGES, status = pages
    assert pages_error() == ""
    status[0] = 404  # who answers that lives too
    assert pages_error() == ""
    status[0] = 503
    assert pages_error() == "they answer 503"
    settings.WATCH_PAGES = "http://127.0.0.1:9/health/"
    assert "refused" in pages_error()


def test_pages_are_not_asked_unless_somebody_says_where_they_are(
    settings: Any,
) -> None:
    settings.WATCH_PAGES = ""
    assert pages_error() == ""
