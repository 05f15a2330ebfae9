"""Tables as texts that are ready to show: cells with the class that they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

from django.utils.safestring import SafeString, mark_safe

MONEY: Final = "number"
STEPS: Final = 3
"""Of a heat map, to either side."""


class Cell(NamedTuple):
    words: str
    kind: str = ""  # classes


class Column(NamedTuple):
    label: str
    number: bool = False
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    heat: bool = False

    def body(self) -> SafeString:
        """The rows as HTML, every text escaped: a template takes ten times as long for them."""
        lines = []
        for head, *cells in self.rows:
            written = "".join(
                f'<td class="{kind}">{escape(words)}</td>' if kind else f"<td>{escape(words)}</td>"
                for words, kind in cells
            )
            lines.append(f'<tr><th scope="row">{escape(head.words)}</th>{written}</tr>')
        return mark_safe("\n".join(lines))  # noqa: S308 - escaped above # nosec B703


def number(words: str) -> Cell:
    return Cell(words, MONEY)


def named(name: str) -> str:
    """`BUY_IMBALANCE` -> `Buy imbalance`"""
    return name.replace("_", " ").capitalize()


def heat(value: float, most: float) -> str:
    """The class of a value's step, up to the largest of all: `heat-p3`, `heat-n1`."""
    if not value or not most:
        return ""
    step = min(1 + int(abs(value) * STEPS / most), STEPS)
    return f"heat-{'p' if value > 0 else 'n'}{step}"
