"""What a finished run's page says of it: the report's parts and plots, and the files."""

from dataclasses import replace
from typing import Any, Final

from backtests import storing
from backtests.document import document as json_document
from backtests.metrics import Figures, figures
from backtests.models import Backtest
from backtests.outcome import Outcome
from backtests.report import as_json, document, html, plots
from trading.report.panels import Part

AT_THE_END: Final = ("definitions", "settings")
LISTS: Final = "lists"
LISTED: Final = "list"
"""The report's part that lists trades, and its panel with the first of them: the page has a list
of its own, of all."""


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
    said = document(outcome, found, title=title_of(row), note=row.note)
    parts = [_without_list(part) if part.id == LISTS else part for part in said.parts]
    return {
        "report": replace(said, parts=[part for part in parts if part.id not in AT_THE_END]),
        "rest": replace(said, parts=[part for part in parts if part.id in AT_THE_END]),
        "plots": as_json(plots(outcome)),
    }


def _without_list(part: Part) -> Part:
    panels = [panel for panel in part.panels if panel.id != LISTED]
    return replace(part, title="Worst days and trades", panels=panels)


def as_html(row: Backtest) -> str:
    """The file that stands alone."""
    outcome, found = read(row)
    return html(outcome, found, title=title_of(row), note=row.note)


def as_document(row: Backtest) -> dict[str, Any]:
    """The whole run as `manage.py backtest --json` writes it."""
    outcome, found = read(row)
    return json_document(outcome, found, number=row.pk)


def file_name(row: Backtest, ending: str) -> str:
    return f"backtest-{row.pk}-{row.symbol}-{row.first}-{row.last}.{ending}"
