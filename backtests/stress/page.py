"""The report of stress tests: parts with sentences, plots and tables, and the file on disk.

The frame, its style and the drawing of plots are those of the reports of backtests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backtests.stress.chances import Json, shown
from backtests.stress.plots import NAMES, plots
from backtests.stress.sheets import TITLES, Sheet, answered, sheets
from trading.report.cells import MONEY, Cell, Column, Table
from trading.report.panels import Panel
from trading.report.standalone import standalone

BODY: Final = "backtests/stress/body.html"
_PLOTS: Final = {
    "monte_carlo": ("fan", "fan-retiered", "drawdowns", "ends"),
    "loss_streaks": ("streaks",),
    "time_of_day": ("hours",),
    "day_of_week": ("weekdays",),
    "costs": ("fees",),
    "slippage": ("slippage",),
}
_WIDE: Final = ("fan", "fan-retiered", "monte_carlo")
_HIGH: Final = (*_WIDE, "drawdowns", "ends")


@dataclass(frozen=True, slots=True)
class Part:
    """One stress test: what it says, its plots and tables."""

    id: str
    title: str
    sentences: Sequence[str]
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class StressReport:
    """What the template shows; the frame reads `title` and `code`."""

    title: str
    lede: str
    badges: Sequence[tuple[str, str, str]]
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    parts: Sequence[Part]
    code: str


def report(result: Json) -> StressReport:
    """What a result says, ready to be shown."""
    run, spec, drawn = result["run"], result["spec"], plots(result)
    number = f" of backtest {run['number']}" if run["number"] else ""
    return StressReport(
        title=f"Stress tests{number}: {run['symbol']}",
        lede=(
            f"{run['first']} to {run['last']}: {run['days']:,} days, {run['trades']:,} trades, net "
            f"{shown(run['net'])} {run['currency']} on {shown(run['opening'])}"
        ),
        badges=[("danger", "Simulated market", "No such trades took place.")]
        if run["synthetic"]
        else [],
        facts=[
            ("Paths", f"{spec['paths']:,}, seed {spec['seed']}"),
            ("Fills", run["fills"]),
            ("Configuration", run["config_digest"]),
            ("Data", run["data_digest"]),
            ("Code", run["code"]),
        ],
        notes=result["notes"],
        parts=[
            Part(part, TITLES[part], answer["sentences"], _panels(part, answer, set(drawn)))
            for part, answer in answered(result)
        ],
        code=run["code"],
    )


def html(result: Json) -> str:
    """The whole file as text, to be written as UTF-8."""
    return standalone(BODY, {"report": report(result)}, plots(result))


def _panels(part: str, answer: Json, drawn: set[str]) -> list[Panel]:
    figures = [
        Panel(
            id=f"{part}-{name}",
            title=NAMES[name],
            plot=name,
            wide=name in _WIDE,
            size="high" * (name in _HIGH),
        )
        for name in _PLOTS.get(part, ())
        if name in drawn
    ]
    tables = [
        Panel(id=f"{part}-{number}", title=sheet.title, table=_table(sheet), wide=part in _WIDE)
        for number, sheet in enumerate(sheets(part, answer))
    ]
    return [*figures, *tables]


def _table(sheet: Sheet) -> Table:
    head, *others = sheet.columns
    return Table(
        sheet.title,
        [Column(head), *(Column(name, True) for name in others)],
        [[Cell(row[0]), *(Cell(words, MONEY) for words in row[1:])] for row in sheet.rows],
    )
