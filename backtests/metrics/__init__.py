"""What a backtest's outcome amounts to: figures with their definitions, groups of trades, series.

>>> found = figures(outcome)
>>> found.net, found["net"], figure_text("net", found.net), DEFINITIONS["net"].label
(-1000000000, -1000000000, '−10.00', 'Net profit')

Pure: an `Outcome` in, numbers out. Nothing here reads a database, a file or a clock.
"""

from backtests.metrics.breakdowns import CAVEAT, COLUMNS, Breakdown, Group, breakdowns
from backtests.metrics.definitions import DEFINITIONS, Definition, Section, Unit
from backtests.metrics.figures import Figures, figures
from backtests.metrics.series import Series
from backtests.metrics.words import figure_text, value_text

__all__ = [
    "CAVEAT",
    "COLUMNS",
    "DEFINITIONS",
    "Breakdown",
    "Definition",
    "Figures",
    "Group",
    "Section",
    "Series",
    "Unit",
    "breakdowns",
    "figure_text",
    "figures",
    "value_text",
]
