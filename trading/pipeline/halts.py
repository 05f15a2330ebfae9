"""Halts that are kept with the account while nothing of it runs, for whoever runs next."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import structlog
from django.db import Error as DatabaseError

from engine.commands import Command, HaltTrading, Kill
from engine.names import Halt
from trading.models import Account

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

PEOPLES: Final = {Halt.KILL: Kill, Halt.OPERATOR: HaltTrading}
"""Halts that people give, and the command that gives them."""


def given_meanwhile(held: Iterable[Halt], status: "Status", ts: int) -> list[Command]:
    """The commands that bring a run that goes on to the halts that its account has. `ts`: UTC ns,
    event time."""
    return [
        PEOPLES[halt](id=f"held-{halt}-{time.time_ns()}", ts=ts, reason="given while nothing ran")
        for halt in held
        if halt not in status.halts
    ]


def hold_for_next(account: str) -> None:
    """A kill came while a session began, which never did: it holds for the next, if the account
    is there and the database answers."""
    try:
        row = Account.objects.filter(name=account).first()
        if row is not None:
            halted(row.pk, Halt.KILL)
    except DatabaseError:
        log.exception("kill_not_kept", account=account)


def halted(account_id: int, why: Halt) -> list[str]:
    """Keep a halt with the account, for its next session."""
    account = Account.objects.get(pk=account_id)
    halt = str(why)
    if halt not in account.halts:
        account.halts = [*account.halts, halt]
        account.save(update_fields=["halts"])
    return list(account.halts)
