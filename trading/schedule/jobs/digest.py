"""Tells how the day went."""

from trading.schedule.work import Outcome, Turn


def perform(turn: Turn) -> Outcome:
    from trading.recap.digest import post_digest

    count = post_digest(turn.day)
    if not count:
        return Outcome(text="nothing was traded", skipped=True)
    return Outcome(text=f"told of {count} session{'s' if count > 1 else ''}")
