"""What is to be traded: settings, credentials of the feed, and whether there is a session today."""

import asyncio
import calendar as calendar_days
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.conf import settings

from engine.config import EngineConfig
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from marketdata.feeds.contracts import delivery
from trading.models import Session
from trading.pipeline.options import Plan
from trading.preflight.results import Result, failed, passed, warned

INDEX_CALENDAR: Final = "CME_Equity"
ROLLS_BEFORE: Final = 9
"""Days before its expiry, a Friday, that an index future's volume moves to the next: a Thursday."""


def rules(plan: Plan, config: EngineConfig) -> Result:
    """Named, so that a start with other rules is told apart. What is wrong never gets here."""
    name = plan.config_name or "the defaults"
    return passed("Settings", f"{name}, rules {config.rules_digest}")


def calendar(plan: Plan, now: int) -> Result:
    """A session is today, and entries are still possible in it. `now`: UTC ns."""
    day = plan.schedule.at(now)
    if day.open == day.close:
        return warned("Calendar", f"{day.day}: the market is open outside this session only",
                      "wait for the next trading day, or use --session all")  # fmt: skip
    hours = f"{_clock(day.open)} to {_clock(day.close)} New York, flat at {_clock(day.flatten_at)}"
    if _date(now) != day.day:
        text = f"no session today; the next is {day.day}, {hours}"
        return warned("Calendar", text, "start on that day")
    if now >= day.entries_to:
        return warned("Calendar", f"{day.day}: entries ended at {_clock(day.entries_to)}",
                      "start on the next trading day")  # fmt: skip
    if _local(day.close).time() < _usual_close(plan, day):
        return warned("Calendar", f"{day.day} closes early: {hours}", "nothing to do, if you know")
    return passed("Calendar", f"{day.day}: {hours}")


def _usual_close(plan: Plan, day: TradingDay) -> time:
    """Of the days before: one of them may have closed early too."""
    closes = []
    for _ in range(3):
        day = plan.schedule.before(day.day)
        closes.append(_local(day.close).time())
    return max(closes)


def feed(plan: Plan) -> Result:
    """The market's key is there, and the gateway takes it. Nothing is asked for, nothing costs."""
    if not plan.live:
        return passed("Feed", plan.feed.info.source if plan.feed else "a simulated market")
    if not settings.DATABENTO_API_KEY:
        return failed("Feed", "no key of Databento", "set DATABENTO_API_KEY")
    from marketdata.feeds.databento_live.connection import ConnectionLost, log_in
    from trading.pipeline.databento import access

    gateway = access()
    try:
        asyncio.run(log_in(gateway))
    except ConnectionLost as lost:
        remedy = "correct DATABENTO_API_KEY, or renew its licence for live data"
        if lost.kind != "auth":
            remedy = "look at status.databento.com, and at the way there; try again"
        return failed("Feed", f"Databento: {str(lost).partition(';')[0]}", remedy)
    return passed("Feed", f"Databento at {gateway.host} takes the key")


def roll(plan: Plan, now: int) -> Result:
    """The contract that is known is not about to expire. `now`: UTC ns."""
    name = contract(plan)
    if not name:
        return passed("Roll", "the contract is decided when the feed is heard")
    today = plan.schedule.at(now).day
    month = delivery(name, today)
    if month is None or plan.schedule.calendar != INDEX_CALENDAR:
        return passed("Roll", f"{name}")
    expires = third_friday(*month)
    left = (expires - today).days
    if left < 0:
        return warned("Roll", f"{name} expired on {expires}", "name another with --contract")
    if left <= ROLLS_BEFORE:
        text = f"{name} expires on {expires}, in {left} days: its volume moves on"
        return warned("Roll", text, "see that the next contract is what you mean to trade")
    return passed("Roll", f"{name}, {left} days to {expires}")


def third_friday(year: int, month: int) -> date:
    """When an index future expires."""
    first = date(year, month, 1)
    return first + timedelta(days=(calendar_days.FRIDAY - first.weekday()) % 7 + 14)


def contract(plan: Plan) -> str:
    """What the feed trades, as far as that is known before it is heard; else ""."""
    if plan.feed is not None:
        return plan.feed.info.contract
    if plan.contract is not None and "." not in plan.contract:
        return plan.contract
    sessions = Session.objects.filter(instrument_id=plan.symbol, synthetic=False)
    last = sessions.exclude(contract="").order_by("-day").values_list("contract", flat=True)
    return (last.first() or "") if plan.live else ""


def _clock(ts: int) -> str:
    return f"{_local(ts):%H:%M}"


def _date(ts: int) -> date:
    return _local(ts).date()


def _local(ts: int) -> datetime:
    return datetime.fromtimestamp(ts // NS, UTC).astimezone(NEW_YORK)
