"""A page in headless Chromium that is measured: a real server's, fed by the market in market.js."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.browser.conftest import Server, log_in, until
from tests.chromium import launched

HERE = Path(__file__).parent
SIZE = {"width": 1440, "height": 900}
# Frames as fast as they are made: at the screen's own rate, 60 would be the best there is.
UNBOUND = ("--disable-frame-rate-limit", "--disable-gpu-vsync")


@dataclass(frozen=True)
class Setup:
    """What every topic measures with. `cookies` is a logged-in browser's state."""

    playwright: Any
    server: Server
    cookies: Any
    quick: bool

    @contextmanager
    def market(self, speed: str) -> "Iterator[Setup]":
        """The same with a server of its own, whose market begins in its busy hours: `speed` times
        as fast as real time, at 200 some 600 ticks a second, at 400 more than 1,000."""
        with serving(speed) as server:
            yield replace(self, server=server, cookies=logged_in(self.playwright, server))

    @contextmanager
    def chromium(self, *more: str) -> Iterator[Any]:
        """A browser of its own: what another topic did does not count."""
        with launched(self.playwright, *more) as browser:
            yield browser

    @contextmanager
    def page(self, browser: Any, *, bars: int | None = None) -> Iterator[Any]:
        """The live page with `bars` of the market in market.js, or as the server has it."""
        context = browser.new_context(viewport=SIZE, storage_state=self.cookies)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.add_init_script(path=HERE / "gestures.js")
        if bars is not None:
            page.add_init_script(path=HERE / "market.js")
        page.goto(f"{self.server.url}/" + ("" if bars is None else f"?bench-bars={bars}"))
        until(page, f"window.livePage?.drawn().length >= {bars or 1}")
        try:
            yield page
        finally:
            context.close()
        if wrong:
            raise RuntimeError(f"the page failed {len(wrong)} times, first: {wrong[0]}")


@contextmanager
def serving(speed: str) -> Iterator[Server]:
    """The product on a simulated market, a bar a minute."""
    with tempfile.TemporaryDirectory(prefix="tradebot-bench-ui-") as folder:
        server = Server(Path(folder))
        try:
            server.prepare()
            server.start(
                "manage.py", "trade", "--feed", "simulator", "--symbol", "MES",
                "--timeframe", "60", "--speed", speed, "--serve", f"127.0.0.1:{server.port}",
            )  # fmt: skip
            yield server
        finally:
            server.stop()


def logged_in(playwright: Any, server: Server) -> Any:
    """The cookies of somebody who logged in."""
    with launched(playwright) as browser:
        context = browser.new_context()
        log_in(context.new_page(), server)
        return context.storage_state()


def evaluated(page: Any, expression: str, *, throttle: float = 1) -> Any:
    """What the page's promise gives, with the processor so many times as slow."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": throttle})
    try:
        return page.evaluate(expression)
    finally:
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        session.detach()


def percentile(values: list[float], share: float) -> float:
    """The smallest value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
