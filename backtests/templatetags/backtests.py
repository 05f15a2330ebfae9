"""What the templates of backtests ask of a run, and how its figures are written."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from django import template

from backtests.models import Backtest, BacktestTrade, Study
from backtests.pages.runs import is_finished
from engine.instruments import instrument
from engine.text import decimals, number_text

register = template.Library()

LEVELS: Final = {
    Backtest.Status.WAITING: "idle",
    Backtest.Status.RUNNING: "ok",
    Backtest.Status.DONE: "idle",
    Backtest.Status.STOPPED: "warn",
    Backtest.Status.FAILED: "danger",
}


@register.filter
def level(run: Backtest | Study) -> str:
    """The colour of its state."""
    return LEVELS[Backtest.Status(run.status)]


@register.filter
def finished(run: Backtest) -> bool:
    return is_finished(run)


@register.filter
def comparable(run: Backtest) -> bool:
    """Whether there is something of it to compare."""
    return is_finished(run) and run.days_done > 0


@register.filter
def lots(trade: BacktestTrade) -> str:
    """Its size in contracts or coins."""
    return number_text(instrument(trade.symbol).lot * trade.size, 0)


@register.filter
def milliseconds(ns: int) -> int:
    """As addresses of replays say times."""
    return ns // 1_000_000


@register.filter
def average_price(value: Decimal, symbol: str) -> str:
    """An average of fills, two places finer than the tick; the CSV has it whole."""
    places = decimals(instrument(symbol).tick)
    finer = value.quantize(Decimal(1).scaleb(-places - 2), ROUND_HALF_EVEN)
    return number_text(finer.normalize(), places)
