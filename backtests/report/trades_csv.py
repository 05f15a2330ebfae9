"""All trades of a run as CSV: amounts and prices exact, times in UTC and New York. Names that a
spreadsheet would take for a formula are marked as text (`trading.pages.export` says why)."""

import csv
from base64 import b64encode
from io import StringIO
from typing import Final

from backtests.outcome import Outcome, TradeDone
from engine.instruments import Instrument
from engine.money import UNITS
from engine.names import Pattern, Regime
from engine.text import average_text, number_text, price_text, units_text
from trading.pages.export import FORMULA
from trading.report.times import both

PATTERNS: Final = [pattern.name for pattern in Pattern]
REGIMES: Final = [regime.name for regime in Regime]
COLUMNS: Final = (
    "trade", "symbol", "trading_day", "direction", "size", "pattern", "regime", "tier", "entry_utc",
    "entry_new_york", "entry_price", "exit_utc", "exit_new_york", "exit_price", "exit_reason",
    "stop", "target", "last_stop", "mae_ticks", "mfe_ticks", "gross", "fees", "slippage", "net",
    "currency", "balance_before", "balance", "ticks",
)  # fmt: skip


def trades_csv(outcome: Outcome) -> str:
    written = StringIO()
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    prices: dict[str, _Prices] = {}
    for day in outcome.days:
        source = "synthetic" if day.synthetic else "recorded"
        for done in day.trades:
            symbol = done.trade.symbol
            its = prices.get(symbol) or prices.setdefault(symbol, _Prices(done.instrument))
            rows.writerow([*_row(done, its), source])
    return written.getvalue()


def as_link(content: str) -> str:
    """An address that holds the file itself."""
    return "data:text/csv;charset=utf-8;base64," + b64encode(content.encode("utf-8")).decode()


class _Prices:
    """An instrument's prices as texts, each made once."""

    def __init__(self, spec: Instrument) -> None:
        self.spec = spec
        self._known: dict[int, str] = {}

    def at(self, ticks: int) -> str:
        text = self._known.get(ticks)
        if text is None:
            text = self._known[ticks] = price_text(ticks, self.spec)
        return text

    def average(self, notional: int, size: int) -> str:
        ticks, rest = divmod(notional, size)
        return average_text(notional, size, self.spec) if rest else self.at(ticks)


def _row(done: TradeDone, prices: _Prices) -> list[object]:
    trade, spec = done.trade, prices.spec
    entry_utc, entry_local = both(trade.entry_ts)
    exit_utc, exit_local = both(trade.exit_ts)
    return [
        _text(trade.id),
        trade.symbol,
        done.day.isoformat(),
        "long" if trade.direction > 0 else "short",
        number_text(spec.lot * trade.size, 0),
        PATTERNS[trade.pattern],
        REGIMES[trade.regime],
        _text(done.tier),
        entry_utc,
        entry_local,
        prices.average(trade.entry_notional, trade.size),
        exit_utc,
        exit_local,
        prices.average(trade.exit_notional, trade.size),
        trade.exit_reason,
        prices.at(trade.stop),
        prices.at(trade.target),
        prices.at(trade.last_stop),
        trade.mae,
        trade.mfe,
        _money(trade.pnl_gross),
        _money(trade.fees),
        _money(done.slippage),
        _money(done.net),
        spec.currency,
        _money(done.balance_before),
        _money(trade.balance),
    ]


def _money(units: int) -> str:
    """As `units_text`, at once for whole cents."""
    cents, rest = divmod(abs(units), UNITS // 100)
    if rest:
        return units_text(units)
    return f"{'-' if units < 0 else ''}{cents // 100}.{cents % 100:02d}"


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value
