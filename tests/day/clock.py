"""A clock that many processes have in common.

It stands until it is let go, then it runs faster than time passes.
"""

import mmap
import os
import struct
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from engine.ticks import NS

VARIABLE: Final = "DAY_CLOCK"
FIELDS: Final = struct.Struct("<qqd")


class FastClock:
    """`file` has what it showed (UTC ns) when the machine's monotonic clock showed what, 0 while it
    stands, and its speed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with file.open("r+b") as opened:
            self._fields = mmap.mmap(opened.fileno(), FIELDS.size)

    @classmethod
    def standing(cls, file: Path, at: datetime, speed: float) -> "FastClock":
        """A new one."""
        file.write_bytes(FIELDS.pack(int(at.timestamp()) * NS, 0, speed))
        return cls(file)

    @classmethod
    def of_environment(cls) -> "FastClock":
        return cls(Path(os.environ[VARIABLE]))

    def environment(self) -> dict[str, str]:
        """What makes another process go by it (`tests.day.process`)."""
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
