"""Made-up trading days of MES around a roll, on the stand-in server."""

from datetime import date

import numpy as np

from engine.instruments import instrument
from marketdata.calendars import schedule
from tests.servers.databento_history import NS, HistoryServer, Records, trades

MES = instrument("MES")
HOURS = schedule(MES, "all")
FRIDAY, MONDAY, TUESDAY, WEDNESDAY = (date(2025, 9, day) for day in (12, 15, 16, 17))
OLD, NEW = "MESU5", "MESZ5"
STEP = 3600 * NS


def day_of_trades(number: int, day: date, price: int, *, step: int = STEP) -> Records:
    """A trade every `step` ns from open to close; price in dollars, sizes by the time."""
    found = HOURS.day(day)
    assert found is not None
    times = np.arange(found.open, found.close, step)
    count = np.arange(len(times))
    sides = np.array([ord("B"), ord("A"), ord("N")], np.uint8)[count % 3]
    return trades(number, times, (price * 4 + count % 9) * NS // 4, count % 5 + 1, sides)


def serve_a_roll(server: HistoryServer) -> dict[str, Records]:
    """Four trading days; the front month changes on Monday's date."""
    books = {
        OLD: np.concatenate([day_of_trades(101, day, 6500) for day in (FRIDAY, MONDAY, TUESDAY)]),
        NEW: np.concatenate(
            [day_of_trades(202, day, 6560) for day in (FRIDAY, MONDAY, TUESDAY, WEDNESDAY)]
        ),
    }
    server.add(OLD, 101, books[OLD])
    server.add(NEW, 202, books[NEW])
    roll = date(2025, 9, 15)
    server.front("MES.v.0", [(date(2025, 6, 16), roll, OLD), (roll, date(2025, 12, 15), NEW)])
    return books
