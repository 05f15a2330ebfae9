"""A running tradebot and a browser that looks at it.

The server is the product itself (`manage.py trade`, simulator) in a process and folder of its own.
What goes wrong in real life is done to the socket on its way to the page (`Wire`).

Playwright keeps an event loop running in its thread, and Django forbids database access beside one:
its fixtures end with the module, and tests here read the server's database with sqlite3.
"""

import atexit
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import CHROMIUM, MISSING, launched

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts"
USER, PASSWORD = "trader", "only for the browser tests"
WAIT_S = 60.0  # a condition costs what it takes; this bounds a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, and let them come first: their files take longest, and a worker that began the
    last of them at the end would be alone with it."""
    items.sort(key=lambda item: Path(__file__).parent not in item.path.parents)
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker("browser")
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason=MISSING))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """One product process. `link` is the one-time login it printed."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    link: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        ours = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {
            "DATA_DIR": str(self.folder),
            "ENV_FILE": "",
            "LOG_LEVEL": "WARNING",
            "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        }

    def manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True)

    def prepare(self) -> None:
        """Tables, and a user who may do everything."""
        shutil.copytree(prepared(), self.folder, dirs_exist_ok=True)

    def start(self, *words: str) -> None:
        log = self.folder / "server.log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        # The first start on a machine compiles the engine.
        wait_until(lambda: self._answers(log), "the server answers", seconds=240)
        found = re.search(r"http://\S+/login/once/\S+", log.read_text())
        self.link = found.group(0) if found else ""

    def _answers(self, log: Path) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, log.read_text()
        # A pipeline listens long before it serves: probes that nobody takes would fill its queue.
        if "trade" in self.process.args and "Ctrl-C" not in log.read_text():
            return False
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def bar_starts(self) -> list[int]:
        """Milliseconds at which the stored bars start."""
        with sqlite3.connect(f"file:{self.folder / 'tradebot.sqlite3'}?mode=ro", uri=True) as rows:
            found = rows.execute("select start_ns from marketdata_bar order by start_ns")
            return [start // 1_000_000 for (start,) in found]


@cache
def prepared() -> Path:
    """A data folder that every server begins with, made once."""
    holder = tempfile.TemporaryDirectory(prefix="tradebot-prepared-")
    atexit.register(holder.cleanup)
    first = Server(Path(holder.name))
    first.manage("migrate", "--verbosity", "0")
    first.manage("createsuperuser", "--noinput", "--username", USER, "--email", "a@example.com")
    return first.folder


def wait_until(done: Callable[[], bool], what: str, *, seconds: float = WAIT_S) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.05)


def rows(server: Server, query: str) -> list[Any]:
    path: Path = server.folder / "tradebot.sqlite3"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def until(page: Any, expression: str, *, seconds: float = WAIT_S) -> None:
    """Wait for a condition. (`wait_for_function` needs the eval that our policy forbids.)"""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {expression}"
        page.wait_for_timeout(50)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The product on a simulated market, a bar a second."""
    one = Server(tmp_path_factory.mktemp("live"))
    one.prepare()
    serve = f"127.0.0.1:{one.port}"
    try:
        one.start(
            "manage.py", "trade", "--feed", "simulator", "--symbol", "MES", "--serve", serve,
            "--timeframe", "60", "--speed", "60",
        )  # fmt: skip
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="module")
def idle_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The pages alone: no pipeline ever ran."""
    one = Server(tmp_path_factory.mktemp("idle"))
    one.prepare()
    try:
        one.start("-m", "uvicorn", "tradebot.asgi:application", "--port", str(one.port))
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright, launched(playwright) as chromium:
        yield chromium


Tamper = Callable[[dict[str, Any]], dict[str, Any] | None]


