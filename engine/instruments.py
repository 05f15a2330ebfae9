"""What is traded: tick, tick value, lot and fee of each instrument; exact conversions.

>>> es = instrument("ES")
>>> es.ticks(Decimal("4800.25")), es.price(19201)
(19201, Decimal('4800.25'))
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.errors import ConfigError, OffGridError, UnknownSymbolError
from engine.money import UNITS, to_units

NANO: Final = 10**9
"""Databento prices are int64 in 1e-9 of the currency."""

US_STOCKS: Final = "NYSE"
"""The calendar of all US stock exchanges."""


@dataclass(frozen=True)
class Instrument:
    """One tradable thing. `tick_value` is per whole contract or coin, `lot` the smallest size.

    Fees are per side: `fee` an amount per contract, or `fee_rate` a fraction of the value.
    """

    symbol: str
    name: str
    tick: Decimal
    tick_value: Decimal
    lot: Decimal = Decimal(1)
    fee: Decimal = Decimal(0)
    fee_rate: Decimal = Decimal(0)
    calendar: str = "CME_Equity"
    currency: str = "USD"

    def __post_init__(self) -> None:
        for name in ("tick", "tick_value", "lot"):
            value = getattr(self, name)
            if not value > 0:
                raise ConfigError(f"{self.symbol}: {name} is {value}; it must be above 0")
        for name in ("fee", "fee_rate"):
            value = getattr(self, name)
            if value < 0:
                raise ConfigError(f"{self.symbol}: {name} is {value}; it cannot be negative")
        if self.fee_rate >= 1:
            raise ConfigError(f"{self.symbol}: fee_rate is {self.fee_rate}; it must be below 1")
        to_units(self.tick_value * self.lot)

    @cached_property
    def tick_units(self) -> int:
        """Money units that one lot gains when the price moves by one tick."""
        return to_units(self.tick_value * self.lot)

    def ticks(self, price: Decimal) -> int:
        """Exact count of ticks in a price; OffGridError if it is not whole."""
        count = _whole(price, self.tick)
        if count is None:
            raise OffGridError(
                f"{self.symbol}: price {price} is not a multiple of the tick {self.tick}"
            )
        return count

    def price(self, ticks: int) -> Decimal:
        """The price of a count of ticks, with the tick's decimals."""
        return int(ticks) * self.tick

    def lots(self, quantity: Decimal) -> int:
        """Exact count of lots in a quantity; OffGridError if it is not whole."""
        count = _whole(quantity, self.lot)
        if count is None:
            raise OffGridError(
                f"{self.symbol}: size {quantity} is not a multiple of the lot {self.lot}"
            )
        return count

    def quantity(self, lots: int) -> Decimal:
        """The quantity (contracts, coins) of a count of lots."""
        return int(lots) * self.lot

    def pnl(self, ticks: int, lots: int) -> int:
        """Money units gained by `lots` over a move of `ticks` in their favour."""
        return int(ticks) * int(lots) * self.tick_units

    def fees(self, price_ticks: int, lots: int) -> int:
        """Money units of the fee for one side; a fraction of a unit is rounded up."""
        if self.fee_rate:
            value = self.price(price_ticks) * self.value_per_point * self.quantity(lots)
            units = value * self.fee_rate * UNITS
            return int(units.to_integral_value(rounding=ROUND_CEILING))
        return lots * self.fee_units

    @cached_property
    def fee_units(self) -> int:
        """The fee of one lot and side where it is no rate, money units."""
        return to_units(self.fee * self.lot)

    @cached_property
    def value_per_point(self) -> Decimal:
        """Currency per whole point of price and whole contract."""
        return self.tick_value / self.tick

    def ticks_from_nano(
        self, nano: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Databento prices (int64, 1e-9) to ticks by integer division; which are on the grid."""
        step = int(self.tick * NANO)
        ticks = nano // step
        return ticks, ticks * step == nano


def _whole(value: Decimal, step: Decimal) -> int | None:
    """How many steps a value has; None if not a whole number of them, or no number."""
    try:
        count, rest = divmod(value, step)
    except InvalidOperation:
        return None
    return None if rest else int(count)


def _futures(
    symbol: str, name: str, tick: str, value: str, fee: str, calendar: str = "CME_Equity"
) -> Instrument:
    return Instrument(
        symbol, name, Decimal(tick), Decimal(value), fee=Decimal(fee), calendar=calendar
    )


def _coin(symbol: str, name: str, tick: str, lot: str, rate: str) -> Instrument:
    return Instrument(
        symbol, name, Decimal(tick), Decimal(tick), Decimal(lot),
        fee_rate=Decimal(rate), calendar="24/7", currency="USDT",
    )  # fmt: skip


def _stock(symbol: str, name: str) -> Instrument:
    """A US stock or ETF. The fee is what brokers take a share; many take nothing."""
    return Instrument(
        symbol, name, Decimal("0.01"), Decimal("0.01"),
        fee=Decimal("0.005"), calendar=US_STOCKS,
    )  # fmt: skip


INSTRUMENTS: Final = {
    item.symbol: item
    for item in (
        _futures("ES", "E-mini S&P 500", "0.25", "12.50", "2.25"),
        _futures("MES", "Micro E-mini S&P 500", "0.25", "1.25", "0.62"),
        _futures("NQ", "E-mini Nasdaq-100", "0.25", "5.00", "2.25"),
        _futures("MNQ", "Micro E-mini Nasdaq-100", "0.25", "0.50", "0.62"),
        _futures("CL", "Crude oil", "0.01", "10.00", "2.50", "CMEGlobex_CL"),
        _futures("GC", "Gold", "0.10", "10.00", "2.50", "CMEGlobex_Gold"),
        _futures("MCL", "Micro crude oil", "0.01", "1.00", "0.75", "CMEGlobex_MCL"),
        _coin("BTCUSDT", "Bitcoin perpetual, Binance USD-M", "0.10", "0.001", "0.0005"),
        _coin("ETHUSDT", "Ether perpetual, Binance USD-M", "0.01", "0.001", "0.0005"),
        _coin("BTCUSDT-SPOT", "Bitcoin, Binance spot", "0.01", "0.00001", "0.0010"),
        _stock("SPY", "SPDR S&P 500 ETF"),
        _stock("QQQ", "Invesco QQQ, Nasdaq-100 ETF"),
        _stock("IWM", "iShares Russell 2000 ETF"),
        _stock("DIA", "SPDR Dow Jones ETF"),
        _stock("AAPL", "Apple"),
        _stock("AMZN", "Amazon"),
        _stock("MSFT", "Microsoft"),
        _stock("NVDA", "Nvidia"),
        _stock("TSLA", "Tesla"),
    )
}


def instrument(symbol: str) -> Instrument:
    """The instrument of a symbol; UnknownSymbolError lists what is known."""
    try:
        return INSTRUMENTS[symbol]
    except KeyError:
        known = ", ".join(INSTRUMENTS)
        raise UnknownSymbolError(f"unknown symbol {symbol!r}; known are {known}") from None
