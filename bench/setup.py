"""What every topic is given."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.market import Market
from bench.table import Row


@dataclass(frozen=True, slots=True)
class Setup:
    """`cores` may be used, by number; the bench itself stays on the last of them. It is empty where
    no core can be chosen. `quick` asks for fewer rounds of what takes seconds. `year` days of
    `ticks` each are a year."""

    market: Market
    rounds: int
    quick: bool
    cores: list[int]
    year: int
    ticks: int

    def few(self, most: int) -> int:
        """Rounds of something slow."""
        return min(self.rounds, 1 if self.quick else most)


Topic = Callable[[Setup], list[Row]]
