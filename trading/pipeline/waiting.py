"""A process that stays: whether it begins its session at once or waits to be started.

Whoever restarts it, and whenever, it does what is right then. Between the day's start and the last
entry it begins, and goes on with the run of the day; outside it waits for the next start. What is
open, by its rows or its journal, is gone on with at any time. It waits, too, after a person stopped
the day's session, with real money until CONFIRM_LIVE and today's preflight allow it, and, whatever
is open, while the account is disabled: its start would be refused, and a kill is heard here.
"""

from datetime import datetime
from typing import Final

import structlog
from django.conf import settings

from engine.errors import EngineError
from engine.schedule import TradingDay
from marketdata.calendars import NEW_YORK
from marketdata.errors import MarketDataError
from marketdata.models import moment
from trading import clock
from trading.errors import StartError, TradingError
from trading.journal.resuming import close_left, open_left
from trading.models import Account, Command, Session, Trade
from trading.pipeline.options import Plan
from trading.pipeline.start import open_account, with_tiers
from trading.real_money.confirming import same
from trading.real_money.demands import check_bound, passed_preflight
from trading.schedule.due import windows
from trading.schedule.runs import calendar, jobs
from trading.standing import on_clock

log = structlog.get_logger(__name__)

UNREADABLE: Final = (TradingError, EngineError, MarketDataError)
"""What a run that was left may be, and keeps nobody from waiting."""


def why_wait(plan: Plan) -> str:
    """Why nothing is begun now; "" when it is. A market that is not on the clock has no hours."""
    if not on_clock(plan):
        return ""
    account = Account.objects.filter(name=plan.account).first()
    if account is not None and not account.enabled:  # also what is open could not be begun
        return f"account {account.name} is disabled"
    refused = _not_confirmed(plan)
    if account is not None and _holds(account):
        return refused
    why = _not_now(plan, account)
    if why and account is not None and _left_open(account):
        return refused
    return why or refused


def stand_by(plan: Plan) -> Account:
    """The account of a process that waits, with what a process before it left behind brought to its
    end, as far as nothing is open. StartError for a live account that was never started."""
    account = Account.objects.filter(name=plan.account).first()
    if plan.broker is None and (account is None or account.enabled):
        account = open_account(plan)
    if account is None:
        raise StartError(
            f"account {plan.account} does not exist: the first start of a live account is a "
            "person's; start it once without --stay"
        )
    if plan.broker is not None:  # a kill that is heard meanwhile closes there
        check_bound(account, plan.broker)
    try:
        close_left(account, "its process ended, and the next waits for a start")
    except UNREADABLE as error:  # said again by whoever starts
        log.warning("run_not_closed", account=account.name, error=str(error))
    return account


def _not_now(plan: Plan, account: Account | None) -> str:
    """Why nothing new is begun; "" when it may be."""
    day = plan.schedule.at(clock.now_ns())
    if account is not None and (stopped := _stopped(account, day)):
        return stopped
    return _too_early_or_late(plan, day)


def _left_open(account: Account) -> bool:
    """The same as `_holds`, by the journal, where rows were not stored any more."""
    try:
        return bool(open_left(account))
    except UNREADABLE as error:
        log.warning("run_not_looked_at", account=account.name, error=str(error))
        return False


def _holds(account: Account) -> bool:
    open_ = (Trade.Status.WAITING, Trade.Status.OPEN)
    return Trade.objects.filter(account=account, status__in=open_).exists()


def _stopped(account: Account, day: TradingDay) -> str:
    """That a person stopped the day's session, and nobody has started it since."""
    kinds = (Command.Kind.START, Command.Kind.STOP)
    done = Command.objects.filter(account=account, kind__in=kinds, status=Command.Status.DONE)
    last = done.select_related("session", "requested_by").order_by("-executed_at").first()
    if last is None or last.kind != Command.Kind.STOP or last.session is None:
        return ""
    if last.session.day != day.day:
        return ""
    by = last.requested_by.get_username() if last.requested_by else "a command"
    return f"the session of {day.day} was stopped by {by}"


def _too_early_or_late(plan: Plan, day: TradingDay) -> str:
    now, begins = clock.now(), _begins(plan, day)
    if begins is None or now >= moment(day.entries_to):
        return f"no session of {day.day} can be begun any more"
    local = begins.astimezone(NEW_YORK)
    return f"the session begins at {local:%Y-%m-%d %H:%M} New York" if now < begins else ""


def _begins(plan: Plan, day: TradingDay) -> datetime | None:
    """When the day's session begins; None when it has none, or nobody is to start it."""
    if day.open == day.close:
        return None
    if plan.schedule.session == "all":
        return moment(day.open)
    start = next(job for job in jobs() if job.name == "start")
    if not start.enabled:
        return None if not _begun_today(plan, day) else moment(day.open)
    window = next(windows(start, [day.day], calendar()), None)
    return window.due_at if window is not None else moment(day.open)


def _begun_today(plan: Plan, day: TradingDay) -> bool:
    return Session.objects.filter(account__name=plan.account, day=day.day).exists()


def _not_confirmed(plan: Plan) -> str:
    """Why no real money may be traded; "" when it may, or on paper."""
    if plan.broker is None:
        return ""
    if not same(settings.CONFIRM_LIVE, plan.broker):
        return f"it trades {plan.broker}, and CONFIRM_LIVE does not name it"
    try:
        passed_preflight(plan, plan.broker, with_tiers(plan))
    except StartError as error:
        return str(error)
    return ""
