"""What a report is made of: parts with cards, panels, definitions. Data for the templates."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading.report.cells import Table


@dataclass(frozen=True, slots=True)
class Card:
    """A key figure with what it means."""

    label: str
    value: str
    meaning: str
    tone: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    address: str
    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A plot, a table, or both. `summary` says in words what the plot shows."""

    id: str
    title: str
    note: str = ""
    plot: str = ""
    summary: str = ""
    table: Table | None = None
    wide: bool = False
    size: str = ""  # of the place that is kept for the plot: "low", "high"
    download: Download | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    label: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    id: str
    title: str
    note: str = ""
    cards: Sequence[Card] = ()
    groups: Sequence[tuple[str, Sequence[Card]]] = ()
    panels: Sequence[Panel] = ()
    definitions: Sequence[Meaning] = ()
    settings: str = ""
