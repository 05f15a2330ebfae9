"""How the work of a run is split into parts.

Stage one is cut into stretches of consecutive days, equally long but for one day, so that workers
end together. A stretch has at most BACKTEST_PART_DAYS days: what a dead worker had begun is little,
and a run that is stopped stops soon. It is not much shorter either, because each part costs a few
round trips to the database and the broker, which a day's analysis (tens of milliseconds) does not
pay for.
"""

from typing import Final

from django.conf import settings

from backtests.models import Backtest, BacktestPart

ACCOUNT: Final = 0
"""The number of the part that is the account's; those of stage one begin at 1."""
ROUNDS: Final = 2
"""Parts for each worker at least: one that was busy elsewhere when the run began is made up for."""
SHORTEST: Final = 5
"""Days of a part, where more parts are not needed."""


def stretches(days: int, workers: int, longest: int) -> list[tuple[int, int]]:
    """First day and the one after the last, by number, of each part of stage one.

    >>> stretches(24, 2, 21)
    [(0, 6), (6, 12), (12, 18), (18, 24)]
    """
    if not days:
        return []
    count = max(-(-days // longest), min(ROUNDS * workers, -(-days // SHORTEST)))
    count = min(days, -(-count // workers) * workers)
    return [(days * n // count, days * (n + 1) // count) for n in range(count)]


def make_parts(row: Backtest, days: int, workers: int) -> list[BacktestPart]:
    """The run's parts as rows, none of them begun."""
    found = stretches(days, workers, settings.BACKTEST_PART_DAYS)
    parts = [BacktestPart(backtest=row, number=ACCOUNT, first=0, last=days)]
    parts += [
        BacktestPart(backtest=row, number=number, first=first, last=last)
        for number, (first, last) in enumerate(found, 1)
    ]
    return BacktestPart.objects.bulk_create(parts)
