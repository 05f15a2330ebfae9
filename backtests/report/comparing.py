"""The report of two runs: what was asked otherwise, what came of it, and what of the difference
chance explains. It has the parts that a report of one run has (`document`), A always before B."""

from collections.abc import Sequence
from typing import Final

from backtests.compare import Comparison, Row, Tested
from backtests.metrics import DEFINITIONS, Section, Series, Unit, figure_text, value_text
from backtests.metrics.words import NONE, count_of, signed_money_text
from backtests.outcome import Outcome
from backtests.report import tables
from backtests.report.document import Report, definitions, traced
from backtests.report.simulated import Statement, badges, statements
from trading.report.cells import Cell, Column, Table, number
from trading.report.panels import Panel, Part

ORDER: Final = {"danger": 0, "warn": 1, "plain": 2}


def comparison_report(a: Series, b: Series, found: Comparison, *, title: str = "") -> Report:
    first, second = a.outcome, b.outcome
    said = _statements(first, second, found)
    return Report(
        title=title or "Two backtests compared",
        lede=f"{_one('A', first)}; {_one('B', second)}",
        facts=[(name, traced(run)) for name, run in (("A", first), ("B", second))],
        badges=list(dict.fromkeys([*badges(first), *badges(second)])),
        statements=said,
        parts=[_verdict(found), _course(found), _figures(found), definitions()],
        code=first.code,
        level=said[0].level if said else "plain",
    )


def _one(name: str, run: Outcome) -> str:
    days = count_of(len(run.days), "day")
    return f"{name}: {run.plan.symbol}, {days}, net {signed_money_text(run.closing - run.opening)}"


def _statements(a: Outcome, b: Outcome, found: Comparison) -> list[Statement]:
    """What holds for both once, the rest of each."""
    first, second = statements(a), statements(b)
    both = [one for one in first if one in second]
    said = [
        *(Statement("warn", "Comparison", words) for words in found.warnings),
        *both,
        *(Statement(one.level, f"A: {one.name}", one.words) for one in first if one not in both),
        *(Statement(one.level, f"B: {one.name}", one.words) for one in second if one not in both),
    ]
    return sorted(said, key=lambda one: ORDER[one.level])


def _verdict(found: Comparison) -> Part:
    columns = (
        Column("What"), Column("A", True), Column("B", True), Column("B less A", True),
        Column("95 % interval", True),
        Column("p", True, "Twice the share of resampled histories in which it is gone or reversed"),
        Column("In words"),
    )  # fmt: skip
    tested = Table("Tested differences", columns, [_tested(one) for one in found.tests])
    settings = Table(
        "Settings that differ",
        (Column("Setting"), Column("A"), Column("B")),
        [
            [Cell(f"{one.symbol} {one.setting}".strip()), Cell(one.before or NONE),
             Cell(one.after or NONE)]
            for one in found.settings
        ],
    )  # fmt: skip
    panels = [Panel(id="tested", title="Tested", wide=True, note=found.method, table=tested)]
    if found.settings:
        panels.append(Panel(id="asked", title="What differs", wide=True, table=settings))
    else:
        words = "Nothing: both were asked the same."
        panels.append(Panel(id="asked", title="What differs", wide=True, note=words))
    return Part(id="verdict", title="What differs, and what chance explains", panels=panels)


def _tested(one: Tested) -> list[Cell]:
    def say(value: float | None) -> str:
        return value_text(value, one.unit)

    known = one.low is not None
    interval = f"{say(one.low)} to {say(one.high)}" if known else NONE
    return [
        Cell(one.label),
        number(value_text(one.a, one.unit)),
        number(value_text(one.b, one.unit)),
        number(say(one.difference)),
        number(interval),
        number(NONE if one.p_value is None else _p(one.p_value)),
        Cell(one.sentence, "wrap"),
    ]


def _p(value: float) -> str:
    return "under 0.001" if value < 0.001 else f"{value:.3f}"


def _course(found: Comparison) -> Part:
    panels = [
        Panel(id="balances", title="Net since the start", plot="balances", wide=True, size="high",
              note="A: the solid line. B: the dashed one."),
        Panel(id="falls", title="Drawdown by day", plot="falls", wide=True,
              note="How far each was below its highest closing balance before."),
    ]  # fmt: skip
    if found.days:
        panels.append(
            Panel(id="gap", title="B less A", plot="gap", wide=True,
                  note=f"Summed over {count_of(found.days, 'common day')}.")
        )  # fmt: skip
    return Part(id="course", title="Course of both", panels=panels)


def _figures(found: Comparison) -> Part:
    rows = {row.name: row for row in found.rows}
    panels = []
    for section in Section:
        names = [name for name, of in DEFINITIONS.items() if of.section is section]
        table = _section(section, [rows[name] for name in names])
        panels.append(Panel(id=f"all-{section.name.lower()}", title=section.value, table=table))
    note = "Of each run's own days. Better: whose figure is, whatever chance explains."
    return Part(id="figures", title="All figures", note=note, panels=panels)


def _section(section: Section, rows: Sequence[Row]) -> Table:
    columns = (
        Column("Figure"), Column("A", True), Column("B", True), Column("B less A", True),
        Column("Better"),
    )  # fmt: skip
    return Table(section.value, columns, [_row(row) for row in rows])


def _row(row: Row) -> list[Cell]:
    wide = "wrap" if DEFINITIONS[row.name].unit in (Unit.WORDS, Unit.TABLE) else "number"
    return [
        Cell(DEFINITIONS[row.name].label),
        Cell(figure_text(row.name, tables.plain_halts(row.name, row.a)), wide),
        Cell(figure_text(row.name, tables.plain_halts(row.name, row.b)), wide),
        number(row.difference_text if row.difference is not None else ""),
        Cell({1: "B", -1: "A", 0: ""}[row.better]),
    ]
