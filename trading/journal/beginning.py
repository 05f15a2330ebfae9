"""The journal of a run that begins."""

import uuid

from trading.journal import files
from trading.journal.files import Header
from trading.journal.recording import Recording
from trading.pipeline.market import Market
from trading.pipeline.options import Plan
from trading.pipeline.rows import carry_json
from trading.pipeline.start import Start


def record(plan: Plan, market: Market, start: Start) -> Recording | None:
    """Begin to keep a run's inputs; None when its ticks cannot be had again, for then they could
    not be replayed. JournalError when the disk does not take it."""
    session = start.session
    if "kind" not in session.feed:
        return None
    header = Header(
        run=uuid.uuid4().hex,
        part=0,
        account=plan.account,
        mode=plan.mode,
        simulated=plan.broker is None,
        symbol=plan.symbol,
        contract=session.contract,
        day=session.day,
        hours=plan.schedule.session,
        session=session.pk,
        start=session.starts,
        config=start.config.as_dict(),
        digest=start.config.digest,
        rules=start.config.rules_digest,
        carry=carry_json(start.carry),
        feed=session.feed,
        source=session.source,
        live=plan.live,
        speed=plan.speed_name,
        first=market.stored,
    )
    path = files.create(header)
    return Recording(path, header, plan.schedule, by_reference=market.again)
