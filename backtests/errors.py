"""Errors of backtests. Each message is one line: what was wrong with which value, what to do."""


class BacktestError(Exception):
    """Base of everything backtests refuse."""


class PlanError(BacktestError, ValueError):
    """A backtest that cannot be run as it was asked for."""


class NoTicks(PlanError):
    """Nothing of what was asked for is stored. The message offers how to get it."""


class DayFailed(BacktestError):
    """A day that could not be analysed; the message names it and says why."""


class BrokenOutcome(BacktestError, ValueError):
    """Days whose balances do not follow from one another: no figure of them would be true."""
