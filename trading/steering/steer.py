"""One command from the command line, from the question to the exit code.

Exit codes: 0 done (in live mode: proven by the broker), 1 refused, or not proven, 3 nobody
answered: a halt and a kill are kept then and executed as soon as a pipeline trades the account.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.db import Error as DatabaseError

from trading.brokers.adapter import Adapter
from trading.brokers.closing import close_everything
from trading.errors import OptionError, TradingError
from trading.models import Account, Command
from trading.real_money.accounts import BrokerAccount, broker_account, of_row
from trading.selectors import current_session
from trading.steering import asking, direct

DONE: Final = 0
FAILED: Final = 1
UNHEARD: Final = 3

Say = Callable[[str], None]
Connect = Callable[[BrokerAccount], Adapter]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for. `account` "": the one that was traded last."""

    kind: str
    account: str = ""
    reason: str = ""
    wait_s: float = 15.0
    direct: bool = False
    actor: str = "command line"


def steer(wish: Wish, *, connect: Connect, say: Say, sure: Callable[[str], bool]) -> int:
    """Ask the pipeline; if nobody answers and it was asked for, close everything directly. `sure`
    asks a person. The exit code."""
    if wish.direct and wish.kind not in asking.CLOSES:
        raise OptionError(f"--direct is for flatten and kill; {wish.kind} is the pipeline's")
    try:
        account: Account | None = _account(wish.account)
    except DatabaseError:
        if not wish.direct:
            raise
        account = None
    row = None
    if account is not None:
        try:
            said = asking.ask(account, wish.kind, _reason(wish), wait_s=wish.wait_s)
        except DatabaseError:
            if not wish.direct:
                raise
        else:
            if said.heard and (said.ok or not wish.direct):
                say(f"{account}: {said.text}")
                return DONE if said.ok else FAILED
            row = said.row
            say(f"{account}: {said.text if said.heard else _unheard(wish)}")
    else:
        say("The database does not answer: no pipeline can be asked.")
    if not wish.direct:
        return UNHEARD
    return _directly(wish, account, row, connect, say, sure)


def _directly(
    wish: Wish,
    account: Account | None,
    row: Command | None,
    connect: Connect,
    say: Say,
    sure: Callable[[str], bool],
) -> int:
    bound = of_row(account) if account is not None else broker_account()
    if bound is None:
        raise OptionError(f"--direct: account {account} is for paper; nothing of it is at a broker")
    if not sure(f"Take back every order and close every position of {bound}, whoever made it?"):
        say("Nothing was done.")
        return FAILED
    try:
        result, code = asyncio.run(close_everything(connect(bound))), DONE
    except TradingError as error:
        result, code = f"FAILED: {error}; close it at the broker", FAILED
    say(f"{bound}: {result}")
    missing = ["the kill halt and the audit event: no database"]
    if account is not None:
        missing = direct.kept(account, wish.actor, wish.reason, result)
        if row is not None and code == DONE:
            asking.done_directly(row, result)
    for what in missing:
        say(f"Not kept: {what}.")
    return code


def _account(name: str) -> Account:
    if name:
        found = Account.objects.filter(name=name).first()
        if found is None:
            raise OptionError(f"--account {name!r}: there is no such account")
        return found
    session = current_session()
    if session is None:
        raise OptionError("nothing has been traded yet: there is no account to steer")
    return session.account


def _reason(wish: Wish) -> str:
    return f"{wish.reason} ({wish.actor})" if wish.reason else wish.actor


def _unheard(wish: Wish) -> str:
    text = f"no trading process answered within {wish.wait_s:g} s"
    if wish.kind in (Command.Kind.HALT, Command.Kind.KILL):
        text += "; it is executed as soon as one trades this account"
    if wish.kind in asking.CLOSES and not wish.direct:
        text += "; with --direct everything is closed at the broker without one"
    return text
