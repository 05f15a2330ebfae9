"""What each simulated market is like: level, volatility, pace and trade sizes.

Levels are of the first days of 2024; a simulated price wanders from there, by the seed.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.instruments import Instrument, instrument
from marketdata.errors import FeedError

SIZE_TABLE: Final = 1 << 12

# Shares of trades by contracts: mostly ones, clips of round numbers, a heavy tail.
CONTRACTS: Final = (
    (1, 0.560), (2, 0.170), (3, 0.080), (4, 0.042), (5, 0.050), (6, 0.016), (7, 0.010), (8, 0.012),
    (10, 0.027), (12, 0.006), (15, 0.006), (20, 0.009), (25, 0.005), (30, 0.002), (50, 0.003),
    (75, 0.0006), (100, 0.0010), (150, 0.0002), (250, 0.0002),
)  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """`daily_move` is the standard deviation of a day's change, as a fraction of the price.

    Sizes are contracts, or for coins lognormal around `median_lots`. Micros follow `market`.
    """

    symbol: str
    market: str
    level: Decimal
    daily_move: float
    ticks_per_day: int
    median_lots: int = 0

    @cached_property
    def instrument(self) -> Instrument:
        return instrument(self.symbol)

    @cached_property
    def level_ticks(self) -> int:
        return self.instrument.ticks(self.level)

    @cached_property
    def daily_ticks(self) -> float:
        """The standard deviation of a day's change in ticks."""
        return self.level_ticks * self.daily_move

    @cached_property
    def sizes(self) -> npt.NDArray[np.int32]:
        """A table to draw sizes from: its entries are equally likely."""
        middle = (np.arange(SIZE_TABLE) + 0.5) / SIZE_TABLE
        if self.median_lots:
            lots = self.median_lots * np.exp(1.5 * _normal(middle))
            return np.asarray(np.maximum(1, lots), np.int32)
        lots, shares = (np.array(column) for column in zip(*CONTRACTS, strict=True))
        found = np.searchsorted(np.cumsum(shares) / shares.sum(), middle)
        return np.asarray(lots[np.minimum(found, len(lots) - 1)], np.int32)


def _normal(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Quantiles of the standard normal distribution, near enough (logistic approximation)."""
    return np.asarray(np.log(p / (1 - p)) / 1.702)


def _profile(
    symbol: str, level: str, move: float, ticks: int, market: str = "", median_lots: int = 0
) -> Profile:
    return Profile(symbol, market or symbol, Decimal(level), move, ticks, median_lots)


PROFILES: Final = {
    item.symbol: item
    for item in (
        _profile("ES", "4750.00", 0.009, 750_000),
        _profile("MES", "4750.00", 0.009, 150_000, "ES"),
        _profile("NQ", "16800.00", 0.012, 500_000),
        _profile("MNQ", "16800.00", 0.012, 300_000, "NQ"),
        _profile("CL", "72.00", 0.018, 200_000),
        _profile("GC", "2060.00", 0.009, 150_000),
        _profile("MCL", "72.00", 0.018, 60_000, "CL"),
        _profile("BTCUSDT", "43000.00", 0.025, 500_000, median_lots=12),
        _profile("ETHUSDT", "2300.00", 0.030, 400_000, median_lots=200),
        _profile("BTCUSDT-SPOT", "43000.00", 0.025, 300_000, "BTCUSDT", median_lots=600),
        _profile("SPY", "472.00", 0.009, 400_000, median_lots=60),
        _profile("QQQ", "402.00", 0.012, 350_000, median_lots=60),
        _profile("IWM", "197.00", 0.013, 200_000, median_lots=80),
        _profile("DIA", "376.00", 0.008, 60_000, median_lots=40),
        _profile("AAPL", "185.00", 0.014, 400_000, median_lots=50),
        _profile("AMZN", "150.00", 0.018, 350_000, median_lots=50),
        _profile("MSFT", "371.00", 0.014, 250_000, median_lots=30),
        _profile("NVDA", "482.00", 0.025, 400_000, median_lots=40),
        _profile("TSLA", "248.00", 0.030, 500_000, median_lots=40),
    )
}


def profile(symbol: str) -> Profile:
    """The market of a symbol; FeedError lists what can be simulated."""
    try:
        return PROFILES[symbol]
    except KeyError:
        raise FeedError(
            f"{symbol!r} cannot be simulated; known are {', '.join(PROFILES)}"
        ) from None
