"""What is to be traded: settings, credentials of the feed, and whether there is a session today."""

from datetime import UTC, date, datetime

from django.conf import settings

from engine.config import EngineConfig
from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from trading.models import Session
from trading.pipeline.options import Plan
from trading.preflight.results import Result, failed, passed, warned


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
    return passed("Calendar", f"{day.day}: {hours}")


def feed(plan: Plan) -> Result:
    """The market's key is there."""
    if not plan.live:
        return passed("Feed", plan.feed.info.source if plan.feed else "a simulated market")
    if not settings.DATABENTO_API_KEY:
        return failed("Feed", "no key of Databento", "set DATABENTO_API_KEY")
    return passed("Feed", "Databento, with a key")


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
