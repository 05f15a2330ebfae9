"""A person says that this account shall be traded, by typing the id that the broker gave it.

Or the environment says so beforehand, for a process that no terminal sees: CONFIRM_LIVE with that
id, exactly. Nothing else counts as a yes.
"""

import hmac
from collections.abc import Callable

from trading.errors import OptionError
from trading.real_money.accounts import BrokerAccount


def same(typed: str, account: BrokerAccount) -> bool:
    """Whether that is the account's id, exactly."""
    return bool(account.id) and hmac.compare_digest(typed.encode(), account.id.encode())


def confirm(account: BrokerAccount, *, environment: str, ask: Callable[[str], str] | None) -> None:
    """Return when it was confirmed; OptionError when not. `environment`: CONFIRM_LIVE; `ask`: puts
    a question to a person at the terminal, None when none is there."""
    if environment:
        if same(environment, account):
            return
        raise OptionError(
            f"CONFIRM_LIVE does not name {account}; set it to that id exactly, or unset it and "
            "type the id at the terminal"
        )
    if ask is None:
        raise OptionError(
            f"--mode live trades {account}, which must be confirmed; start it on a terminal and "
            "type the id, or set CONFIRM_LIVE to it"
        )
    what = "Nobody's money" if account.test else "Real money"
    if not same(ask(f"{what}: {account}. Type its id to trade it: ").strip(), account):
        raise OptionError(f"that is not the id of {account}; nothing was started")
