"""Which contract is the front month: of each trading day, the outright with the most volume."""

from collections import Counter
from datetime import date

import numpy as np

from marketdata.calendars import CalendarSchedule
from marketdata.feeds.contracts import root
from marketdata.feeds.files.recording import Recording


def fronts(recording: Recording, schedule: CalendarSchedule) -> dict[date, str]:
    """The contract by trading day, of the recording's symbol; of equals the first by name. Empty
    where a file names no contracts."""
    symbol = recording.instrument.symbol
    volumes: dict[date, Counter[str]] = {}
    for name, ts, size in recording.volumes():
        if root(name) != symbol:
            continue
        while len(ts):
            day = schedule.at(int(ts[0]))
            inside = (ts >= day.start) & (ts < day.end)
            volumes.setdefault(day.day, Counter())[name] += int(np.sum(size[inside]))
            ts, size = ts[~inside], size[~inside]
    return {
        day: max(sorted(counts), key=lambda name: counts[name])
        for day, counts in sorted(volumes.items())
    }
