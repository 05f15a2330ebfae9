"""Writes the day's recap, and sends it and the day's files to the export's target."""

from trading.schedule.jobs.elsewhere import call
from trading.schedule.work import Outcome, Turn


def perform(turn: Turn) -> Outcome:
    path = call("trading.recap.writing", "write", turn.day)
    sent = call("trading.export.sending", "send", turn.day)
    return Outcome(text=f"wrote {path}" + (f"; {sent}" if isinstance(sent, str) else ""))
