"""Commands of the schedule, to several trading processes at once, and their answers.

Waiting is real time: it is about how fast processes are.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from trading.commands import expired, request_command
from trading.models import Account, Command
from trading.steering.asking import LOOK_S, answered

RUNNING_ALREADY: Final = "a session is running already"
DOES_NOT_STAY: Final = "this process serves no page"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is wanted of an account's process; `confirm`: see `request_command`."""

    account: Account
    kind: Command.Kind
    confirm: str = ""


def ask_all(wishes: Iterable[Wish], key: str, *, wait_s: float) -> list[Command]:
    """Give the commands under the turn's key, and wait so long for all answers. CommandError when a
    live start is not confirmed."""
    rows = [
        request_command(wish.account, wish.kind, reason="schedule", key=key, confirm=wish.confirm)
        for wish in wishes
    ]
    until = time.monotonic() + wait_s
    while not all(map(answered, rows)) and time.monotonic() < until:
        time.sleep(LOOK_S)
        rows = [_fresh(row) for row in rows]
    return rows


def _fresh(row: Command) -> Command:
    if answered(row):
        return row
    row.refresh_from_db(fields=["status", "result", "executed_at", "session"])
    return expired(row)


def said(row: Command) -> str:
    """The answer in words."""
    return row.result or {"pending": "nobody has taken it", "executing": "not answered yet"}.get(
        row.status, row.status
    )


def listed(answers: Mapping[str, str]) -> str:
    """What became of each account, in a line."""
    return "; ".join(f"{account}: {text}" for account, text in answers.items())
