"""What a live feed says besides ticks goes to the log, the audit and the page."""

from typing import TYPE_CHECKING

import structlog

from marketdata.feeds.live import Lost, NewDay, Notice

if TYPE_CHECKING:
    from trading.pipeline.frames import Facts
    from trading.pipeline.publisher import Publisher
    from trading.pipeline.writer import Writer

log = structlog.get_logger(__name__)


class News:
    """`tell` it. Never waits."""

    def __init__(self, facts: "Facts", writer: "Writer", publisher: "Publisher") -> None:
        self._facts = facts
        self._writer = writer
        self._publisher = publisher

    def tell(self, said: Notice | Lost | NewDay) -> None:
        match said:
            case Lost():
                self._facts.feed = "lost"
            case Notice():
                self._notice(said)
            case NewDay():
                self._new_day(said)

    def _notice(self, notice: Notice) -> None:
        kind = f"feed_{notice.kind}"
        write = {"info": log.info, "warning": log.warning, "error": log.error}[notice.level]
        write(kind, text=notice.text, **notice.details)
        self._writer.note(kind, {"text": notice.text, **notice.details}, actor="feed")
        self._publisher.say(kind, notice.text, notice.level)

    def _new_day(self, new: NewDay) -> None:
        self._writer.contract(new.contract)
        rolled = new.contract != new.before
        payload = {
            "day": new.day.isoformat(),
            "contract": new.contract,
            "before": new.before,
            "reason": new.reason,
        }
        log.info("feed_roll" if rolled else "feed_day", **payload)
        self._writer.note("feed_roll" if rolled else "feed_day", payload, actor="feed")
        if rolled:
            text = f"Rolled from {new.before} to {new.contract} for {new.day}: {new.reason}"
            self._publisher.say("feed_roll", text, "warning")
