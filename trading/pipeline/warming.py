"""What a warm-up has come to: said once, when it is over, to the page, the audit and the log."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog

from engine.names import Regime
from trading.pipeline.core import Core, Input, WarmUp

if TYPE_CHECKING:
    from engine.status import Status
    from trading.pipeline.publisher import Publisher
    from trading.pipeline.writer import Writer

log = structlog.get_logger(__name__)


class Warming:
    """Told of every input after the engine took it."""

    def __init__(
        self,
        core: Core,
        writer: "Writer",
        publisher: "Publisher",
        warmth: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.core = core
        self.warmth = warmth
        self.writer = writer
        self.publisher = publisher
        self.over = False

    def acted(self, item: Input) -> None:
        """Speaks when the warm-up of the start is over."""
        if self.over or not isinstance(item, WarmUp) or item.on or item.gap:
            return
        self.over = True
        status = self.core.engine.status()
        payload = {**reached(status), **self.warmth}
        self.writer.note("warmed_up", payload, once=True)
        level = "warning" if payload.get("missing") else "info"
        self.publisher.say("warmed_up", text_of(payload), level)
        log.info("warmed_up", **payload)


def reached(status: "Status") -> dict[str, Any]:
    """Where the engine stands: ticks, the trading day's bars, regime and confidence; for JSON.
    `regime` is "" as long as the day has no closed bar."""
    reading = status.reading
    return {
        "ticks": status.ticks,
        "bars": status.bars,
        "until": status.last_tick_ts,
        "regime": Regime(reading.regime).name if reading else "",
        "confidence": round(float(reading.confidence), 4) if reading else None,
        "reason": reading.reason if reading else "",
    }


def text_of(payload: dict[str, Any]) -> str:
    """The same for people."""
    heard = f"Warmed up with {payload['ticks']:,} ticks, {payload['bars']:,} bars"
    missing = "".join(f"; missing {hole}" for hole in payload.get("missing", ()))
    if not payload["regime"]:
        return f"{heard}: no regime yet{missing}"
    why = f" ({payload['reason']})" if payload["reason"] else ""
    return f"{heard}: {payload['regime']}, confidence {payload['confidence']:.2f}{why}{missing}"
