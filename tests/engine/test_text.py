"""Text at the edges: plain digits, never an exponent, nothing lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import instrument
from engine.money import to_decimal
from engine.text import average_price, average_text, decimals, number_text, price_text, units_text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("4800.50000000", 2, "4800.50"),
        ("0.00001230", 2, "0.0000123"),
        ("1E-8", 2, "0.00000001"),
        ("1E+3", 2, "1000.00"),
        ("1E+3", 0, "1000"),
        ("100", 0, "100"),
        ("100.0", 0, "100"),
        ("-0.5", 2, "-0.50"),
    ],
)
def test_plain_digits(value: str, places: int, text: str) -> None:
    assert number_text(Decimal(value), places) == text


@pytest.mark.parametrize(
    ("step", "places"), [("0.25", 2), ("0.1", 1), ("1", 0), ("0.00001", 5), ("1E+1", 0)]
)
def test_places_of_a_step(step: str, places: int) -> None:
    assert decimals(Decimal(step)) == places


@pytest.mark.parametrize(
    ("units", "text"),
    [(1, "0.00000001"), (-1_250_000_000, "-12.50"), (0, "0.00"), (10**20, "1000000000000.00")],
)
def test_money_as_text(units: int, text: str) -> None:
    assert units_text(units) == text


@given(st.integers(-(10**19), 10**19))
def test_money_as_text_loses_nothing(units: int) -> None:
    text = units_text(units)
    assert "E" not in text
    assert Decimal(text) == to_decimal(units)


@pytest.mark.parametrize(
    ("symbol", "ticks", "text"),
    [
        ("ES", 19_201, "4800.25"),
        ("ES", 19_200, "4800.00"),
        ("GC", 20_001, "2000.10"),
        ("BTCUSDT", 600_001, "60000.10"),
        ("CL", 7, "0.07"),
    ],
)
def test_price_as_text_has_the_tick_s_places(symbol: str, ticks: int, text: str) -> None:
    assert price_text(ticks, instrument(symbol)) == text


def test_average_is_exact_on_the_grid_and_rounds_half_to_even_off_it() -> None:
    es = instrument("ES")
    assert average_text(3 * 19_201, 3, es) == "4800.25"
    assert average_text(19_200 + 19_201, 2, es) == "4800.125"
    assert average_text(19_200 + 2 * 19_201, 3, es) == "4800.16666667"
    eth = instrument("ETHUSDT")
    assert average_price(1, 1_600_000, eth) == Decimal("1E-8")  # 0.00000000625
    assert average_price(1, 2_000_000, eth) == 0  # 0.000000005: half, to even
    assert average_price(3, 2_000_000, eth) == Decimal("2E-8")  # 0.000000015: half, to even
