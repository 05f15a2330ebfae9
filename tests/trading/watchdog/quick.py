"""`manage.py` with a trading day's clock that runs SPEED times as fast, in every process the same:
`python -m tests.trading.watchdog.quick watchdog`."""

import os
import sys
import time

import django

SPEED = 30.0


class Quick:
    """From QUICK_SINCE (UTC ns) on."""

    speed = SPEED

    def now_ns(self) -> int:
        since = int(os.environ["QUICK_SINCE"])
        return since + int((time.time_ns() - since) * SPEED)


if __name__ == "__main__":
    django.setup()
    from django.core.management import execute_from_command_line

    from trading import clock

    clock.use(Quick())
    execute_from_command_line(["manage.py", *sys.argv[1:]])
