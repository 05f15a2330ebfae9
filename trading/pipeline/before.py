"""What a live start hears before its feed, where no journal leads up to it.

A journal that ends within the last 24 hours is gone on with: its whole day comes first, and the
feed fills in the rest. Otherwise the last WARMUP_HOURS of trading come from the tick store, from
Databento's history, and from the feed's own replay (`marketdata.history.warm_up`).

A day before the one that is going on is heard only by an account that has no session since: the
engine forgets a day when the next one begins, but for its levels, and those a session has left.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.calendars import NEW_YORK, schedule
from trading.models import Session
from trading.pipeline.options import Plan

if TYPE_CHECKING:
    from engine.schedule import TradingDay
    from marketdata.history.warm_up import Hole, Warm
    from marketdata.store import TickStore


@dataclass(frozen=True, slots=True)
class Wanted:
    """The last hours of trading: from `since` (UTC ns) on, over `days`, the current one last."""

    since: int
    days: "tuple[TradingDay, ...]"


def wanted(symbol: str, now: int) -> Wanted | None:
    """What WARMUP_HOURS says; None when it says that there is no warm-up."""
    from marketdata.history.warm_up import trading_days

    hours = settings.WARMUP_HOURS
    if not hours:
        return None
    return Wanted(*trading_days(schedule(instrument(symbol), "all"), now, hours))


def heard_before(plan: Plan, contract: str, now: int, want: Wanted, store: "TickStore") -> "Warm":
    """The ticks up to where the live feed begins. May ask Databento, so it may take seconds; what
    Databento does not give is a hole, and no reason not to start."""
    from marketdata.history.sources import HistoryTicks, stored_ticks
    from marketdata.history.warm_up import warm_up

    days = want.days
    if len(days) > 1 and _left_something(plan.account, days[0]):
        days = days[-1:]
    folder = Path(settings.DATA_DIR) / "downloads" / plan.symbol / f"warm-up-{plan.account}"
    history = HistoryTicks(
        settings.DATABENTO_API_KEY,
        settings.DATABENTO_HISTORICAL_GATEWAY,
        instrument(plan.symbol),
        contract,
        folder,
        settings.WARMUP_MAX_COST,
    )
    return warm_up(now, want.since, days, stored_ticks(store, plan.symbol, contract), history)


def warmth(warm: "Warm") -> dict[str, Any]:
    """Where the ticks came from, and what is missing; for JSON."""
    return {
        "from_store": warm.counts["store"],
        "from_history": warm.counts["history"],
        "missing": [_hole(hole) for hole in warm.holes],
    }


def _hole(hole: "Hole") -> str:
    start, end = (
        datetime.fromtimestamp(ts // NS, UTC).astimezone(NEW_YORK) for ts in (hole.start, hole.end)
    )
    return f"{start:%Y-%m-%d %H:%M} to {end:%H:%M} New York: {hole.reason}"


def _left_something(account: str, day: "TradingDay") -> bool:
    return Session.objects.filter(account__name=account, day__gte=day.day).exists()
