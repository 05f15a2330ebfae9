"""What a watchdog remembers when it is started again: a file in DATA_DIR, written whole.

What is to be said is in it before it is posted, and goes when it was: a watchdog that dies in
between says it again under the same key, which changes nothing. While the database takes no
notices they wait here.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from trading.heartbeat.targets import write_whole
from trading.notify import News
from trading.watchdog.telling import Episode, Episodes
from trading.wire import Json

log = structlog.get_logger(__name__)

NAME: Final = "watchdog.json"
FORMAT: Final = 1
MOST_PENDING: Final = 500
DAYS: Final = 14
"""Of the disk's trend."""


@dataclass(kw_only=True)
class Memory:
    """`reported`: the trading day of the last health report; `counts`: alerts by kind since then;
    `disk`: free bytes on the last days; `now`: what the last look found, for `status`."""

    episodes: Episodes = field(default_factory=dict)
    pending: list[News] = field(default_factory=list)
    reported: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    disk: list[tuple[str, int]] = field(default_factory=list)
    now: Json = field(default_factory=dict)

    def say(self, news: Sequence[News]) -> None:
        """To be posted. Of more than MOST_PENDING the oldest go."""
        self.pending = [*self.pending, *news][-MOST_PENDING:]

    def to_json(self) -> Json:
        return {
            "format": FORMAT,
            **self.now,
            "reported": self.reported,
            "counts": dict(self.counts),
            "disk": self.disk,
            "episodes": {key: episode.to_json() for key, episode in self.episodes.items()},
            "pending": [_plain(news) for news in self.pending],
        }


def read(folder: Path) -> Memory:
    """What was kept; nothing when there is no file, or one that cannot be read."""
    path = folder / NAME
    try:
        kept = json.loads(path.read_text())
        return Memory(
            episodes={key: Episode.from_json(each) for key, each in kept["episodes"].items()},
            pending=[_news(each) for each in kept["pending"]],
            reported=kept["reported"],
            counts=Counter(kept["counts"]),
            disk=[(day, free) for day, free in kept["disk"]],
        )
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("watchdog_memory_unreadable", file=str(path), error=repr(error))
        return Memory()


def keep(memory: Memory, folder: Path) -> bool:
    """Whether it could be written. A full disk is what a watchdog has to live to tell."""
    try:
        write_whole(folder / NAME, json.dumps(memory.to_json(), indent=1) + "\n", by="watchdog")
    except OSError as error:
        log.warning("watchdog_memory_not_kept", error=error.strerror or str(error))
        return False
    return True


def _plain(news: News) -> Json:
    ts = news.ts.isoformat() if news.ts is not None else None
    facts = [list(fact) for fact in news.facts]
    return {**asdict(news), "level": str(news.level), "ts": ts, "facts": facts}


def _news(values: dict[str, Any]) -> News:
    ts = datetime.fromisoformat(values["ts"]) if values["ts"] else None
    facts = [(name, text) for name, text in values["facts"]]
    return News(**(values | {"ts": ts, "facts": facts}))
