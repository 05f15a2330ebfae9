"""What is kept of everything having been closed at the broker past the engine: an audit event, and
the kill halt, with which the next session begins. The broker was told already, so a database that
does not answer is no error here."""

import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils import timezone

from engine.names import Halt
from marketdata.models import moment
from trading.models import Account, AuditEvent
from trading.notify.telling import tell
from trading.pipeline.halts import halted
from trading.selectors import current_session

log = structlog.get_logger(__name__)


def kept(account: Account, actor: str, reason: str, result: str) -> list[str]:
    """Keep the kill halt with the account, and an audit event; what could not be kept."""
    missing = []
    try:
        halted(account.pk, Halt.KILL)
    except DatabaseError:
        missing.append("the kill halt: the next session would not begin halted")
    row = AuditEvent(
        ts_ns=0,
        ts=moment(0),
        recorded_at=timezone.now(),
        kind="closed_directly",
        actor=actor[:150],
        payload={"account": account.name, "reason": reason, "result": result},
    )
    try:
        row.session = session = current_session(account)
        row.ts_ns = session.last_tick_ns if session is not None else 0
        row.ts = moment(row.ts_ns)
        with transaction.atomic():
            row.save(force_insert=True)
            tell(row)
    except DatabaseError:
        missing.append("the audit event")
        tell(row)  # who is away hears of it nonetheless
    log.warning("closed_directly", account=account.name, actor=actor, result=result)
    return missing
