"""What the operating system's signals mean to a pipeline.

SIGINT and SIGTERM stop it in order, a second one at once; a position at a broker stays under its
bracket, which works there. SIGUSR1 is the kill switch: flatten, cancel everything, halt until a
person resumes. It needs neither the database nor the page. Pulled while a session begins, or
between two of them, it holds for the next; a process that ends before there is one leaves the halt
with the account.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

import structlog

log = structlog.get_logger(__name__)

STOPS: Final = (signal.SIGINT, signal.SIGTERM)
KILLS: Final = signal.SIGUSR1
ACTOR: Final = "signal"
REASON: Final = "SIGUSR1"


class KillSwitch:
    """`aim` says who executes it, and whether it took it; until somebody does it is `pulled`."""

    def __init__(self) -> None:
        self.pulled = False
        self._target: Callable[[], bool] | None = None

    def arm(self) -> None:
        """Hear the signal from now on, before there is a loop. In the main thread only."""
        signal.signal(KILLS, lambda *_: self.pull())

    def arm_in_loop(self) -> None:
        """The same from inside the loop, which wakes for it."""
        asyncio.get_running_loop().add_signal_handler(KILLS, self.pull)

    def aim(self, target: Callable[[], bool] | None) -> None:
        self._target = target
        self._fire()

    def pull(self) -> None:
        log.critical("kill_switch", actor=ACTOR, signal=REASON)
        self.pulled = True
        self._fire()

    def _fire(self) -> None:
        if self.pulled and self._target is not None and self._target():
            self.pulled = False


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """End a process that has not begun to trade; what it has open is closed on the way."""
    sys.exit(128 + number)


def stop_on_signals(stop: asyncio.Event) -> None:
    """The first signal stops in order, a second one at once."""
    loop = asyncio.get_running_loop()

    def ask(number: signal.Signals) -> None:
        log.info("stopping", signal=number.name)
        stop.set()
        for each in STOPS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for each in STOPS:
        loop.add_signal_handler(each, ask, each)
