"""The gateway's clock, as far as it can be known here, and how far ours is from it.

Every record says when it was sent. What arrives soonest after it was sent tells most: from it on,
our monotonic clock goes on. So the estimate is never ahead of the gateway, and behind by the time
of the fastest way here.
"""

from typing import Final

from engine.ticks import NS

WINDOW_NS: Final = 30 * NS


class GatewayClock:
    """Times in ns: `sent` by the gateway's clock, `wall` by ours, `steady` monotonic."""

    def __init__(self) -> None:
        self._best: int | None = None  # sent - steady, of the window that is over
        self._now: int | None = None  # of the one that goes on
        self._since = 0

    @property
    def known(self) -> bool:
        return self._now is not None

    def forget(self) -> None:
        """The way here is another now."""
        self._best = self._now = None

    def see(self, sent: int, steady: int) -> None:
        """A record that was sent then has arrived now."""
        if self._now is None or steady - self._since > WINDOW_NS:
            self._best, self._now, self._since = self._now, sent - steady, steady
        else:
            self._now = max(self._now, sent - steady)

    def at(self, steady: int) -> int:
        """The gateway's time, UTC ns; 0 while it is not known."""
        if self._now is None:
            return 0
        return steady + (self._now if self._best is None else max(self._now, self._best))

    def skew(self, wall: int, steady: int) -> int:
        """How far our clock is ahead (ns), the time of the way included; 0 while not known."""
        return wall - self.at(steady) if self.known else 0
