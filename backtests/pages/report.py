"""What a finished run's page says of it: the report's parts and plots, and the files."""

from typing import Any

from backtests import storing
from backtests.document import document
from backtests.metrics import Figures, figures
from backtests.models import Backtest
from backtests.outcome import Outcome
from backtests.report import as_json, html, plots, report

LISTS = "lists"
"""The report's part that lists trades: the page has a list of its own, of all of them."""


def title_of(row: Backtest) -> str:
    return f"Backtest {row.pk}: {row.symbol}"


def read(row: Backtest) -> tuple[Outcome, Figures]:
    """The run with its figures: those that were stored with it, or made now if there are none (it
    failed, or was run before there were figures)."""
    outcome = storing.load(row)
    found = Figures.from_json(row.figures) if row.figures else figures(outcome)
    return outcome, found


def shown(row: Backtest) -> dict[str, Any]:
    """For the template."""
    outcome, found = read(row)
    said = report(outcome, found, title=title_of(row), note=row.note)
    return {
        "report": said,
        "before": [part for part in said.parts if part.id in ("figures", "course", "trades")],
        "after": [part for part in said.parts if part.id in ("definitions", "settings")],
        "plots": as_json(plots(outcome, found)),
    }


def as_html(row: Backtest) -> str:
    """The file that stands alone."""
    outcome, found = read(row)
    return html(outcome, found, title=title_of(row), note=row.note)


def as_document(row: Backtest) -> dict[str, Any]:
    """The whole run as `manage.py backtest --json` writes it, with its figures."""
    outcome, found = read(row)
    return document(outcome, number=row.pk) | {"figures": found.as_json()}


def file_name(row: Backtest, ending: str) -> str:
    return f"backtest-{row.pk}-{row.symbol}-{row.first}-{row.last}.{ending}"
