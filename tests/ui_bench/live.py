"""From a frame made by the server to its picture, while 1,000 ticks a second and more come in."""

from bench.table import Row
from tests.browser.conftest import until
from tests.ui_bench.goals import PAINTED_MS
from tests.ui_bench.page import SIZE, Setup, percentile

# By the machine's one clock: `now` of each frame to the task after the paint that shows it.
WATCH = """() => {
  window.painted = [];
  window.rates = [];
  const { port1, port2 } = new MessageChannel();
  const waiting = [];
  port2.onmessage = () => {
    const now = performance.timeOrigin + performance.now();
    for (const made of waiting.splice(0)) window.painted.push(now - made);
  };
  livePage.station.onMessage("frame", ({ now, feed }) => {
    window.rates.push(feed.tps);
    requestAnimationFrame(() => { waiting.push(now); port1.postMessage(null); });
  });
}"""


def rows(setup: Setup) -> list[Row]:
    """Half of the frames are faster than the first figure, 99 of 100 than the second."""
    count = 50 if setup.quick else 300
    with setup.market("400") as busy, busy.chromium() as browser:
        context = browser.new_context(viewport=SIZE, storage_state=busy.cookies)
        page = context.new_page()
        page.goto(f"{busy.server.url}/")
        until(page, "window.livePage?.drawn().length > 20", seconds=60)
        page.wait_for_timeout(3_000)  # what joining asks for is over
        page.evaluate(WATCH)
        until(page, f"window.painted.length >= {count}", seconds=120)
        painted: list[float] = page.evaluate("window.painted")
        rates: list[float] = page.evaluate("window.rates")
        context.close()
    found = [
        Row(
            what=f"update to paint, {name}",
            value=percentile(painted, share),
            unit=" ms",
            goal=PAINTED_MS,
        )
        for name, share in (("median", 0.5), ("99 of 100", 0.99))
    ]
    return [*found, Row(what="ticks a second meanwhile", value=percentile(rates, 0.5))]
