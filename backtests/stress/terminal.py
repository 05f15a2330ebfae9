"""The answers of stress tests on a terminal: sentences first, then the tables behind them."""

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from backtests.stress.chances import Json, shown
from backtests.stress.sheets import TITLES, Sheet, answered, sheets


def show(result: Json, console: Console) -> None:
    """A whole result."""
    run = result["run"]
    number = f"run {run['number']}" if run["number"] else "a run"
    console.print(
        f"[bold]Stress of {number}[/bold]: {run['symbol']}, {run['first']} to {run['last']}, "
        f"{run['days']:,} days, {run['trades']:,} trades, net {shown(run['net'])} {run['currency']}"
    )
    for note in result["notes"]:
        console.print(f"[yellow]Note:[/yellow] {escape(note)}")
    for part, answer in answered(result):
        console.print(f"\n[bold]{TITLES[part]}[/bold]")
        for sentence in answer["sentences"]:
            console.print(Padding(escape(sentence), (0, 0, 0, 2)))
        for sheet in sheets(part, answer):
            console.print(Padding(_table(sheet), (1, 0, 0, 2)))


def _table(sheet: Sheet) -> Table:
    table = Table(box=None, pad_edge=False, title=sheet.title, title_justify="left")
    for number, name in enumerate(sheet.columns):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in sheet.rows:
        table.add_row(*map(escape, row))
    return table
