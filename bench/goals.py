"""What is to be reached, as ratios and times of one run. Nothing fails when it is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Reached = Literal["moonshot", "must", "missed"]


@dataclass(frozen=True, slots=True)
class Goal:
    """Two limits, in the unit of the figure. They are upper limits unless `at_least`."""

    must: float
    moonshot: float
    at_least: bool = False

    def reached(self, value: float) -> Reached:
        """The best of the two limits that a figure keeps."""
        if self._keeps(value, self.moonshot):
            return "moonshot"
        return "must" if self._keeps(value, self.must) else "missed"

    def _keeps(self, value: float, limit: float) -> bool:
        return value >= limit if self.at_least else value <= limit


GOALS: Final[Mapping[str, Goal]] = {
    "engine / memcpy": Goal(4, 1.5),
    "Parquet to trades / decoding": Goal(1.25, 1.05),
    "columns against Parquet": Goal(4, 10, at_least=True),
    "against nautilus_trader": Goal(500, 2_500, at_least=True),
    "against the oracle": Goal(40, 100, at_least=True),
    "push, p99, us": Goal(2, 0.5),
    "bar close, p99, us": Goal(250, 50),
    "two workers": Goal(1.7, 1.9, at_least=True),
    "memory growth, %": Goal(5, 0),
    "year / decoding": Goal(1.5, 1.1),
    "other risk": Goal(20, 100, at_least=True),
    "other patterns": Goal(4, 10, at_least=True),
    "DBN import / databento's records": Goal(2, 1),
    "import memory growth, %": Goal(25, 5),
    "first tick, kept, s": Goal(1, 0.5),
    "first tick, nothing kept, s": Goal(15, 5),
}
