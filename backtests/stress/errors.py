"""What stress tests refuse; each message says what to do instead."""


class StressError(ValueError):
    """A run or an option that cannot be stressed."""
