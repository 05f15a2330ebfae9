"""What a sweep refuses. Each message is one line that names the value and the remedy."""


class SweepError(ValueError):
    """A sweep that cannot be run as it was asked for."""
