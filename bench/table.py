"""The table: a row is a figure with what it is measured against, and how far it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich import box
from rich.table import Table

from bench.goals import Goal
from bench.timing import million_a_second, quartiles, ratios


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`value` is what the goal is compared with; where there is none, `missing` says why.

    `unit` follows the figure and the goal's limits: "" for a share of time, "x" for times as fast,
    " us", " s", " %". `rate` is in millions of ticks a second. `spread` are quartiles of `value`.
    """

    what: str
    value: float | None = None
    missing: str = ""
    unit: str = ""
    rate: float | None = None
    spread: tuple[float, float] | None = None
    goal: Goal | None = None

    @property
    def measured(self) -> str:
        """The figure as it is shown."""
        return "" if self.value is None else figure(self.value) + self.unit

    @property
    def reached(self) -> str:
        """`moonshot`, `must` or `missed`; "" where there is no goal, or nothing to compare."""
        if self.goal is None or self.value is None:
            return ""
        return self.goal.reached(self.value)

    @property
    def limits(self) -> tuple[str, str]:
        """Must and moonshot as they are shown."""
        if self.goal is None:
            return "", ""
        sign = ">=" if self.goal.at_least else "<="
        unit = self.unit.strip()
        return f"{sign} {self.goal.must:g}{unit}", f"{sign} {self.goal.moonshot:g}{unit}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "what": self.what,
            "value": self.value,
            "unit": self.unit.strip(),
            "missing": self.missing,
            "quartiles": self.spread,
            "million_ticks_a_second": self.rate,
            "must": self.goal and self.goal.must,
            "moonshot": self.goal and self.goal.moonshot,
            "reached": self.reached,
        }


def compared(
    what: str,
    times: Sequence[float],
    against: Sequence[float],
    *,
    goal: Goal | None = None,
    faster: bool = False,
    ticks: int | None = None,
) -> Row:
    """Two works that took turns: the share of time of the second that the first takes, or, with
    `faster`, how many times as fast as the second the first is. Medians of the rounds' ratios."""
    each = ratios(against, times) if faster else ratios(times, against)
    return Row(
        what=what,
        value=median(each),
        unit="x" if faster else "",
        spread=quartiles(each),
        rate=None if ticks is None else million_a_second(ticks, times),
        goal=goal,
    )


def figure(value: float) -> str:
    """Three digits, or all before the point."""
    size = abs(value)
    return f"{value:,.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"


def as_table(topics: Sequence[tuple[str, Sequence[Row]]]) -> Table:
    """All rows, a section a topic."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("what")
    for heading in ("M/s", "measured", "must", "moonshot"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("reached", no_wrap=True, min_width=len("moonshot"))
    for topic, rows in topics:
        table.add_row(topic, style="bold")
        for row in rows:
            rate = "" if row.rate is None else figure(row.rate)
            style = {"missed": "yellow", "moonshot": "green"}.get(row.reached)
            what = f"  {row.what}: {row.missing}" if row.missing else f"  {row.what}"
            table.add_row(what, rate, row.measured, *row.limits, row.reached, style=style)
        table.add_section()
    return table
