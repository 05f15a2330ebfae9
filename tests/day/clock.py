"""Clocks that many processes have in common, and that run faster than time passes."""

import json
import mmap
import os
import struct
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
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


FIELDS: Final = struct.Struct("<qqd")


class HeldClock:
    """One that stands until it is let go. `file` has what it showed (UTC ns) when the machine's
    monotonic clock showed what, 0 while it stands, and its speed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with file.open("r+b") as opened:
            self._fields = mmap.mmap(opened.fileno(), FIELDS.size)

    @classmethod
    def standing(cls, file: Path, at: datetime, speed: float) -> Self:
        """A new one."""
        file.write_bytes(FIELDS.pack(int(at.timestamp()) * NS, 0, speed))
        return cls(file)

    def environment(self) -> dict[str, str]:
        return {VARIABLE: str(self.file)}

    def go(self) -> None:
        start, _, speed = self._read()
        self._fields[:] = FIELDS.pack(start, time.monotonic_ns(), speed)

    @property
    def speed(self) -> float:
        return self._read()[2]

    def now_ns(self) -> int:
        start, begun, speed = self._read()
        return start + int((time.monotonic_ns() - begun) * speed) if begun else start

    def _read(self) -> tuple[int, int, float]:
        return FIELDS.unpack(self._fields[: FIELDS.size])


def of_environment() -> FastClock | HeldClock:
    """The one that this process is to go by."""
    said = os.environ[VARIABLE]
    return FastClock.of_environment() if said.startswith("{") else HeldClock(Path(said))
