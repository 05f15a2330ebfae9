"""Two runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from backtests.metrics import DEFINITIONS, Figures, Section, Unit, figure_text
from backtests.models import Backtest

SAID: Final = (Unit.WORDS, Unit.TABLE, Unit.DATE)
"""Figures of these units are not better or worse."""


@dataclass(frozen=True)
class Line:
    """A figure of both; `better` is "a", "b" or ""."""

    label: str
    meaning: str
    a: str
    b: str
    better: str


def side_by_side(a: Figures, b: Figures) -> list[tuple[str, Sequence[Line]]]:
    """All figures by section; the better value of each is named where one can be."""
    sections = []
    for section in Section:
        lines = [
            Line(of.label, of.text, figure_text(name, a[name]), figure_text(name, b[name]),
                 "" if of.unit in SAID else _better(of.better, a[name], b[name]))
            for name, of in DEFINITIONS.items()
            if of.section is section
        ]  # fmt: skip
        sections.append((section.value, lines))
    return sections


def _better(way: int, a: Any, b: Any) -> str:
    if not way or a is None or b is None or a == b:
        return ""
    return "a" if (a > b) == (way > 0) else "b"


def differing(a: Backtest, b: Backtest) -> list[tuple[str, str, str]]:
    """Settings in which the two differ, by dotted name."""
    one, other = _flat(a.plan["config"]), _flat(b.plan["config"])
    names = [name for name in one | other if one.get(name) != other.get(name)]
    return [(name, one.get(name, "–"), other.get(name, "–")) for name in names]


def _flat(tree: Any, above: str = "") -> dict[str, str]:
    if isinstance(tree, dict) and tree:
        return {
            name: text
            for key, each in tree.items()
            for name, text in _flat(each, f"{above}.{key}" if above else str(key)).items()
        }
    if isinstance(tree, list):
        if any(isinstance(each, dict | list) for each in tree):
            return {
                name: text
                for number, each in enumerate(tree, 1)
                for name, text in _flat(each, f"{above}.{number}").items()
            }
        return {above: ", ".join(map(str, tree)) or "none"}
    return {above: str(tree)}


def warnings(a: Backtest, b: Backtest) -> list[str]:
    """What makes a comparison say less than it seems to."""
    found = []
    if a.symbol != b.symbol:
        found.append(f"They are of different markets: {a.symbol} and {b.symbol}.")
    if a.data_digest != b.data_digest:
        found.append("They ran on different ticks: a difference may be the market's.")
    if a.fill_profile != b.fill_profile:
        found.append(f"Fills were assumed differently: {a.fill_profile} and {b.fill_profile}.")
    if a.code != b.code:
        found.append("They were run by different versions of the program.")
    return found


def shown(a: Backtest, b: Backtest) -> dict[str, Any]:
    """For the template."""
    from backtests.pages import report

    return {
        "a": a,
        "runs": (a, b),
        "b": b,
        "sections": side_by_side(report.read(a)[1], report.read(b)[1]),
        "differing": differing(a, b),
        "warnings": warnings(a, b),
    }
