"""The watchdog delivers notices when no trading process on this machine lives to do it."""

from collections.abc import Callable
from typing import Final, Protocol

import structlog

log = structlog.get_logger(__name__)

STOP_WITHIN_S: Final = 10.0


class Deliverer(Protocol):
    """`trading.notify.delivery.Deliverer`: a lock file keeps two from delivering at once."""

    def start(self) -> object: ...
    def stop(self, timeout: float) -> object: ...


def made() -> Deliverer:
    from trading.notify.delivery import Deliverer as Made

    return Made()


class Delivering:
    """`need` it or not, as often as you like."""

    def __init__(self, make: Callable[[], Deliverer] = made) -> None:
        self._make = make
        self._running: Deliverer | None = None

    @property
    def on(self) -> bool:
        return self._running is not None

    def need(self, needed: bool) -> None:
        if needed and self._running is None:
            self._running = self._make()
            self._running.start()
            log.info("watchdog_delivers")
        elif not needed and self._running is not None:
            self._running.stop(STOP_WITHIN_S)
            self._running = None
            log.info("watchdog_leaves_delivery")
