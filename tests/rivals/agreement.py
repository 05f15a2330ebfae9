"""Fills of the same brackets on the same random days, by our engine and by nautilus_trader.

`python -m tests.rivals.agreement` prints the counts; `make rivals` installs nautilus_trader.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rivals.process import Rivals, hand_over
from engine.config import FillRules, fill_profile
from tests.rivals.assumptions import MS, Assumptions, fills_of, merged
from tests.rivals.our_fills import Fill, trade_day
from tests.rivals.random_days import LARGEST_ORDER, random_day


@dataclass(frozen=True)
class Case:
    """`fills` are our assumptions and, but for what `theirs` switches on, nautilus_trader's."""

    name: str
    fills: FillRules
    theirs: Assumptions
    days: int
    smallest_trade: int = LARGEST_ORDER

    @property
    def rules(self) -> dict[str, Any]:
        """How nautilus_trader is told so.

        With reduce-only orders honoured it takes the size of a partial fill off an order twice, and
        the rest of the position stays open without an exit; so they are not, where trades are thin.
        """
        fills = self.fills
        return {
            "latency_ns": fills.latency_ms * MS,
            "slippage_ticks": fills.slippage_ticks,
            "fee": "2.25" if fills.fees else "0",
            "at_market": not fills.exact,
            "through": fills.target == "through",
            "quotes": self.theirs.quotes,
            "reduce_only": not self.theirs.thin,
        }


def case(name: str, profile: str, days: int, smallest: int = LARGEST_ORDER, **on: bool) -> Case:
    fills = fill_profile(profile)
    return Case(name, fills, Assumptions(fills, resting_first=True, **on), days, smallest)


CASES = (
    case("ideal", "ideal", 1_000),
    case("honest", "honest", 1_000),
    case("trades smaller than orders", "ideal", 250, 1, thin=True),
    case("bid and ask from aggressors", "ideal", 250, quotes=True),
)


@dataclass(frozen=True)
class Day:
    """Fills of a day as they were, and as the assumptions of each say they must be."""

    ours: list[Fill]
    theirs: list[Fill]
    ours_explained: list[Fill]
    theirs_explained: list[Fill]

    @property
    def differing(self) -> int:
        """How many of our fills nautilus_trader did not give."""
        return len(set(self.ours) - set(self.theirs))


def compare(rivals: Rivals, case: Case) -> list[Day]:
    """Every day of a case through both."""
    days = [random_day(seed, case.fills, case.smallest_trade) for seed in range(case.days)]
    ours = [trade_day(day) for day in days]
    asked, start = [], 0
    for day, our in zip(days, ours, strict=True):
        end = start + len(day.ticks.ts)
        asked.append(
            {"from": start, "to": end, "brackets": our.brackets, "flatten_at": day.flatten_at}
        )
        start = end
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ticks.npz"
        hand_over(path, [day.ticks for day in days])
        theirs = rivals.ask(
            "nautilus_fills:fills_of_days", path=str(path), days=asked, rules=case.rules
        )
    return [
        Day(
            merged(our.fills),
            merged(their),
            fills_of(day, our.brackets, Assumptions(case.fills)),
            fills_of(day, our.brackets, case.theirs),
        )
        for day, our, their in zip(days, ours, theirs, strict=True)
    ]


def main() -> None:
    with Rivals() as rivals:
        for case in CASES:
            days = compare(rivals, case)
            fills = sum(len(day.ours) for day in days)
            differing = sum(day.differing for day in days)
            unexplained = sum(
                day.ours != day.ours_explained or day.theirs != day.theirs_explained for day in days
            )
            print(
                f"{case.name}: {case.days:,} days, {fills:,} fills of ours, {differing:,} of them "
                f"not nautilus_trader's, {unexplained} days unexplained"
            )


if __name__ == "__main__":
    main()
