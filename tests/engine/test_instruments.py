"""Every instrument of the table, exact conversions, and what is off the grid."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError, OffGridError, UnknownSymbolError
from engine.instruments import INSTRUMENTS, NANO, instrument
from engine.money import UNITS, to_units

ES, BTC, SPOT = instrument("ES"), instrument("BTCUSDT"), instrument("BTCUSDT-SPOT")

TABLE = [
    # symbol, tick, value of a tick of one lot, lot, fee of one lot at 1000 ticks
    ("ES", "0.25", "12.50", "1", "2.25"),
    ("MES", "0.25", "1.25", "1", "0.62"),
    ("NQ", "0.25", "5.00", "1", "2.25"),
    ("MNQ", "0.25", "0.50", "1", "0.62"),
    ("CL", "0.01", "10.00", "1", "2.50"),
    ("GC", "0.10", "10.00", "1", "2.50"),
    ("MCL", "0.01", "1.00", "1", "0.75"),
    ("BTCUSDT", "0.10", "0.0001", "0.001", "0.00005"),  # 0.05 % of 100.00 * 0.001
    ("ETHUSDT", "0.01", "0.00001", "0.001", "0.000005"),  # 0.05 % of 10.00 * 0.001
    ("BTCUSDT-SPOT", "0.01", "0.0000001", "0.00001", "0.0000001"),  # 0.1 % of 10.00 * 0.00001
    *(
        (symbol, "0.01", "0.01", "1", "0.005")
        for symbol in ("SPY", "QQQ", "IWM", "DIA", "AAPL", "AMZN", "MSFT", "NVDA", "TSLA")
    ),
]
symbols = st.sampled_from(sorted(INSTRUMENTS))


def test_the_table_is_all_there_is() -> None:
    assert [row[0] for row in TABLE] == list(INSTRUMENTS)


@pytest.mark.parametrize(("symbol", "tick", "value", "lot", "fee"), TABLE)
def test_instrument(symbol: str, tick: str, value: str, lot: str, fee: str) -> None:
    it = instrument(symbol)
    assert (it.symbol, it.tick, it.lot) == (symbol, Decimal(tick), Decimal(lot))
    assert it.pnl(1, 1) == it.tick_units == to_units(Decimal(value))
    assert it.fees(1000, 1) == to_units(Decimal(fee))
    assert it.currency == ("USDT" if "USDT" in symbol else "USD")
    assert it.tick.as_tuple().exponent == Decimal(tick).as_tuple().exponent


def test_unknown_symbol_says_what_is_known() -> None:
    with pytest.raises(
        UnknownSymbolError, match=r"unknown symbol 'es'; known are ES, MES.*SPOT.*TSLA"
    ):
        instrument("es")


@given(symbols, st.integers(-(2**40), 2**40))
def test_prices_and_quantities_there_and_back(symbol: str, count: int) -> None:
    it = instrument(symbol)
    assert it.ticks(it.price(count)) == it.lots(it.quantity(count)) == count
    assert it.price(count) == count * it.tick


def test_numpy_integers_convert_exactly() -> None:
    assert ES.price(np.int32(19_201)) == Decimal("4800.25")  # type: ignore[arg-type]
    assert BTC.quantity(np.int64(1500)) == Decimal("1.500")  # type: ignore[arg-type]
    assert ES.pnl(np.int32(2**30), np.int32(2**30)) == 2**60 * 1250 * 10**6  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "price",
    ["4800.10", "0.1", "4800.2500000001", "NaN", "Infinity", "-Infinity", "1E+40",
     "4800.25000000000000000000000000000001"],
)  # fmt: skip
def test_prices_off_the_grid_are_refused(price: str) -> None:
    with pytest.raises(OffGridError, match=r"ES: price .* is not a multiple of the tick 0\.25"):
        ES.ticks(Decimal(price))


@pytest.mark.parametrize("size", ["0.0005", "1.0001", "NaN", "Infinity"])
def test_sizes_off_the_grid_are_refused(size: str) -> None:
    with pytest.raises(OffGridError, match=r"BTCUSDT: size .* is not a multiple of the lot 0\.001"):
        BTC.lots(Decimal(size))


def test_a_price_keeps_the_tick_s_decimals() -> None:
    assert (str(ES.price(19_200)), str(BTC.price(10))) == ("4800.00", "1.00")


@pytest.mark.parametrize(
    ("price", "lots", "units"),
    [
        # 0.05 % of 60,000.10 * 0.001 is 0.03000005
        (600_001, 1, 3_000_005),
        # 0.05 % of 0.10 * 0.001 is 0.00000005
        (1, 1, 5),
    ],
)
def test_fee_that_is_a_rate(price: int, lots: int, units: int) -> None:
    assert BTC.fees(price, lots) == units


def test_a_fraction_of_a_unit_of_fee_is_rounded_up() -> None:
    assert SPOT.fees(1, 1) == 1  # 0.1 % of 0.01 * 0.00001 is a hundredth of a unit
    assert SPOT.fees(100, 1) == 1
    assert SPOT.fees(101, 1) == 2
    assert SPOT.fees(0, 1) == 0


def test_fee_per_contract_is_of_each_contract_whatever_the_price() -> None:
    assert ES.fees(1, 3) == ES.fees(10**6, 3) == 675_000_000


@given(symbols, st.integers(1, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_fees_are_exact_to_the_unit(symbol: str, price: int, lots: int) -> None:
    it = instrument(symbol)
    part, whole = it.fee_rate.as_integer_ratio()
    by_rate = -(-(price * lots * it.tick_units * part) // whole)
    assert it.fees(price, lots) == by_rate + lots * to_units(it.fee * it.lot)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tick": Decimal(0)}, "ES: tick is 0; it must be above 0"),
        ({"tick_value": Decimal(-1)}, "tick_value is -1"),
        ({"lot": Decimal(0)}, "lot is 0"),
        ({"fee": Decimal("-0.01")}, "fee is -0.01; it cannot be negative"),
        ({"fee_rate": Decimal(-1)}, "fee_rate is -1"),
        ({"fee_rate": Decimal(1)}, "fee_rate is 1; it must be below 1"),
    ],
)
def test_instruments_that_cannot_be(change: dict[str, Decimal], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(ES, **change)  # type: ignore[arg-type]


def test_a_tick_of_a_lot_must_be_worth_whole_units() -> None:
    with pytest.raises(ValueError, match="finer"):
        replace(SPOT, lot=Decimal("0.0000001"))


# Databento prices


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_nano_prices_divide_exactly(symbol: str) -> None:
    it = instrument(symbol)
    step = int(it.tick * NANO)
    assert step == it.tick * NANO
    nano = np.array([step, 19_201 * step, 0, -step, step + 1, step - 1, -1, 2**63 - 1], np.int64)
    ticks, on_grid = it.ticks_from_nano(nano)
    assert ticks[:4].tolist() == [1, 19_201, 0, -1]
    assert on_grid.tolist() == [True] * 4 + [False] * 4


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_nano_prices_agree_with_decimals(values: list[int]) -> None:
    ticks, on_grid = ES.ticks_from_nano(np.array(values, np.int64))
    for value, tick, good in zip(values, ticks.tolist(), on_grid.tolist(), strict=True):
        price = Decimal(value) / NANO
        if good:
            assert ES.ticks(price) == tick
        else:
            with pytest.raises(OffGridError):
                ES.ticks(price)


def test_unit_is_a_hundred_millionth() -> None:
    assert ES.tick_units == Decimal("12.5") * UNITS
