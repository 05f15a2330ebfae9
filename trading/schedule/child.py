"""Starts a child process for one job: what costs processor time must not hold up a trading process.

It has low priority, and ends when its parent does; the run that it leaves is taken up again.
"""

import os
import subprocess
import sys
from datetime import date

from django.conf import settings

PROGRAM: list[str] = [sys.executable, "-m", "trading.schedule.process"]
"""Whoever puts another clock into processes puts it in here too."""


def begin(job: str, day: date) -> subprocess.Popen[bytes]:
    """A process that does the job of the day."""
    return subprocess.Popen(  # noqa: S603 (our own program)
        [*PROGRAM, job, day.isoformat()],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE},
        stdin=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is for the parent, which ends it
    )


def end(process: subprocess.Popen[bytes], within_s: float = 5.0) -> None:
    """End it, and wait for that."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
