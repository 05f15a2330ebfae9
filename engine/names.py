"""The names that everything shares: directions, patterns, regimes, halts, reasons to exit."""

from enum import IntEnum, StrEnum
from typing import Final


class Direction(IntEnum):
    """Which way a signal, order or position points."""

    LONG = 1
    SHORT = -1


class Pattern(IntEnum):
    """Order-flow patterns, in the order in which a bar reports them."""

    BUY_IMBALANCE = 0
    SELL_IMBALANCE = 1
    STACKED_BUY_IMBALANCE = 2
    STACKED_SELL_IMBALANCE = 3
    BUYING_EXHAUSTION = 4
    SELLING_EXHAUSTION = 5
    SELLING_ABSORPTION = 6
    BUYING_ABSORPTION = 7
    BEARISH_DELTA_DIVERGENCE = 8
    BULLISH_DELTA_DIVERGENCE = 9
    UNFINISHED_HIGH = 10
    UNFINISHED_LOW = 11
    UNFINISHED_REVISITED = 12


PATTERN_DIRECTION: Final = {
    Pattern.BUY_IMBALANCE: Direction.LONG,
    Pattern.SELL_IMBALANCE: Direction.SHORT,
    Pattern.STACKED_BUY_IMBALANCE: Direction.LONG,
    Pattern.STACKED_SELL_IMBALANCE: Direction.SHORT,
    Pattern.BUYING_EXHAUSTION: Direction.SHORT,
    Pattern.SELLING_EXHAUSTION: Direction.LONG,
    Pattern.SELLING_ABSORPTION: Direction.SHORT,
    Pattern.BUYING_ABSORPTION: Direction.LONG,
    Pattern.BEARISH_DELTA_DIVERGENCE: Direction.SHORT,
    Pattern.BULLISH_DELTA_DIVERGENCE: Direction.LONG,
    Pattern.UNFINISHED_HIGH: Direction.LONG,
    Pattern.UNFINISHED_LOW: Direction.SHORT,
}
"""UNFINISHED_REVISITED is missing on purpose: it points as the level that it revisits."""


class Regime(IntEnum):
    """Market regimes; of equal scores the first wins."""

    TRENDING_UP = 0
    TRENDING_DOWN = 1
    RANGING = 2
    VOLATILE = 3
    NO_TRADE = 4


class Halt(StrEnum):
    """Why no entry is allowed. Several can hold at once; each ends by its own rule."""

    PROFIT_TARGET = "profit_target"  # ends with the trading day
    LOSS_LIMIT = "loss_limit"  # ends with the trading day; flattens
    MAX_DRAWDOWN = "max_drawdown"  # ends by the operator; flattens
    MARGIN = "margin"  # ends with the trading day
    STALE_FEED = "stale_feed"  # ends with the next tick
    REJECTS = "rejects"  # ends by the operator
    OPERATOR = "operator"  # ends by the operator
    KILL = "kill"  # ends by the operator; flattens and cancels
    DIFFERENCE = "difference"  # the broker has other than we believe; ends by the operator


class LevelKind(StrEnum):
    """What a level of the chart is."""

    ZONE = "zone"  # of stacked imbalances
    UNFINISHED = "unfinished"
    NAKED_POC = "naked_poc"


class LevelEnd(StrEnum):
    """Why a level is gone."""

    TRADED_THROUGH = "traded_through"  # a zone
    REVISITED = "revisited"  # an unfinished level
    TRADED = "traded"  # a naked POC
    DISPLACED = "displaced"  # by newer ones
    ROLLED = "rolled"  # the contract that had it is not traded any more


class ExitReason(StrEnum):
    """Why a bracket was closed."""

    STOP = "stop"  # where the bracket first put it
    BREAK_EVEN = "break_even"  # the stop, moved to the entry
    TRAILING_STOP = "trailing_stop"  # the stop, following the best trade
    TARGET = "target"
    TIME_STOP = "time_stop"
    FLATTEN = "flatten"
    LOSS_LIMIT = "loss_limit"
    MAX_DRAWDOWN = "max_drawdown"
    OPERATOR = "operator"
    KILL = "kill"
    END_OF_DATA = "end_of_data"
    LATE_FILL = "late_fill"  # an entry that was over filled all the same
    UNPROTECTED = "unprotected"  # the stop was gone
    EXTERNAL = "external"  # by somebody else, at the broker
