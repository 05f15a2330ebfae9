"""The page's heap over a trading day of 8 hours, as fast as the page can take it.

It begins with as many bars as the page keeps, so that what grows is not the day itself.
"""

from typing import Any

from bench.table import Row
from tests.ui_bench.goals import GROWTH
from tests.ui_bench.page import UNBOUND, Setup

HELD = 1500  # MAX_BARS of static/js/store.js
HOURS = 8
BARS_AN_HOUR = 60


def rows(setup: Setup) -> list[Row]:
    """Heap after each hour's garbage is collected: the last against the first."""
    frames, at_once = (20, 10) if setup.quick else (300, 20)
    with setup.chromium(*UNBOUND) as browser, setup.page(browser, bars=HELD) as page:
        session = page.context.new_cdp_session(page)
        heaps, nodes = [], []
        sent = 0
        for _ in range(HOURS + 1):
            sent += page.evaluate(f"bench.run({BARS_AN_HOUR}, {frames}, {at_once})")
            heap, count = kept(session)
            heaps.append(heap)
            nodes.append(count)
    growth = 100 * (heaps[-1] - heaps[0]) / heaps[0]
    return [
        Row(
            what=f"heap, {HOURS} h and {sent:,} frames",
            value=growth,
            unit=" %",
            goal=GROWTH,
        ),
        Row(what="heap after an hour", value=heaps[0] / 2**20, unit=" MB"),
        Row(what=f"heap after {HOURS + 1} hours", value=heaps[-1] / 2**20, unit=" MB"),
        Row(what="more elements in the page", value=nodes[-1] - nodes[0]),
    ]


def kept(session: Any) -> tuple[float, float]:
    """Bytes of the heap and elements that are still in use."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    return float(heap), float(session.send("Memory.getDOMCounters")["nodes"])
