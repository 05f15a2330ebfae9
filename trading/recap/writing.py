"""The document of a day as a file: DATA_DIR/recaps/2024-06-12_recap.json.

The file has all sessions of the day and appears whole. One that says the same already is left as it
is, so that nobody who copies files sees a new one.
"""

import json
from datetime import date
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from marketdata.store.files import replacing
from trading.errors import RecapError
from trading.recap.document import document
from trading.wire import Json

log = structlog.get_logger(__name__)

FOLDER: Final = "recaps"
SUFFIX: Final = "_recap.json"


def path_of(day: date) -> Path:
    """Where the day's recap is, or would be."""
    return Path(settings.DATA_DIR) / FOLDER / f"{day.isoformat()}{SUFFIX}"


def recapped() -> list[date]:
    """The days that have one, oldest first."""
    names = (Path(settings.DATA_DIR) / FOLDER).glob(f"*{SUFFIX}")
    return sorted(date.fromisoformat(path.name.removesuffix(SUFFIX)) for path in names)


def write(day: date) -> Path:
    """Make the day's recap, or make it anew; RecapError when nothing was traded that day.

    StoreError when the disk does not take it.
    """
    made = document(day)
    if not made["sessions"]:
        raise RecapError(f"no session is stored for {day}, so there is nothing to recap")
    path = path_of(day)
    if not _says(path, made):
        with replacing(path) as unfinished:
            unfinished.write_text(as_text(made), encoding="utf-8")
        log.info("recap_written", day=day.isoformat(), sessions=len(made["sessions"]))
    return path


def as_text(made: Json) -> str:
    """JSON, a line a value: two days can be compared."""
    return json.dumps(made, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _says(path: Path, made: Json) -> bool:
    """Whether the file is there and differs in nothing but when it was made."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(kept, dict) and kept | {"made_at": made["made_at"]} == made
