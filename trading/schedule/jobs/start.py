"""Starts the session of each process that stands by and idles.

With real money only if the environment of who does this job confirms it (CONFIRM_LIVE names the
broker's account) and today's preflight passed; the process looks at that preflight again itself,
and at the rules it was made with. The first start of a live account is a person's.
"""

from django.conf import settings

from trading.models import Account, Command, Preflight
from trading.real_money.accounts import of_row
from trading.real_money.confirming import same
from trading.schedule.jobs.asking import RUNNING_ALREADY, Wish, ask_all, listed, said
from trading.schedule.work import JobError, Outcome, Turn
from trading.selectors import current_session, is_running
from trading.standing import desks

WAIT_S = 240.0
"""A start may have to hear hours of trading first."""


def perform(turn: Turn) -> Outcome:
    names = [desk.account for desk in desks()]
    if not names:
        return Outcome(text="no process stands by to trade", skipped=True)
    accounts = {row.name: row for row in Account.objects.filter(name__in=names)}
    told = {name: _not_now(accounts.get(name), turn) for name in names}
    wishes = [
        Wish(account=accounts[name], kind=Command.Kind.START, confirm=_confirmation(accounts[name]))
        for name in names
        if not told[name]
    ]
    answers = ask_all(wishes, turn.key, wait_s=WAIT_S)
    ok = {name for name, text in told.items() if text == RUNNING_ALREADY}
    for row in answers:
        told[row.account.name] = said(row)
        if row.status == Command.Status.DONE or RUNNING_ALREADY in row.result:
            ok.add(row.account.name)
    if len(ok) < len(told):
        left = {name: text for name, text in told.items() if name not in ok}
        raise JobError(f"not started: {listed(left)}", facts=tuple(left.items()))
    return Outcome(text=listed(told))


def _not_now(account: Account | None, turn: Turn) -> str:
    """Why nobody is asked; "" when the process is."""
    if account is None:
        return "there is no such account yet: the first start of a live account is a person's"
    session = current_session(account)
    if session is not None and is_running(session):
        return RUNNING_ALREADY
    bound = of_row(account)
    if bound is None:
        return ""
    if not same(settings.CONFIRM_LIVE, bound):
        return f"it trades {bound}: set CONFIRM_LIVE to that id, or start it from the page"
    newest = Preflight.objects.filter(account=account.name, day=turn.day).order_by("-created_at")
    row = newest.first()
    if row is None or not row.passed:
        return f"its preflight of {turn.day} {'is missing' if row is None else 'failed'}"
    return ""


def _confirmation(account: Account) -> str:
    return "" if of_row(account) is None else settings.CONFIRM_LIVE
