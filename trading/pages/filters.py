"""What a list of trades is narrowed to (`trading.pages.address`)."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from engine.names import ExitReason, Pattern, Regime
from trading.models import Trade
from trading.pages.address import Wanted, read

DIRECTIONS: Final = {"long": 1, "short": -1}
RESULTS: Final = {"won": Q(net__gt=0), "lost": Q(net__lt=0)}
SORTS: Final[dict[str, Any]] = {
    "entry": F("entry_ns"),
    "account": F("account__name"),
    "symbol": F("instrument_id"),
    "size": F("size"),
    "pattern": F("pattern"),
    "regime": F("regime"),
    "exit": F("exit_reason"),
    "held": F("exit_ns") - F("entry_ns"),
    "mae": F("mae"),
    "mfe": F("mfe"),
    "fees": F("fees"),
    "net": F("net"),
}
NEWEST: Final = "-entry"
CHOICES: Final = {
    "pattern": tuple(one.name for one in Pattern),
    "regime": tuple(one.name for one in Regime),
    "exit": tuple(one.value for one in ExitReason),
    "direction": tuple(DIRECTIONS),
    "result": tuple(RESULTS),
}
NAMES: Final = (
    "account",
    "symbol",
    "from",
    "to",
    "pattern",
    "regime",
    "direction",
    "exit",
    "result",
)


class TradeFilter(Wanted):
    """Which trades, in which order."""

    def apply(self, trades: QuerySet[Trade]) -> QuerySet[Trade]:
        """Only what passes, in order; nothing while there are problems."""
        if self.problems:
            return trades.none()
        values = self.values
        exact = {
            "account__name": values.get("account"),
            "instrument_id": values.get("symbol"),
            "pattern": values.get("pattern"),
            "regime": values.get("regime"),
            "exit_reason": values.get("exit"),
            "direction": DIRECTIONS.get(values.get("direction", "")),
            "day__gte": self.first,
            "day__lte": self.last,
        }
        trades = trades.filter(**{name: value for name, value in exact.items() if value})
        if "result" in values:
            trades = trades.filter(RESULTS[values["result"]])
        return trades.order_by(*self.order(SORTS, "-ordered_ns", "-id"))


def trade_filter(asked: Mapping[str, str]) -> TradeFilter:
    """What an address asks for."""
    return read(TradeFilter, asked, names=NAMES, choices=CHOICES, sorts=SORTS, usual=NEWEST)
