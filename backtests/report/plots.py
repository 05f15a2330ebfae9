"""Every plot of a report by its name: the page and the file on disk draw the same ones."""

from collections.abc import Callable, Sequence
from typing import Final

from backtests.metrics import Series
from backtests.metrics.breakdowns import Breakdown
from backtests.report import distributions, over_time
from backtests.report.groups import grouped
from trading.report.drawing import Plot

_BY_NAME: Final[dict[str, Callable[[Series], Plot]]] = {
    "equity": over_time.equity,
    "drawdown": over_time.drawdown,
    "daily": over_time.daily,
    "rolling": over_time.rolling,
    "r": distributions.r_distribution,
    "excursions": distributions.excursions,
    "holding": distributions.holding,
    "streaks": distributions.streaks,
}


def drawn(of: Series, groups: Sequence[Breakdown]) -> dict[str, Plot]:
    """plotly's JSON by name, with our tokens for colours (`trading.report.drawing`)."""
    currency = of.outcome.plan.config.instrument.currency
    return {
        **{name: draw(of) for name, draw in _BY_NAME.items()},
        **{f"by-{found.name}": grouped(found, currency) for found in groups},
    }
