"""Two runs side by side, as `backtests.compare` tells them apart and their report says it."""

from typing import Any, Final

from backtests import storing
from backtests.compare import Comparison, compare
from backtests.metrics import Series
from backtests.models import Backtest
from backtests.outcome import Outcome
from backtests.report import as_json, comparison
from backtests.report.comparing import comparison_report
from backtests.report.side_by_side import compared

SEED: Final = 1
"""Of the resampling: the same two runs always say the same."""


def read(a: Backtest, b: Backtest) -> tuple[Outcome, Outcome, Comparison]:
    first, second = storing.load(a), storing.load(b)
    return first, second, compare(first, second, seed=SEED)


def title_of(a: Backtest, b: Backtest) -> str:
    return f"Backtests {a.pk} and {b.pk}"


def shown(a: Backtest, b: Backtest) -> dict[str, Any]:
    """For the template: A always before B."""
    first, second, found = read(a, b)
    series = Series(first), Series(second)
    return {
        "a": a,
        "b": b,
        "runs": (("A", a), ("B", b)),
        "report": comparison_report(*series, found, title=title_of(a, b)),
        "plots": as_json(compared(*series)),
    }


def as_html(a: Backtest, b: Backtest) -> str:
    """The file that stands alone."""
    first, second, found = read(a, b)
    return comparison(first, second, found, title=title_of(a, b))
