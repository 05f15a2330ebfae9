"""Which day somebody means."""

from datetime import date

from trading.errors import RecapError
from trading.models import Session
from trading.pipeline.stored import day_of


def asked_day(given: str | None, account: str = "") -> date:
    """The day that was given, else the last that was traded; RecapError when it was not."""
    sessions = Session.objects.order_by("day")
    if account:
        sessions = sessions.filter(account__name=account)
    whose = account or "any account"
    if given is None:
        last = sessions.last()
        if last is None:
            raise RecapError(f"no session of {whose} is stored; trade one: manage.py trade --help")
        return last.day
    day = day_of("--date", given)
    if not sessions.filter(day=day).exists():
        raise RecapError(
            f"no session of {whose} is stored for {day}; `recap` without --date "
            "takes the last that is"
        )
    return day
