"""`python -m trading.schedule.process JOB DAY`: does one job beside a trading process.

Standard input says that the parent is there; when it closes, this process ends at once, and the
next look gives the run to another.
"""

import os
import sys
import threading
from datetime import date
from typing import Final

NICE: Final = 10


def main() -> None:
    os.nice(NICE)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    import django

    django.setup()
    from trading.schedule.work import work

    job, day = sys.argv[1:]
    work(job, date.fromisoformat(day))


def _end_with_parent() -> None:
    while os.read(0, 4096):  # sys.stdin would be locked when this process ends by itself
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
