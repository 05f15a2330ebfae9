"""Which account of which broker is traded in live mode.

A broker at a loopback address is a stand-in that a test started: no money is at stake there, and it
is called the test broker wherever an account is named. An account of ours is bound to the broker's
by its first live start and never turns to another.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.conf import settings

from trading.errors import OptionError
from trading.models import Account

if TYPE_CHECKING:
    from trading.wire import Json

NAMES: Final = {"rithmic": "Rithmic", "test": "Test broker"}


@dataclass(frozen=True, kw_only=True)
class BrokerAccount:
    """`broker` is a key of NAMES, `id` the account as the broker calls it."""

    broker: str
    id: str

    @property
    def name(self) -> str:
        return NAMES.get(self.broker, self.broker)

    @property
    def test(self) -> bool:
        """Whether it is a stand-in's, with nobody's money in it."""
        return self.broker == "test"

    def __str__(self) -> str:
        return f"{self.name} account {self.id}"


def broker_account(given: str | None = None) -> BrokerAccount:
    """The account that live mode trades: `given`, else RITHMIC_ACCOUNT. OptionError without one."""
    account = given or settings.RITHMIC_ACCOUNT
    if not account:
        raise OptionError(
            "--mode live: no account at the broker is named; set RITHMIC_ACCOUNT, or give "
            "--broker-account"
        )
    broker = "test" if is_loopback(settings.RITHMIC_URL) else "rithmic"
    return BrokerAccount(broker=broker, id=account)


def of_row(account: Account) -> BrokerAccount | None:
    """What an account of ours is bound to; None for one that is not live."""
    if account.mode != "live":
        return None
    return BrokerAccount(broker=account.broker, id=account.broker_account)


def to_wire(account: Account) -> "Json | None":
    """What pages are told: whose money it is."""
    bound = of_row(account)
    if bound is None:
        return None
    return {"name": bound.name, "account": bound.id, "test": bound.test}


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine and nowhere else; False for none."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
