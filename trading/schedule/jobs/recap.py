"""Writes the day's recap, and sends it and the day's files to the export's target.

What an attempt has sent is not sent again by the next.
"""

from trading.errors import TradingError
from trading.models import Session
from trading.schedule.work import JobError, Outcome, Turn


def perform(turn: Turn) -> Outcome:
    from trading.export.sending import send
    from trading.recap.writing import write

    if not Session.objects.filter(day=turn.day).exists():
        return Outcome(text="nothing was traded", skipped=True)
    path = write(turn.day)
    try:
        sent = send(turn.day)
    except TradingError as error:  # its settings cannot be used; told by itself
        raise JobError(f"wrote {path.name}; not sent: {error}", again=False) from error
    if sent.failed:
        facts = tuple((each.path, each.error) for each in sent.failed)
        raise JobError(f"wrote {path.name}; {sent}", facts=facts)
    return Outcome(text=f"wrote {path.name}; {sent}")
