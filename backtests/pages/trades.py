"""A run's trades: what an address narrows them to, what they sum up to, and as CSV."""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any, Final, cast

from django.db.models import F, QuerySet

from backtests.models import Backtest, BacktestTrade
from engine.instruments import instrument
from engine.text import decimals, number_text
from trading.models import Session
from trading.pages.address import Wanted, read
from trading.pages.export import CHUNK, amount_text, cell_text, new_york_text, utc_text
from trading.pages.filters import CHOICES, DIRECTIONS, RESULTS
from trading.recap.figures import Figures, figures

NAMES: Final = ("from", "to", "pattern", "regime", "direction", "exit", "result", "tier")
SORTS: Final[dict[str, Any]] = {
    "entry": F("entry_ns"),
    "symbol": F("symbol"),
    "pattern": F("pattern"),
    "regime": F("regime"),
    "exit": F("exit_reason"),
    "held": F("exit_ns") - F("entry_ns"),
    "mae": F("mae"),
    "mfe": F("mfe"),
    "slippage": F("slippage"),
    "fees": F("fees"),
    "net": F("net"),
    "balance": F("balance"),
}
FIRST: Final = "entry"


class RunTradeFilter(Wanted):
    """Which trades of a run, in which order."""

    def apply(self, trades: QuerySet[BacktestTrade]) -> QuerySet[BacktestTrade]:
        """Only what passes, in order; nothing while there are problems."""
        if self.problems:
            return trades.none()
        values = self.values
        exact = {
            "pattern": values.get("pattern"),
            "regime": values.get("regime"),
            "exit_reason": values.get("exit"),
            "tier": values.get("tier"),
            "direction": DIRECTIONS.get(values.get("direction", "")),
            "day__gte": self.first,
            "day__lte": self.last,
        }
        trades = trades.filter(**{name: value for name, value in exact.items() if value})
        if "result" in values:
            trades = trades.filter(RESULTS[values["result"]])
        return trades.order_by(*self.order(SORTS, "entry_ns", "id"))


def trade_filter(asked: Mapping[str, str]) -> RunTradeFilter:
    """What an address asks for."""
    return read(RunTradeFilter, asked, names=NAMES, choices=CHOICES, sorts=SORTS, usual=FIRST)


def totals(trades: QuerySet[BacktestTrade]) -> Figures:
    rows = trades.order_by("exit_ns", "id").values_list("gross", "fees", "net")
    return figures(cast("list[tuple[Decimal, Decimal, Decimal]]", list(rows)))


def tiers_of(row: Backtest) -> list[str]:
    """The tiers that its trades were made in, lowest balance first."""
    found = set(row.trades.order_by().values_list("tier", flat=True).distinct())
    ladder = [tier["name"] for tier in row.plan["config"]["risk"]["tiers"]]
    return [name for name in ladder if name in found] + sorted(found.difference(ladder))


def sessions_on(symbol: str, days: set[date]) -> dict[date, int]:
    """The newest session of the symbol on each of the days that can be replayed, by day: the same
    market, to be looked at bar by bar."""
    rows = Session.objects.filter(instrument_id=symbol, day__in=days, last_tick_ns__gt=0)
    return dict(rows.order_by("updated_at").values_list("day", "pk"))


# CSV


def _price(value: Decimal, row: BacktestTrade) -> str:
    return number_text(value, decimals(instrument(row.symbol).tick))


COLUMNS: Final[dict[str, Callable[[BacktestTrade], object]]] = {
    "trade": lambda row: cell_text(row.name),
    "symbol": lambda row: cell_text(row.symbol),
    "trading_day": lambda row: row.day.isoformat(),
    "direction": lambda row: row.get_direction_display(),
    "size": lambda row: number_text(instrument(row.symbol).lot * row.size, 0),
    "pattern": lambda row: cell_text(row.pattern),
    "regime": lambda row: cell_text(row.regime),
    "tier": lambda row: cell_text(row.tier),
    "entry_utc": lambda row: utc_text(row.entry_ts),
    "entry_new_york": lambda row: new_york_text(row.entry_ts),
    "entry_price": lambda row: _price(row.entry_price, row),
    "exit_utc": lambda row: utc_text(row.exit_ts),
    "exit_new_york": lambda row: new_york_text(row.exit_ts),
    "exit_price": lambda row: _price(row.exit_price, row),
    "exit_reason": lambda row: cell_text(row.exit_reason),
    "stop": lambda row: _price(row.stop, row),
    "target": lambda row: _price(row.target, row),
    "last_stop": lambda row: _price(row.last_stop, row),
    "mae_ticks": lambda row: row.mae,
    "mfe_ticks": lambda row: row.mfe,
    "gross": lambda row: amount_text(row.gross),
    "fees": lambda row: amount_text(row.fees),
    "slippage": lambda row: amount_text(row.slippage),
    "net": lambda row: amount_text(row.net),
    "currency": lambda row: cell_text(instrument(row.symbol).currency),
    "balance_before": lambda row: amount_text(row.balance_before),
    "balance": lambda row: amount_text(row.balance),
}


def csv_of(trades: QuerySet[BacktestTrade]) -> Iterator[str]:
    """The lines, some hundred at a time."""
    page = StringIO()
    lines = csv.writer(page, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for number, row in enumerate(trades.iterator(chunk_size=CHUNK), 1):
        lines.writerow([tell(row) for tell in COLUMNS.values()])
        if number % CHUNK == 0:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
    yield page.getvalue()
