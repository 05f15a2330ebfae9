"""What runs beside the trading process: Celery's workers and beat, and the pages.

Workers and beat touch a file each while their loops turn, and take it away when they end in order
(`tradebot.alive`). Pages are asked at WATCH_PAGES, where that is set.
"""

import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
from django.conf import settings

from trading import clock

FOLDER: Final = "alive"
ALIVE_EVERY_S: Final = 15.0
"""Of the trading day's clock: so often a file is touched."""
KNOWN_FOR: Final = timedelta(days=1)
"""A worker that was not heard for so long is not missed any more."""
ANSWER_WITHIN_S: Final = 5.0


def silent_for(data: Path) -> dict[str, timedelta]:
    """How long ago each worker and beat showed that it lives: `worker-HOST`, `beat-HOST`."""
    now = time.time()
    found = {}
    for path in sorted((data / FOLDER).glob("*-*")):
        try:
            touched = path.stat().st_mtime
        except FileNotFoundError:
            continue  # it ended just now
        age = timedelta(seconds=max(now - touched, 0.0) / clock.real(1.0))
        if age < KNOWN_FOR:
            found[path.name] = age
    return found


def pages_error() -> str:
    """Why the pages do not answer; "" when they do, or are not watched."""
    if not settings.WATCH_PAGES:
        return ""
    try:
        answer = httpx.get(settings.WATCH_PAGES, timeout=ANSWER_WITHIN_S)
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__
    return "" if answer.status_code < 500 else f"they answer {answer.status_code}"
