"""Ends the day's sessions, so that the next day begins with a look at everything.

A trading day ends at 17:00 New York, but a pipeline on a live market would go on into the next one
with the first tick: without a preflight, with the settings of the day before, and, with real money,
without taking over the broker's balance. So a session of regular hours is stopped here, in order,
with nothing open; its process idles until the next start. A session around the clock goes on: to
it the roll is nothing.
"""

from typing import Final

from trading.models import Command, Session
from trading.schedule.jobs.asking import DOES_NOT_STAY, Wish, ask_all, listed, said
from trading.schedule.jobs.flatten import holding
from trading.schedule.work import JobError, Outcome, Turn
from trading.standing import is_on_clock

WAIT_S: Final = 90.0


def perform(turn: Turn) -> Outcome:
    running = _running(turn)
    if not running:
        return Outcome(text="every session has ended")
    told, stopped = {}, []
    for session in running:
        name = session.account.name
        if session.feed.get("session") == "all":
            told[name] = "goes on, around the clock"
        elif open_ := holding(session.account):
            told[name] = f"NOT STOPPED, {open_} is open"
        else:
            stopped.append(session.account)
    wishes = [Wish(account=account, kind=Command.Kind.STOP) for account in stopped]
    for row in ask_all(wishes, turn.key, wait_s=WAIT_S):
        told[row.account.name] = said(row)
        if DOES_NOT_STAY in row.result:
            told[row.account.name] = "goes on, its process does not stay (--stay)"
    left = {
        each.account.name: told.get(each.account.name, "begun meanwhile")
        for each in _running(turn)
        if not told.get(each.account.name, "").startswith("goes on")
    }
    if left:
        critical = any(text.startswith("NOT STOPPED") for text in left.values())
        raise JobError(f"not ended: {listed(left)}", critical=critical, facts=tuple(left.items()))
    return Outcome(text=listed(told))


def _running(turn: Turn) -> list[Session]:
    """Sessions of the day that have not ended, on the clock."""
    rows = Session.objects.select_related("account").filter(
        day=turn.day, status=Session.Status.RUNNING
    )
    return [row for row in rows.order_by("pk") if is_on_clock(row)]