class Wire:
    """The socket between a page and its server. `tamper` changes, or with None loses, a message."""

    def __init__(self, page: Any, tamper: Tamper | None) -> None:
        self.tamper = tamper
        self.asked: list[dict[str, Any]] = []
        self.down = False
        self.deaf = False  # what the page asks does not reach the server
        self._sockets: list[Any] = []
        page.route_web_socket(re.compile(r"/ws/live/(\?.*)?$"), self._route)

    def _route(self, client: Any) -> None:
        if self.down:
            client.close(code=1012)
            return
        server = client.connect_to_server()
        self._sockets.append((client, server))

        def forward(text: str) -> None:
            if self.tamper is None:
                client.send(text)
                return
            message = self.tamper(json.loads(text))
            if message is not None:
                client.send(json.dumps(message))

        def ask(text: str) -> None:
            self.asked.append(json.loads(text))
            if not self.deaf:
                server.send(text)

        client.on_message(ask)
        server.on_message(forward)

    def drop(self, *, down: bool = False) -> None:
        """Cut every connection; with `down` new ones are cut too."""
        self.down = down
        for client, server in self._sockets:
            server.close()
            client.close(code=1012)
        self._sockets.clear()


class Watch:
    """What a page should never do, collected while it does it."""

    def __init__(self, page: Any, origin: str) -> None:
        self.wrong: list[str] = []
        self.expected: list[str] = []  # words of what this test brings about
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("request", lambda request: self._request(request.url, origin))

    def _console(self, message: Any) -> None:
        if any(words in message.text for words in self.expected):
            return
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _request(self, url: str, origin: str) -> None:
        if not url.startswith((origin, "data:", "blob:")):
            self.wrong.append(f"request to elsewhere: {url}")


@pytest.fixture(scope="module")
def cookies(browser: Any, server: Server) -> Any:
    context = browser.new_context()
    log_in(context.new_page(), server)
    state = context.storage_state()
    context.close()
    return state


def log_in(page: Any, server: Server) -> None:
    page.goto(f"{server.url}/")
    page.fill("#id_username", USER)
    page.fill("#id_password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{server.url}/")


@dataclass
class Look:
    """A page that shows the live market."""

    page: Any
    server: Server
    watch: "Watch"
    opened_wire: Wire | None = None

    @property
    def wire(self) -> Wire:
        assert self.opened_wire is not None, "open the page with look(wire=True)"
        return self.opened_wire

    def state(self, path: str) -> Any:
        return self.page.evaluate(f"livePage.state().{path}")

    def until(self, expression: str, *, seconds: float = WAIT_S) -> None:
        until(self.page, expression, seconds=seconds)

    def press_until(self, key: str, expression: str) -> None:
        """Press a key as often as it takes, as a person does, but not more than 30 times."""
        for _ in range(30):
            if self.page.evaluate(expression):
                return
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(100)
        self.until(expression)

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def bars(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate(
            "livePage.state().bars.map(({t, i}) => ({t, i}))"
        )
        return found

    def shoot(self, name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@pytest.fixture
def look(browser: Any, server: Server, cookies: Any) -> Iterator[Callable[..., Look]]:
    """`look(width=..., height=..., path="/")` opens the page and waits until it shows bars.

    Whatever the test does, the page must not complain and must load nothing from elsewhere. With
    `wire=True`, or something to `tamper` with, its socket is in the test's hands: that takes each
    message through this process, and a page a second longer to open.
    """
    opened: list[tuple[Any, Watch]] = []

    def open_page(
        width: int = 1440,
        height: int = 900,
        *,
        path: str = "/",
        wire: bool = False,
        tamper: Tamper | None = None,
        **options: Any,
    ) -> Look:
        context = browser.new_context(
            viewport={"width": width, "height": height}, storage_state=cookies, **options
        )
        page = context.new_page()
        watch = Watch(page, server.url)
        opened.append((context, watch))
        held = Wire(page, tamper) if wire or tamper else None
        page.goto(server.url + path)
        until(page, "window.livePage?.drawn().length > 20")
        return Look(page, server, watch, held)

    yield open_page
    for context, _ in opened:
        context.close()
    assert [wrong for _, watch in opened for wrong in watch.wrong] == []
