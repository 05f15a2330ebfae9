"""From the navigation to a chart that shows bars and takes input."""

from bench.goals import Goal
from bench.table import Row
from tests.browser.conftest import until
from tests.ui_bench.goals import INTERACTIVE_MS
from tests.ui_bench.page import SIZE, Setup, percentile

# Resolves in the task after the frame that shows the day's bars: the one that is being built may
# come before them, and alone is no chart.
SHOWN = """() => new Promise((resolve) => {
  const look = () => {
    const there = window.livePage?.state().synced && livePage.drawn().length > 0;
    if (!there) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  look();
})"""


def rows(setup: Setup) -> list[Row]:
    """On a market at its own pace, and on one with about 1,000 ticks a second."""
    cold, warm = opened(setup)
    with setup.market("200") as busy:
        busy_cold, busy_warm = opened(busy)
    return [
        row("page interactive, nothing cached", cold, INTERACTIVE_MS),
        row("page interactive, cached", warm, INTERACTIVE_MS),
        row("nothing cached, market 200 times as fast", busy_cold),
        row("cached, market 200 times as fast", busy_warm),
    ]


def opened(setup: Setup) -> tuple[list[float], list[float]]:
    """With nothing in the browser's cache, and again with everything in it; ms."""
    cold: list[float] = []
    warm: list[float] = []
    with setup.chromium() as browser:
        for _ in range(3 if setup.quick else 9):
            context = browser.new_context(viewport=SIZE, storage_state=setup.cookies)
            for times in (cold, warm):
                page = context.new_page()
                page.goto(f"{setup.server.url}/", wait_until="commit")
                times.append(float(page.evaluate(SHOWN)))
                until(page, "document.getElementById('feed-state').textContent !== 'Connecting'")
                page.close()
            context.close()
    return cold, warm


def row(what: str, times: list[float], goal: Goal | None = None) -> Row:
    return Row(what=what, value=percentile(times, 0.5), unit=" ms", goal=goal)
