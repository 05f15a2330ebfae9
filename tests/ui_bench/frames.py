"""Frames a second while 500 bars of 40 prices are panned and zoomed."""

from typing import Any, Final

from bench.table import Row
from tests.ui_bench.goals import FREE, THROTTLED
from tests.ui_bench.page import UNBOUND, Setup, evaluated, percentile

BARS: Final = 500
# Bars in sight, in a pane of about 1,000 pixels: as many as each drawing can have.
SCENES: Final = (
    ("500 candles", 500),
    ("78 profiles", 78),
    ("20 bars of cells", 20),
    ("12 bars of numbers", 12),
)


def rows(setup: Setup) -> list[Row]:
    """Each scene panned and zoomed, at full speed and with the processor 4 times as slow."""
    found = []
    milliseconds = 700 if setup.quick else 2_500
    with setup.chromium(*UNBOUND) as browser, setup.page(browser, bars=BARS) as page:
        for throttle, goal in ((1, FREE), (4, THROTTLED)):
            for name, bars in SCENES:
                for gesture in ("pan", "zoom"):
                    page.evaluate(f"gestures.look({bars})")
                    act = f"gestures.{gesture}({milliseconds})"
                    what = f"{gesture} {name}" + (
                        f", CPU {throttle}x slower" if throttle > 1 else ""
                    )
                    found.append(row(what, evaluated(page, act, throttle=throttle), goal))
    return found


def row(what: str, moved: dict[str, Any], goal: Any) -> Row:
    times: list[float] = moved["times"]
    if moved["views"] < len(times) / 8:
        raise RuntimeError(f"{what}: the chart did not follow the gesture")
    rate = 1_000 * len(times) / sum(times)
    middle = (1_000 / percentile(times, 0.75), 1_000 / percentile(times, 0.25))
    return Row(what=what, value=rate, unit=" /s", spread=middle, goal=goal)
