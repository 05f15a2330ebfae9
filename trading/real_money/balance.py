"""The account's balance is the broker's, at the first start of a trading day with nothing open.

What is not ours to know changes it between the days: interest, fees, deposits, what a person
traded. The preflight heard it. Within a day it is never changed: the day's limits count from its
beginning, and a run that goes on from its journal keeps what it began with.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from trading.models import Account, Preflight, Session, Trade


def adopt_balance(
    account: Account, preflight: Preflight, day: date, tolerance: Decimal
) -> dict[str, Any] | None:
    """Give the account the broker's balance if it is further off than `tolerance`, and say what it
    was, for the audit; None if it stays. The peak moves along: a deposit is no gain, and money that
    was taken out no drawdown."""
    theirs, ours = preflight.balance, account.balance
    if theirs is None or abs(theirs - ours) <= tolerance or not _may(account, preflight, day):
        return None
    account.balance, account.peak = theirs, max(account.peak + theirs - ours, theirs)
    account.save(update_fields=["balance", "peak"])
    return {"before": f"{ours:f}", "after": f"{theirs:f}", "preflight": preflight.pk}


def _may(account: Account, preflight: Preflight, day: date) -> bool:
    """Whether the day begins, nothing is open, and nothing of ours was closed since the broker was
    asked, so that nothing was open then either."""
    if Session.objects.filter(account=account, day=day).exists():
        return False
    trades = Trade.objects.filter(account=account)
    if trades.filter(status__in=(Trade.Status.WAITING, Trade.Status.OPEN)).exists():
        return False
    return not trades.filter(exit_ts__gte=preflight.created_at).exists()
