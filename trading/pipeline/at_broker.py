"""Between the pipeline and its broker: orders there, and what a broker needs of the pipeline."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.config import EngineConfig
from engine.events import CommandDone, Event, OrderAmend, OrderCancel, OrderIntent
from trading.brokers import Broker
from trading.brokers.around import Around

if TYPE_CHECKING:
    from engine.status import Status
    from trading.pipeline.supervisor import Pipeline


class BrokerOutput:
    """Hands orders to the broker, and then what the engine said."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        for event in events:
            if isinstance(event, OrderIntent | OrderAmend | OrderCancel):
                self.broker.send(event)
        self.broker.saw(events)


def around(pipeline: "Pipeline", config: EngineConfig) -> Around:
    """A pipeline as its broker sees it."""

    def tick_age_s() -> float | None:
        age_ms = pipeline.core.age_ms()
        return None if age_ms is None else age_ms / 1000

    def answer(event: CommandDone) -> None:
        pipeline.writer.result(event)
        pipeline.answers.again(event)

    return Around(
        config=config,
        engine=pipeline.engine,
        sync=pipeline.core.sync,
        tick_age_s=tick_age_s,
        event_time=pipeline.event_time,
        acting_ns=pipeline.core.acting_ns,
        note=pipeline.writer.note,
        say=pipeline.publisher.say,
        answer=answer,
    )
