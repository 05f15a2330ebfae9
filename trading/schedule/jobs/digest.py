"""Tells how the day went."""

from trading.schedule.jobs.elsewhere import call
from trading.schedule.work import Outcome, Turn


def perform(turn: Turn) -> Outcome:
    call("trading.recap.digest", "post_digest", turn.day)
    return Outcome(text="posted")
