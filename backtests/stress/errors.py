"""What stress tests refuse; each message says what to do instead."""

from backtests.errors import BacktestError


class StressError(BacktestError, ValueError):
    """A run or an option that cannot be stressed."""
