"""Everything is closed at the broker when no engine can do it, and a person or a watch wants it.

A kill or a flattening whose record the journal refuses, or that comes when the engine failed or the
session is over, is not executed by the engine. With real money it is done nonetheless: the run's
line is over, so a new one is opened, and the broker is told to close everything, whoever opened it.
Then the account is halted until a person resumes. The run that goes on later finds its position
closed, which the comparison with the broker explains.
"""

from typing import TYPE_CHECKING, Final

import structlog
from channels.db import database_sync_to_async

from trading.brokers import Broker
from trading.brokers.adapter import BrokerError
from trading.brokers.closing import PROVEN
from trading.models import Session
from trading.steering.direct import kept

if TYPE_CHECKING:
    from trading.pipeline.supervisor import Pipeline

log = structlog.get_logger(__name__)

ACTOR: Final = "pipeline"


async def close_past_engine(pipeline: "Pipeline", session: Session, actor: str, reason: str) -> str:
    """What the broker had afterwards, after a minute at most; "" on paper, where nothing is open
    when a session is over. The pipeline's own tasks must have ended."""
    broker: Broker = pipeline.broker
    if broker.simulated:
        return ""
    log.critical("closing_past_engine", account=session.account.name, actor=actor, reason=reason)
    try:
        result = await broker.close_everything()
    except BrokerError as error:
        result = f"not closed at the broker: {error}; close it there"
    missing = await database_sync_to_async(kept)(session.account, actor, reason, result)
    if missing:
        result = f"{result}; not kept: {', '.join(missing)}"
    level = "warning" if PROVEN in result else "error"
    pipeline.publisher.say("closed_directly", f"Closed past the engine: {result}", level)
    return result
