"""Whether each session of the day is what the backtest of its ticks gives.

The day's recap was written and sent before; it gets what was found.
"""

from datetime import date

import structlog

from trading.errors import TradingError
from trading.models import Session
from trading.schedule.work import JobError, Outcome, Turn

log = structlog.get_logger(__name__)


def perform(turn: Turn) -> Outcome:
    from trading.parity.report import headline, parity_of

    running = Session.objects.filter(day=turn.day, status=Session.Status.RUNNING)
    if late := running.order_by("account__name").values_list("account__name", flat=True):
        raise JobError(f"not over yet: {', '.join(late)}")
    found = parity_of(turn.day, actor="schedule")
    if not found:
        return Outcome(text="no session on that day", skipped=True)
    _tell_recap(turn.day)
    wrong = [each for each in found if not each.agrees]
    if wrong:
        facts = tuple((each.session.account.name, headline(each)) for each in wrong)
        text = "; ".join(text for _, text in facts)
        raise JobError(
            f"{text}; look: manage.py parity --date {turn.day}", again=False, facts=facts
        )
    return Outcome(text="; ".join(map(headline, found)))


def _tell_recap(day: date) -> None:
    """Write and send a recap that is there anew. What prevents it is said by the recap's own job,
    and is no reason to doubt the comparison."""
    from trading.export.sending import send
    from trading.recap.writing import path_of, write

    if not path_of(day).exists():
        return
    try:
        write(day)
        send(day)
    except TradingError as error:
        log.warning("recap_not_updated", day=day.isoformat(), error=str(error))
