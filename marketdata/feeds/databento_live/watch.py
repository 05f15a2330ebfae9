"""Tells when what we hear comes late: our clock, our reading, or the way here.

Each is said once when it begins and once when it is over. What the gateway's clock shows is the
estimate of `clock.py`, so a line that got slow at once shows as late ticks, and one that was slow
from the start as a clock that differs: from here the two look the same.
"""

from collections.abc import Iterator

from engine.ticks import NS
from marketdata.feeds.databento_live.access import Timing
from marketdata.feeds.databento_live.clock import GatewayClock
from marketdata.feeds.live import Notice


class Watch:
    """`look` every so often; `late` with each live trade."""

    def __init__(self, timing: Timing, clock: GatewayClock) -> None:
        self.skewed = self.lagging = self.paused = False
        self._timing = timing
        self._clock = clock
        self._lag = 0
        self._pauses = 0

    def trade(self, received: int, steady: int) -> None:
        """A trade that the gateway received then, as it happens, has arrived."""
        self._lag = self._clock.at(steady) - received

    def look(self, wall: int, steady: int, waiting: int, pauses: int) -> Iterator[Notice]:
        """What began or ended since the last look."""
        yield from self._skew(wall, self._clock.skew(wall, steady))
        yield from self._late(wall)
        yield from self._slow(wall, waiting, pauses)
        self._lag = 0

    def _skew(self, wall: int, skew: int) -> Iterator[Notice]:
        limit = int(self._timing.skew * NS)
        seconds = round(skew / NS, 3)
        if not self.skewed and abs(skew) > limit:
            self.skewed = True
            if skew < 0:
                text = f"Our clock is {-seconds:.1f} s behind Databento's: set it"
            else:
                text = (
                    f"Our clock is {seconds:.1f} s ahead of Databento's, or the line takes that "
                    "long: set it, or see to the line"
                )
            yield Notice(
                ts=wall, kind="clock", level="warning", text=text, details={"seconds": seconds}
            )
        elif self.skewed and abs(skew) < limit // 2:
            self.skewed = False
            yield Notice(
                ts=wall,
                kind="clock",
                text="Our clock agrees with Databento's again",
                details={"seconds": seconds},
            )

    def _late(self, wall: int) -> Iterator[Notice]:
        limit = int(self._timing.lag * NS)
        seconds = round(self._lag / NS, 3)
        if not self.lagging and self._lag > limit:
            self.lagging = True
            text = f"Ticks arrive {seconds:.1f} s after Databento had them: the line is slow"
            yield Notice(
                ts=wall, kind="slow", level="warning", text=text, details={"seconds": seconds}
            )
        elif self.lagging and 0 < self._lag < limit // 2:
            self.lagging = False
            yield Notice(ts=wall, kind="slow", text="Ticks arrive in time again")

    def _slow(self, wall: int, waiting: int, pauses: int) -> Iterator[Notice]:
        if pauses > self._pauses and not self.paused:
            self.paused = True
            text = f"Ticks come faster than they can be taken: {waiting:,} records wait"
            yield Notice(
                ts=wall, kind="slow_reader", level="warning", text=text,
                details={"waiting": waiting},
            )  # fmt: skip
        elif self.paused and not waiting:
            self.paused = False
            yield Notice(ts=wall, kind="slow_reader", text="All ticks that waited are taken")
        self._pauses = pauses
