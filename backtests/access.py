"""Who may start and stop backtests: on the page and through the API."""

from typing import Final

from django.contrib.auth.models import User

from trading.control.requests import may
from trading.control.views import PERMISSION

OWN: Final = "backtests.add_backtest"
EITHER: Final = (OWN, PERMISSION)
"""Who steers the trading may try it on the past."""


def may_run(user: User) -> bool:
    return any(may(user, each) for each in EITHER)
