"""News that no database took: a file each, in DATA_DIR/spool/notices, in the order of their names.

A file appears whole or not at all. It also says through which channels its news went, so that what
was told while the database was away is not told again when it is back.
"""

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings

from trading import clock
from trading.notify.outbox import News, woken

log = structlog.get_logger(__name__)

SUFFIX: Final = ".json"
_numbers = count()
_one = threading.Lock()


@dataclass(frozen=True)
class Spooled:
    """`sent`: when it went, by channel; `refused`: what the channel said."""

    path: Path
    news: News
    sent: Mapping[str, datetime] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def folder() -> Path:
    return Path(settings.DATA_DIR) / "spool" / "notices"


def keep(news: Iterable[News]) -> None:
    """Write them; OSError when the disk takes nothing."""
    news = list(news)
    if not news:
        return
    folder().mkdir(parents=True, exist_ok=True)
    for each in news:
        with _one:
            number = next(_numbers)
        name = f"{time.time_ns():020d}-{os.getpid()}-{number:06d}{SUFFIX}"
        write(Spooled(folder() / name, each))
    woken.set()


def write(spooled: Spooled) -> None:
    """Whole, and on the disk, or not at all."""
    news = asdict(spooled.news)
    news["ts"] = (spooled.news.ts or clock.now()).isoformat()
    content = {
        "news": news,
        "sent": {name: at.isoformat() for name, at in spooled.sent.items()},
        "refused": dict(spooled.refused),
    }
    draft = spooled.path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(spooled.path)


def waiting() -> list[Spooled]:
    """All of them, oldest first. What cannot be read is said, put aside and left out."""
    found = []
    for path in sorted(folder().glob(f"*{SUFFIX}")):
        try:
            found.append(_read(path, json.loads(path.read_text(encoding="utf-8"))))
        except FileNotFoundError:
            continue
        except (ValueError, KeyError, TypeError) as error:
            log.warning("notice_unreadable", path=str(path), error=repr(error))
            path.replace(path.with_suffix(".unreadable"))
    return found


def forget(spooled: Spooled) -> None:
    """The database has it."""
    spooled.path.unlink(missing_ok=True)


def _read(path: Path, content: Mapping[str, Any]) -> Spooled:
    news = dict(content["news"])
    news["ts"] = datetime.fromisoformat(news["ts"])
    news["facts"] = tuple((name, value) for name, value in news["facts"])
    sent = {name: datetime.fromisoformat(at) for name, at in content["sent"].items()}
    return Spooled(path, News(**news), sent, dict(content["refused"]))
