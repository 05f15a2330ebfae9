"""Other backtesters on the first simulated day (`bench.rivals` says what each is asked to do).

All make the same five-minute footprints, which must equal ours. nautilus_trader's strategy also
sends brackets, at imbalances alone; ours has patterns, regime, router and limits to do, which let
fewer brackets through. So ours runs by imbalances alone, too: that is what the goal is compared
with. They run in a Python of their own, in turns with ours, each side by its own CPU time.
"""

from bench.goals import GOALS
from bench.rivals.process import rivals_python
from bench.rivals.speed import RUNS, WITH_BRACKETS, Measured, measure
from bench.setup import Setup
from bench.table import Row, compared


def rows(setup: Setup) -> list[Row]:
    """Their share of our time: how many times as fast we are."""
    if not rivals_python().exists():
        return [Row(what=f"{name} / ours", missing="not installed") for name in RUNS]
    market = setup.market
    ticks = market.days[0]
    return as_rows(
        measure(ticks, market.config, market.schedule, setup.few(3)), count=len(ticks.ts)
    )


def as_rows(found: Measured, count: int) -> list[Row]:
    """Against ours as configured; where there are brackets, against ours with as many, too."""
    often = f"ours ({found.imbalance_trades} trades)"
    made = [
        compared(f"ours ({found.trades} trades)", found.ours, found.ours, ticks=count),
        compared(f"{often} / ours", found.imbalances, found.ours, ticks=count),
    ]
    for name, spent in found.rivals.items():
        made.append(compared(f"{name} / ours", spent, found.ours, ticks=count))
        if name == WITH_BRACKETS:
            made.append(
                compared(
                    f"the same ({found.nautilus_trades}) / {often}",
                    spent,
                    found.imbalances,
                    ticks=count,
                    goal=GOALS["against nautilus_trader"],
                )
            )
    return made
