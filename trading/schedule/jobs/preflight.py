"""Looks at everything that each process which stands by needs to trade, as `manage.py preflight`.

It is made where the job runs: with workers on another machine than the trading process, disk and
clock are theirs.
"""

from engine.errors import EngineError
from marketdata.errors import MarketDataError
from trading.errors import TradingError
from trading.models import Preflight
from trading.schedule.jobs.asking import listed
from trading.schedule.work import JobError, Outcome, Turn
from trading.standing import Desk, desks

ACTOR = "schedule"


def perform(turn: Turn) -> Outcome:
    found = {desk.account: _looked(desk) for desk in desks()}
    if not found:
        return Outcome(text="no process stands by to trade", skipped=True)
    wrong = {account: text for account, text in found.items() if text}
    if wrong:
        raise JobError(listed(wrong), facts=tuple(wrong.items()))
    return Outcome(text=f"passed: {', '.join(found)}")


def _looked(desk: Desk) -> str:
    """Why it may not trade; "" when it may."""
    from trading.brokers.live import live_adapter
    from trading.preflight.looking import look

    try:
        row = look(desk.plan(), connect=live_adapter, actor=ACTOR)
    except (EngineError, MarketDataError, TradingError) as error:
        return " ".join(str(error).split())
    return "" if row.passed else failures(row)


def failures(row: Preflight) -> str:
    """What failed, with its remedies."""
    wrong = [each for each in row.results if each["level"] == "fail"]
    return ", ".join(
        f"{each['name']}: {each['text']}" + (f" ({each['remedy']})" if each["remedy"] else "")
        for each in wrong
    )
