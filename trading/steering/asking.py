"""A command for the account's pipeline, and its answer.

At a broker a flattening is answered twice: when the order is on its way, and when the broker's own
position proves it. Who waits here waits for the proof.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from trading.brokers.closing import PROVEN
from trading.commands import OVER, announce, expired, request_command, settle
from trading.models import Account, Command

LOOK_S: Final = 0.2
DISPROVEN: Final = ("not verified", "not flat at the broker")
CLOSES: Final = (Command.Kind.FLATTEN, Command.Kind.KILL)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`heard`: whether a pipeline took the command; `ok`: whether it did what was asked, in live
    mode proven by the broker."""

    row: Command
    heard: bool
    ok: bool

    @property
    def text(self) -> str:
        return self.row.result or self.row.status


def ask(
    account: Account,
    kind: str,
    reason: str,
    *,
    wait_s: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Answer:
    """Ask, and wait so long for the answer."""
    row = request_command(account, kind, reason=reason)
    row = await_answer(row, wait_s, clock=clock, sleep=sleep)
    heard = row.status not in (Command.Status.PENDING, Command.Status.EXPIRED)
    done = row.status == Command.Status.DONE
    return Answer(row=row, heard=heard, ok=done and (not _proves(row) or PROVEN in row.result))


def await_answer(
    row: Command,
    wait_s: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Command:
    """The command as it stands once it is answered, or after so many seconds."""
    until = clock() + wait_s
    while not answered(row) and clock() < until:
        sleep(LOOK_S)
        row.refresh_from_db()
        row = expired(row)
    return row


def done_directly(row: Command, result: str) -> None:
    """The command was executed past the pipeline: no pipeline is to execute it later."""
    if settle(row, Command.Status.DONE, result):
        announce(row)


def answered(row: Command) -> bool:
    """Whether nothing more is to be said, in live mode also of the broker's proof."""
    if row.status == Command.Status.DONE and _proves(row):
        return PROVEN in row.result or any(words in row.result for words in DISPROVEN)
    return row.status in OVER


def _proves(row: Command) -> bool:
    """Whether the answer is only whole with the broker's proof: something was running there."""
    return row.account.mode == "live" and row.kind in CLOSES and row.session_id is not None
