"""What a list of trades is narrowed to: read from an address, and written back into one.

    /trades/?account=paper-MES&from=2024-06-03&result=won&sort=-net&page=2

A value that cannot be understood is a problem in words. It is never dropped in silence: an export
of more than was asked for looks just like the right one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import OrderBy

from engine.names import ExitReason, Pattern, Regime
from trading.models import Trade

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


@dataclass(frozen=True, kw_only=True)
class TradeFilter:
    """`values` are the narrowing ones as they were given, without empty ones."""

    values: Mapping[str, str] = field(default_factory=dict)
    first: date | None = None
    last: date | None = None
    sort: str = NEWEST
    page: int = 1
    problems: tuple[str, ...] = ()

    def query(self, **changed: str | int) -> str:
        """The part of an address behind the question mark. A change begins at page 1."""
        said: dict[str, str | int] = dict(self.values)
        if self.sort != NEWEST:
            said["sort"] = self.sort
        said |= changed
        if said.get("sort") == NEWEST:
            del said["sort"]
        if said.get("page") == 1:
            del said["page"]
        return urlencode(said)

    def sorted_by(self, name: str) -> str:
        """The address's query that sorts by a column; by the present one, the other way round."""
        if self.sort.lstrip("-") == name:
            return self.query(sort=name if self.sort.startswith("-") else f"-{name}")
        return self.query(sort=f"-{name}")

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
        return trades.order_by(*self._order())

    def _order(self) -> tuple[OrderBy | str, ...]:
        """Ends with the id: pages must neither repeat nor skip a row."""
        by = SORTS[self.sort.lstrip("-")]
        if self.sort.startswith("-"):
            return by.desc(nulls_last=True), "-ordered_ns", "-id"
        return by.asc(nulls_last=True), "-ordered_ns", "-id"


def trade_filter(asked: Mapping[str, str]) -> TradeFilter:
    """What an address asks for."""
    values = {name: asked[name].strip() for name in NAMES if asked.get(name, "").strip()}
    problems: list[str] = []
    for name, allowed in CHOICES.items():
        if name in values and values[name] not in allowed:
            problems.append(f"{name}: “{values[name]}” is none of {', '.join(allowed)}.")
    days: dict[str, date | None] = {}
    for name in ("from", "to"):
        days[name], problem = read_day(name, values.get(name, ""))
        problems += [problem] if problem else []
    first, last = days["from"], days["to"]
    if first and last and first > last:
        problems.append(f"from {first} is after to {last}; exchange them.")
    sort = asked.get("sort") or NEWEST
    if sort.removeprefix("-") not in SORTS:
        problems.append(f"sort: “{sort}” is none of {', '.join(SORTS)} (with - for descending).")
        sort = NEWEST
    page = asked.get("page") or "1"
    if not page.isdecimal() or len(page) > 9 or int(page) < 1:
        problems.append(f"page: “{page}” is no page number; they begin with 1.")
        page = "1"
    return TradeFilter(
        values=values, first=first, last=last, sort=sort, page=int(page), problems=tuple(problems)
    )


def read_day(name: str, text: str) -> tuple[date | None, str]:
    """A day as YYYY-MM-DD, and what is wrong with it."""
    if not text:
        return None, ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, f"{name}: “{text}” is no day; write it like 2024-06-12."
