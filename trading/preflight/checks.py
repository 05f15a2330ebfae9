"""Checks side by side, each with its own time: the slowest decides how long a preflight takes.

A check that asks the database runs in the thread that calls, under the database's own limits; these
here must not, and run in threads of their own. One that does not come back is left alone: its
thread ends with the process.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

import structlog

from trading.preflight.results import Level, Result

log = structlog.get_logger(__name__)

WITHIN_S: Final = 10.0
SLOW: Final = "try again; if it stays so, find out why it does not answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`look` answers with a result or several. `blame`: what it counts as when it does not."""

    name: str
    look: Callable[[], Result | list[Result]]
    within_s: float = WITHIN_S
    blame: Level = "fail"


def side_by_side(checks: Sequence[Check]) -> "Running":
    """Begin them all; ask for the results when they are wanted."""
    return Running([(check, _begin(check.look)) for check in checks], time.monotonic())


@dataclass(frozen=True, slots=True)
class Running:
    begun: list[tuple[Check, Future[Result | list[Result]]]]
    since: float

    def results(self) -> list[Result]:
        """In the order of the checks, however they ended."""
        found: list[Result] = []
        for check, future in self.begun:
            answer = self._answer(check, future)
            found += answer if isinstance(answer, list) else [answer]
        return found

    def _answer(self, check: Check, future: Future[Result | list[Result]]) -> Result | list[Result]:
        left = self.since + check.within_s - time.monotonic()
        try:
            return future.result(timeout=max(0.0, left))
        except TimeoutError:
            text = f"no answer within {check.within_s:g} s"
            return Result(name=check.name, level=check.blame, text=text, remedy=SLOW)
        except Exception as error:
            # What the error says may be somebody else's words, secrets among them.
            log.exception("preflight_check_failed", check=check.name)
            text = f"could not be looked at: {type(error).__name__}"
            remedy = "see preflight_check_failed in the log"
            return Result(name=check.name, level=check.blame, text=text, remedy=remedy)


def _begin(
    look: Callable[[], Result | list[Result]],
) -> Future[Result | list[Result]]:
    future: Future[Result | list[Result]] = Future()

    def work() -> None:
        try:
            future.set_result(look())
        except Exception as error:  # noqa: BLE001 (said by who asks for the result)
            future.set_exception(error)

    threading.Thread(target=work, name="preflight", daemon=True).start()
    return future
