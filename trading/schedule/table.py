"""The jobs: when each is due unless somebody changes it, how long it is of use, who does it.

- Times are New York's, on the date that has the trading day's name.
- On a day that closes early, a job that `moves` comes as much earlier as the close does.
- A job that is of the `session` has no use on a day without regular hours (Good Friday).
- Of use until: some time before the flatten time, the close, midnight, or some days later. Jobs of
  the last kind are caught up for every trading day that was missed meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Final, Literal

BEFORE_FLATTEN: Final = timedelta(minutes=30)
"""Who begins later has no time left to trade."""
CAUGHT_UP: Final = 10
"""Calendar days: a week of trading, with a holiday."""
FIRST_BACKOFF: Final = timedelta(seconds=30)
LONGEST_BACKOFF: Final = timedelta(minutes=10)

Until = Literal["flatten", "close", "midnight", "days"]


@dataclass(frozen=True, kw_only=True)
class Definition:
    """`at` may be changed between `earliest` and `latest`. `attempts`: so often it is tried on a
    day. `heavy`: it costs processor time, and is not done in a process that trades. `orders`: it
    commands trading processes."""

    name: str
    what: str
    at: time
    until: Until
    earliest: time = time(0)
    latest: time = time(23, 45)
    moves: bool = False
    session: bool = True
    attempts: int = 3
    heavy: bool = True
    orders: bool = False

    @property
    def caught_up(self) -> bool:
        """Whether it is done for days that were missed."""
        return self.until == "days"


_ALL: Final = (
    Definition(
        name="cleanup",
        what="deletes old rows that nobody needs",
        at=time(3),
        until="days",
        session=False,
    ),
    Definition(
        name="preflight",
        what="looks at everything that trading needs",
        at=time(9, 25),
        latest=time(15),
        until="flatten",
        attempts=5,
    ),
    Definition(
        name="start",
        what="starts the session of each process that stands by",
        at=time(9, 30),
        latest=time(15),
        until="flatten",
        attempts=6,
        heavy=False,
        orders=True,
    ),
    Definition(
        name="flatten",
        what="sees that nothing is open, and closes what is",
        at=time(15, 55),
        earliest=time(12),
        latest=time(15, 59),
        until="close",
        moves=True,
        heavy=False,
        orders=True,
    ),
    Definition(
        name="digest",
        what="tells how the day went",
        at=time(16),
        earliest=time(16),
        until="midnight",
        moves=True,
    ),
    Definition(
        name="roll",
        what="ends the day's sessions",
        at=time(17),
        earliest=time(17),
        latest=time(17, 30),
        until="midnight",
        session=False,
        heavy=False,
        orders=True,
    ),
    Definition(
        name="recap",
        what="writes the day's recap and exports it",
        at=time(17, 1),
        earliest=time(16),
        until="days",
        moves=True,
        attempts=6,
    ),
    Definition(
        name="parity",
        what="compares the day's sessions with the backtest of their ticks",
        at=time(17, 5),
        earliest=time(17),
        until="days",
        session=False,
    ),
)

TABLE: Final[Mapping[str, Definition]] = {each.name: each for each in _ALL}
ORDER: Final = {name: number for number, name in enumerate(TABLE)}


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed."""
    if attempts < 1:
        return timedelta(0)
    return min(FIRST_BACKOFF * (1 << attempts - 1), LONGEST_BACKOFF)
