"""Money: exact both ways, and refused where it could not be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.money import UNITS, to_decimal, to_units


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        ("12.50", 1_250_000_000),
        ("0.00000001", 1),
        ("-0.62", -62_000_000),
        ("0", 0),
        ("1E+3", 10**11),
    ],
)
def test_units_of_an_amount(amount: str, units: int) -> None:
    assert to_units(Decimal(amount)) == units


def test_amounts_finer_than_a_unit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"1E-9 is finer than 0\.00000001"):
        to_units(Decimal("0.000000001"))


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (1_250_000_000, "12.50"),
        (100 * UNITS, "100.00"),
        (0, "0.00"),
        (-62_000_000, "-0.62"),
        (1, "1E-8"),
        (12_345_678, "0.12345678"),
        (12_345_600, "0.123456"),
    ],
)
def test_amounts_have_two_places_and_more_only_where_needed(units: int, text: str) -> None:
    assert str(to_decimal(units)) == text


@given(st.integers(-(10**24), 10**24))
def test_there_and_back(units: int) -> None:
    assert to_units(to_decimal(units)) == units
