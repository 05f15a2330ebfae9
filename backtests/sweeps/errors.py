"""What a sweep refuses. Each message is one line that names the value and the remedy."""

from backtests.errors import PlanError


class SweepError(PlanError):
    """A sweep that cannot be run as it was asked for."""
