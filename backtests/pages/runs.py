"""Reading runs for their pages."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet

from backtests.models import Backtest, BacktestDay
from marketdata.calendars import NEW_YORK
from trading.pages.address import Wanted, read
from trading.pages.plots import FULL, Scale, line

Json = dict[str, Any]

NAMES: Final = ("text", "symbol", "status", "from", "to")
SORTS: Final[dict[str, Any]] = {
    "asked": F("created_at"),
    "symbol": F("symbol"),
    "days": F("days_done"),
    "trades": F("trades_closed"),
    "net": F("net"),
}
NEWEST: Final = "-asked"
UNFINISHED: Final = (Backtest.Status.WAITING, Backtest.Status.RUNNING)
FINISHED: Final = tuple(one for one in Backtest.Status if one not in UNFINISHED)
NUMBER: Final = 18  # digits of a run's number that a text can mean


class RunFilter(Wanted):
    """Which runs, in which order. `text` is looked for in note, configuration, symbol and the name
    of who asked; digits also mean a run's number. `from` and `to` are days on which it was asked,
    New York."""

    def apply(self, runs: QuerySet[Backtest]) -> QuerySet[Backtest]:
        """Only what passes, in order; nothing while there are problems."""
        if self.problems:
            return runs.none()
        values = self.values
        if "symbol" in values:
            runs = runs.filter(symbol=values["symbol"])
        if "status" in values:
            runs = runs.filter(status=values["status"])
        if self.first:
            runs = runs.filter(created_at__gte=_midnight(self.first))
        if self.last:
            runs = runs.filter(created_at__lt=_midnight(self.last + timedelta(days=1)))
        if text := values.get("text"):
            found = (
                Q(note__icontains=text)
                | Q(config_name__icontains=text)
                | Q(symbol__icontains=text)
                | Q(asked_by__username__icontains=text)
            )
            number = text.removeprefix("#")
            if number.isdecimal() and len(number) <= NUMBER:
                found |= Q(pk=int(number))
            runs = runs.filter(found)
        return runs.order_by(*self.order(SORTS, "-id"))


def run_filter(asked: Mapping[str, str]) -> RunFilter:
    """What an address asks for."""
    return read(
        RunFilter,
        asked,
        names=NAMES,
        choices={"status": Backtest.Status.values},
        sorts=SORTS,
        usual=NEWEST,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), NEW_YORK)


def runs() -> QuerySet[Backtest]:
    """Runs with what a row of a list shows; a plan of years is not read for that."""
    return Backtest.objects.select_related("asked_by").defer("plan")


def symbols() -> list[str]:
    return list(Backtest.objects.order_by("symbol").values_list("symbol", flat=True).distinct())


def is_finished(row: Backtest) -> bool:
    return row.status in FINISHED


# How far a run is


def progress_to_wire(row: Backtest) -> Json:
    """What the page's socket and its polls say of a run."""
    return {
        "type": "backtest",
        "id": row.pk,
        "status": row.status,
        "done": row.days_done,
        "days": row.days_asked,
        "analysed": row.days_analysed,
        "kept": row.days_kept,
        "ticks": row.ticks,
        "started": None if row.started_at is None else int(row.started_at.timestamp() * 1000),
        "stopping": row.stop_asked,
    }


def share(part: int, whole: int) -> str:
    """A part as percents, as drawings take them."""
    return f"{min(part, whole) * 1000 // whole / 10:.1f}%" if whole else "0%"


def equity_so_far(row: Backtest) -> Json | None:
    """The balance after each finished day, as a line of 1000 by 1000; None before the second."""
    days = BacktestDay.objects.filter(backtest=row).order_by("day")
    closings = list(days.values_list("closing", flat=True))
    if len(closings) < 2:
        return None
    made = [closing - row.opening for closing in closings]
    scale = Scale(made)
    last = len(made) - 1
    return {
        "points": line([(k * FULL // last, scale.place(each)) for k, each in enumerate(made)]),
        "zero": scale.zero,
        "balance": closings[-1],
        "made": made[-1],
    }


def days_of(row: Backtest) -> QuerySet[BacktestDay]:
    return row.days.order_by("day")
