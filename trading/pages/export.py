"""Trades as CSV: one line a trade, decimals as text, times in UTC and in New York.

A spreadsheet takes a cell that begins with =, +, - or @ for a formula and runs it. Text that does
so is written with an apostrophe before it, as spreadsheets mark text; numbers stay numbers.
"""

import csv
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Final

from django.db.models import QuerySet

from engine.instruments import instrument
from engine.text import decimals, number_text
from marketdata.calendars import NEW_YORK
from trading.models import Trade

CHUNK: Final = 500
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell_text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value


def amount_text(value: Decimal | None) -> str:
    return "" if value is None else number_text(value, 2)


def _price(value: Decimal | None, row: Trade) -> str:
    spec = instrument(row.instrument_id)
    return "" if value is None else number_text(value, decimals(spec.tick))


def _size(row: Trade) -> str:
    return number_text(instrument(row.instrument_id).lot * row.size, 0)


def utc_text(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def new_york_text(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(NEW_YORK).isoformat(" ", "milliseconds")


COLUMNS: Final[dict[str, Callable[[Trade], object]]] = {
    "trade": lambda row: cell_text(row.pk),
    "account": lambda row: cell_text(row.account.name),
    "symbol": lambda row: cell_text(row.instrument_id),
    "trading_day": lambda row: row.day.isoformat(),
    "status": lambda row: row.status,
    "direction": lambda row: row.get_direction_display(),
    "size": _size,
    "pattern": lambda row: cell_text(row.pattern),
    "regime": lambda row: cell_text(row.regime),
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
    "mae_ticks": lambda row: "" if row.mae is None else row.mae,
    "mfe_ticks": lambda row: "" if row.mfe is None else row.mfe,
    "gross": lambda row: amount_text(row.gross),
    "fees": lambda row: amount_text(row.fees),
    "net": lambda row: amount_text(row.net),
    "currency": lambda row: cell_text(row.instrument.currency),
    "balance": lambda row: amount_text(row.balance),
    "ticks": lambda row: "synthetic" if row.session.synthetic else "recorded",
}


async def csv_of(trades: QuerySet[Trade]) -> AsyncIterator[str]:
    """The lines, some hundred at a time: a list of any length needs the memory of a few."""
    page = StringIO()
    lines = csv.writer(page, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    waiting = 0
    async for row in trades.aiterator(chunk_size=CHUNK):
        lines.writerow([tell(row) for tell in COLUMNS.values()])
        waiting += 1
        if waiting == CHUNK:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
            waiting = 0
    yield page.getvalue()
