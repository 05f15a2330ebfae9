"""Places on a drawing. Amounts come in exactly and go out as whole thousandths of its width or
height, rounded for the screen alone; the table beside a drawing says its figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from marketdata.models import moment

FULL: Final = 1000
LINES: Final = 5
"""Most lines across a drawing."""
HOURS: Final = 8
"""Most times written under one."""
ROUND: Final = (1, 2, 5)
MINUTES: Final = (5, 10, 15, 30, 60, 120, 180, 240, 360)


@dataclass(frozen=True)
class Mark:
    """A line or a time: where it is, in thousandths, and what is written there."""

    at: int
    text: str

    @property
    def percent(self) -> str:
        return f"{self.at // 10}.{self.at % 10}%"


class Scale:
    """Amounts from the top (0) to the bottom (1000) of a drawing; zero is always in sight."""

    def __init__(self, values: Sequence[Decimal]) -> None:
        low, high = min([*values, Decimal(0)]), max([*values, Decimal(0)])
        self.step = step(high - low)
        self.low = (low // self.step - (1 if low % self.step else 0)) * self.step
        self.high = -((-high) // self.step - (1 if high % self.step else 0)) * self.step
        if self.high == self.low:
            self.high = self.low + self.step

    def place(self, value: Decimal) -> int:
        return int(((self.high - value) * FULL / (self.high - self.low)).to_integral_value())

    @property
    def zero(self) -> int:
        return self.place(Decimal(0))

    def lines(self) -> list[Mark]:
        count = int((self.high - self.low) / self.step)
        amounts = [self.low + self.step * number for number in range(count + 1)]
        return [Mark(self.place(amount), f"{amount:,.0f}".replace("-", "−")) for amount in amounts]


def step(span: Decimal) -> Decimal:
    """The smallest round amount that divides a span into few parts: 1, 2, 5, 10, 20 ..."""
    power = Decimal(1)
    while True:
        for times in ROUND:
            if span <= power * times * (LINES - 1):
                return power * times
        power *= 10


class Clock:
    """Times from the left (0) to the right (1000) of a drawing."""

    def __init__(self, start_ns: int, end_ns: int) -> None:
        self.start, self.end = start_ns, max(end_ns, start_ns + NS)

    def place(self, ns: int) -> int:
        inside = min(max(ns, self.start), self.end)
        return (inside - self.start) * FULL // (self.end - self.start)

    def times(self) -> list[Mark]:
        """Round times of New York, a handful."""
        minutes = (self.end - self.start) // (60 * NS)
        every = next((one for one in MINUTES if minutes <= one * HOURS), MINUTES[-1])
        first = moment(self.start).astimezone(NEW_YORK)
        midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
        at, found = midnight, []
        while (ns := nanoseconds(at)) <= self.end:
            if ns >= self.start:
                found.append(Mark(self.place(ns), f"{at.astimezone(NEW_YORK):%H:%M}"))
            at = at + timedelta(minutes=every)
        return found


def nanoseconds(at: datetime) -> int:
    return int(at.timestamp()) * NS


def line(points: Sequence[tuple[int, int]]) -> str:
    """`0,500 20,480`: what a polyline takes."""
    return " ".join(f"{x},{y}" for x, y in points)


def steps(points: Sequence[tuple[int, int]], end: int) -> str:
    """A line that keeps its height until the next point, up to `end`."""
    walked: list[tuple[int, int]] = []
    for x, y in points:
        if walked:
            walked.append((x, walked[-1][1]))
        walked.append((x, y))
    if walked:
        walked.append((end, walked[-1][1]))
    return line(walked)


WIDEST_PITCH = Decimal(10)  # percent of the plot: few trades stand together, not spread over it


@dataclass(frozen=True)
class Column:
    """A bar that stands on zero or hangs from it, in percent with a decimal."""

    x: str
    width: str
    y: str
    height: str


def columns(values: Sequence[Decimal], scale: Scale) -> list[Column]:
    """One a value, side by side from the left; the narrowest is still a line, none is a wall."""
    pitch = min(WIDEST_PITCH, Decimal(100) / max(1, len(values)))
    found = []
    for number, value in enumerate(values):
        top, bottom = sorted((scale.place(value), scale.zero))
        found.append(
            Column(
                x=f"{pitch * number + pitch / 8:.2f}%",
                width=f"{pitch * 3 / 4:.2f}%",
                y=f"{Decimal(top) / 10:.1f}%",
                height=f"{Decimal(max(bottom - top, 4)) / 10:.1f}%",
            )
        )
    return found
