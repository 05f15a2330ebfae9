"""Other backtesters on the first simulated day (`bench.rivals` says what each is asked to do).

All make the same five-minute footprints, which must equal ours. nautilus_trader's strategy also
sends brackets, at imbalances alone; ours has patterns, regime, router and limits to do. They run
in a Python of their own, in turns with ours, each side by its own CPU time.
"""

from typing import Final

from bench.goals import GOALS
from bench.rivals.process import rivals_python
from bench.rivals.speed import RUNS, measure
from bench.setup import Setup
from bench.table import Row, compared

WITH_GOAL: Final = "nautilus_trader, footprints and brackets"


def rows(setup: Setup) -> list[Row]:
    """Their share of our time: how many times as fast we are."""
    if not rivals_python().exists():
        return [Row(what=f"{name} / ours", missing="not installed") for name in RUNS]
    market = setup.market
    ticks = market.days[0]
    count = len(ticks.ts)
    found = measure(ticks, market.config, market.schedule, setup.few(3))
    return [
        compared(f"ours ({found.trades} trades)", found.ours, found.ours, ticks=count),
        *(
            compared(
                f"{name} / ours",
                spent,
                found.ours,
                ticks=count,
                goal=GOALS["against nautilus_trader"] if name == WITH_GOAL else None,
            )
            for name, spent in found.rivals.items()
        ),
    ]
