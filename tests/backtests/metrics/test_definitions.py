"""Every figure is defined, and every definition is of a figure; docs/metrics.md says the same."""

import typing
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from backtests.metrics import DEFINITIONS, Figures, Section, Unit

TYPES = {
    Unit.MONEY: int,
    Unit.COUNT: int,
    Unit.DAYS: int,
    Unit.FRACTION: float,
    Unit.RATIO: float,
    Unit.R: float,
    Unit.TICKS: float,
    Unit.SECONDS: float,
    Unit.DATE: date,
    Unit.TABLE: Mapping[str, int],
    Unit.WORDS: str,
}


def test_every_figure_has_a_definition_and_every_definition_a_figure() -> None:
    assert [field.name for field in fields(Figures)] != []
    assert {field.name for field in fields(Figures)} == set(DEFINITIONS)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_figures_type_is_its_units(name: str) -> None:
    hint = typing.get_type_hints(Figures)[name]
    kinds = (
        set(typing.get_args(hint)) - {type(None)} if type(None) in typing.get_args(hint) else {hint}
    )
    assert kinds == {TYPES[DEFINITIONS[name].unit]}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_says_something_of_its_own(name: str) -> None:
    of = DEFINITIONS[name]
    assert of.text.endswith(".")
    assert len(of.text) > 20
    assert of.better in (1, 0, -1)
    alike = [other for other, its in DEFINITIONS.items() if its.label == of.label]
    assert alike == [name]


def test_sections_come_in_their_order_and_none_is_empty() -> None:
    order = list(dict.fromkeys(of.section for of in DEFINITIONS.values()))
    assert order == list(Section)


def test_the_page_has_each_sections_table_as_it_is_here() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "metrics.md").read_text()
    for section in Section:
        rows = [
            f"| {of.label} | `{name}` | {of.text} |"
            for name, of in DEFINITIONS.items()
            if of.section is section
        ]
        table = "\n".join(
            [f"### {section}", "", "| figure | name | definition |", "| --- | --- | --- |", *rows]
        )
        assert f"{table}\n" in page, f"docs/metrics.md should have:\n\n{table}"
