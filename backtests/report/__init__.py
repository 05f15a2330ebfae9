"""The report of a backtest: a file that stands alone, and the same plots and parts for the page.

>>> Path("report.html").write_text(html(outcome, figures(outcome)))     # doctest: +SKIP

`document` says what is in a report, `drawing` and the modules beside it draw the plots,
`standalone` makes the file. Reports read outcomes and metrics; they compute no figure of their own.
"""

from backtests.compare import Comparison
from backtests.metrics import Figures, Series, breakdowns
from backtests.outcome import Outcome
from backtests.report.comparing import comparison_report
from backtests.report.document import Report, report
from backtests.report.groups import shown
from backtests.report.plots import drawn
from backtests.report.side_by_side import compared
from trading.report.drawing import Plot
from trading.report.standalone import as_json, standalone

__all__ = ["Plot", "Report", "as_json", "comparison", "document", "html", "plots"]


def html(outcome: Outcome, figures: Figures, *, title: str = "", note: str = "") -> str:
    """The whole file as text, to be written as UTF-8."""
    of, groups = Series(outcome), shown(breakdowns(outcome))
    said = report(of, figures, groups, title=title, note=note)
    return standalone("backtests/report/body.html", {"report": said}, drawn(of, groups))


def comparison(a: Outcome, b: Outcome, found: Comparison, *, title: str = "") -> str:
    """The file that compares two runs: `found` is `backtests.compare.compare`'s."""
    first, second = Series(a), Series(b)
    said = comparison_report(first, second, found, title=title)
    return standalone("backtests/report/body.html", {"report": said}, compared(first, second))


def plots(outcome: Outcome) -> dict[str, Plot]:
    """plotly's JSON by name, for `static/js/report/plots.js`."""
    return drawn(Series(outcome), shown(breakdowns(outcome)))


def document(outcome: Outcome, figures: Figures, *, title: str = "", note: str = "") -> Report:
    """What `templates/backtests/report/body.html` shows as `report`."""
    return report(Series(outcome), figures, shown(breakdowns(outcome)), title=title, note=note)
