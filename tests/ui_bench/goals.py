"""What the page is to reach. Nothing fails when it does not."""

from typing import Final

from bench.goals import Goal

FREE: Final = Goal(60, 120, at_least=True)
THROTTLED: Final = Goal(30, 60, at_least=True)
INTERACTIVE_MS: Final = Goal(1_000, 500)
PAINTED_MS: Final = Goal(100, 33)
GROWTH: Final = Goal(5, 1)
