"""A clock that many processes have in common, and that runs faster than time passes."""

import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Self

from engine.ticks import NS

VARIABLE: Final = "DAY_CLOCK"


@dataclass(frozen=True)
class FastClock:
    """It showed `start_ns` (UTC) when the machine's monotonic clock showed `begun_ns`."""

    start_ns: int
    begun_ns: int
    speed: float

    @classmethod
    def starting(cls, at: datetime, speed: float) -> Self:
        return cls(int(at.timestamp()) * NS, time.monotonic_ns(), speed)

    @classmethod
    def of_environment(cls) -> Self:
        return cls(**json.loads(os.environ[VARIABLE]))

    def environment(self) -> dict[str, str]:
        """What makes another process go by it (`tests.day.process`)."""
        return {VARIABLE: json.dumps(asdict(self))}

    def now_ns(self) -> int:
        passed = time.monotonic_ns() - self.begun_ns
        return self.start_ns + int(passed * self.speed)
