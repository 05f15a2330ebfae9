"""Sees, after the engine's flatten time, that nothing is open; closes what is, and looks again.

The engine flattens by itself. This is the net below it: an account with a session of the day that
is past its flatten time, and something open or a state that nobody knows, is told to flatten, and
within a minute its rows have to say that it is flat.
"""

import time
from typing import Final

from engine.instruments import instrument
from marketdata.calendars import schedule
from trading import clock
from trading.brokers.closing import PROVEN
from trading.models import Account, Command, Order, Session, Trade
from trading.schedule.jobs.asking import Wish, ask_all, listed, said
from trading.schedule.work import JobError, Outcome, Turn
from trading.selectors import is_running
from trading.standing import is_on_clock

GRACE_S: Final = 10.0
"""For the engine's own flattening and its rows."""
WITHIN_S: Final = 60.0
LOOK_S: Final = 0.5
OPEN: Final = (Trade.Status.WAITING, Trade.Status.OPEN)


def perform(turn: Turn) -> Outcome:
    sessions = _past_flatten_time(turn)
    if not sessions:
        return Outcome(text="no session to look at", skipped=True)
    _wait(sessions, GRACE_S)
    wrong = {session.account.name: text for session in sessions if (text := left(session))}
    if not wrong:
        return Outcome(text=f"flat: {', '.join(each.account.name for each in sessions)}")
    accounts = [each.account for each in sessions if each.account.name in wrong]
    began = time.monotonic()
    answers = ask_all(
        [Wish(account=each, kind=Command.Kind.FLATTEN) for each in accounts],
        turn.key,
        wait_s=WITHIN_S,
    )
    asked = [each for each in sessions if each.account.name in wrong]
    _wait(asked, WITHIN_S - (time.monotonic() - began))
    still = {row.account.name: text for row in answers if (text := _unproven(row, asked))}
    if still:
        raise JobError(f"NOT FLAT: {listed(still)}", critical=True, facts=tuple(still.items()))
    return Outcome(text=f"flattened: {listed(wrong)}")


def left(session: Session) -> str:
    """What is open, or that nobody knows; "" when it is flat."""
    open_ = holding(session.account)
    if open_:
        return open_
    if session.status == Session.Status.RUNNING and not is_running(session):
        return "its process is not heard of"
    return ""


def holding(account: Account) -> str:
    """What the rows say is open; "" for nothing."""
    trades = Trade.objects.filter(account=account, status__in=OPEN).order_by("pk")
    names = [f"{trade.pk} {trade.status}" for trade in trades]
    if not names:
        orders = Order.objects.filter(trade__account=account).exclude(status__in=Order.OVER)
        names = [f"order {key}" for key in orders.values_list("pk", flat=True)]
    return ", ".join(names)


def _past_flatten_time(turn: Turn) -> list[Session]:
    """The day's sessions on the clock, of whatever status may leave something open."""
    rows = Session.objects.select_related("account").filter(day=turn.day).order_by("pk")
    return [
        row
        for row in rows
        if is_on_clock(row)
        and not _trades_on(row)
        and (row.status == Session.Status.RUNNING or holding(row.account))
    ]


def _trades_on(session: Session) -> bool:
    """Whether it is around the clock, and its own flatten time is yet to come."""
    if session.feed.get("session") != "all":
        return False
    day = schedule(instrument(session.instrument_id), "all").day(session.day)
    return day is not None and clock.now_ns() < day.flatten_at


def _wait(sessions: list[Session], seconds: float) -> None:
    """Until all of them are flat, but no longer."""
    until = time.monotonic() + seconds
    while any(left(session) for session in sessions) and time.monotonic() < until:
        time.sleep(LOOK_S)
        for session in sessions:
            session.refresh_from_db(fields=["status", "updated_at"])


def _unproven(row: Command, sessions: list[Session]) -> str:
    """Why it is not certain that the account is flat; "" when it is."""
    session = next(each for each in sessions if each.account_id == row.account_id)
    if open_ := holding(session.account):
        return f"{open_} ({said(row)})"
    if session.account.mode == "live" and PROVEN not in row.result:
        return f"the broker's position does not prove it: {said(row)}"
    return left(session)
