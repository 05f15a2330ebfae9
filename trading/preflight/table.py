"""A preflight as a table in the terminal, and as JSON."""

from collections import Counter
from typing import Final, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from trading.models import Preflight
from trading.wire import Json

MARKS: Final = {"pass": "[green]pass[/]", "warn": "[yellow]warn[/]", "fail": "[bold red]FAIL[/]"}


def document(row: Preflight) -> Json:
    """The same for programs; its fields stay."""
    return {
        "account": row.account,
        "mode": row.mode,
        "instrument": row.instrument_id,
        "day": row.day.isoformat(),
        "rules": row.rules_digest,
        "passed": row.passed,
        "stored": row.pk is not None,
        "results": row.results,
    }


def show(row: Preflight, file: TextIO) -> None:
    """Each check with its remedy, and whether trading may begin."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for result in row.results:
        text, remedy = escape(result["text"]), escape(result["remedy"])
        if remedy:
            text += f"\n[dim]-> {remedy}[/]"
        table.add_row(MARKS[result["level"]], result["name"], text)
    console = Console(file=file, highlight=False)
    console.print(table)
    verdict = "[green]passed[/]" if row.passed else "[bold red]failed[/]"
    levels = Counter(result["level"] for result in row.results)
    counts = ", ".join(f"{levels[level]} {level}" for level in MARKS if levels[level])
    console.print(f"{row.account}, trading day {row.day}: {verdict} ({counts})")
