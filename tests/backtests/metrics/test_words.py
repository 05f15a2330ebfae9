"""Figures as people read them."""

import pytest

from backtests.metrics.definitions import DEFINITIONS, Unit
from backtests.metrics.figures import Figures, figures
from backtests.metrics.words import (
    count_of,
    duration_text,
    figure_text,
    money_text,
    signed_money_text,
    value_text,
)
from tests.backtests.outcomes import outcome


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.MONEY, "–"),
        (-123450000000, Unit.MONEY, "−1,234.50"),
        (-400000, Unit.MONEY, "0.00"),
        (1234, Unit.COUNT, "1,234"),
        (-0.0004, Unit.FRACTION, "0.0 %"),
        (0.1234, Unit.FRACTION, "12.3 %"),
        (-1.005, Unit.RATIO, "−1.00"),
        (0.125, Unit.R, "0.12 R"),
        (11.26, Unit.TICKS, "11.3"),
        ({"ES 1": 3, "ES 1-2": 1200}, Unit.TABLE, "ES 1: 3, ES 1-2: 1,200"),
        ({}, Unit.TABLE, "–"),
        ("as it is - so", Unit.WORDS, "as it is - so"),
    ],
)
def test_a_value_is_written_as_its_unit_wants(value: object, unit: Unit, text: str) -> None:
    assert value_text(value, unit) == text  # type: ignore[arg-type]


def test_money_has_a_sign_where_a_gain_should_be_seen() -> None:
    assert signed_money_text(150000000) == "+1.50"
    assert signed_money_text(0) == money_text(0) == "0.00"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.6, "1 min 0 s"),
        (725, "12 min 5 s"),
        (12_000, "3 h 20 min"),
        (-245, "−4 min 5 s"),
    ],
)
def test_durations_name_their_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_one_is_not_many() -> None:
    assert [count_of(n, "trade") for n in (0, 1, 1000)] == ["0 trades", "1 trade", "1,000 trades"]


@pytest.mark.parametrize("found", [figures(outcome()), Figures()])
def test_every_figure_can_be_written(found: Figures) -> None:
    for name in DEFINITIONS:
        text = figure_text(name, found[name])
        assert "nan" not in text
        assert "None" not in text
