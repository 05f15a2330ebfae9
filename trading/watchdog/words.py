"""Ages as people say them."""

from datetime import timedelta
from typing import Final

STEPS: Final = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def lasting(time: timedelta) -> str:
    """
    >>> lasting(timedelta(seconds=95))
    '1 minute'
    >>> lasting(timedelta(hours=49))
    '2 days'
    """
    seconds = int(time.total_seconds())
    for size, name in STEPS:
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "less than a second"


def ago(time: timedelta) -> str:
    """
    >>> ago(timedelta(seconds=4))
    'just now'
    """
    return f"{lasting(time)} ago" if time.total_seconds() >= 5 else "just now"
