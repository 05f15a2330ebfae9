"""Plots of trades in groups: a bar for each group's mean trade, with its interval. A bar is faint
unless its group's mean is further from 0 than chance explains, so that what may be luck looks it.
"""

from typing import Final

from backtests.metrics.breakdowns import Breakdown, Group
from backtests.metrics.words import count_of, signed_money_text
from trading.report.drawing import GAIN, LOSS, Plot, amount, money_axis, plot, text

SHOWN: Final = ("weekday", "hour", "pattern", "regime", "tier", "direction", "exit")
IF_SEVERAL: Final = ("symbol", "size")
"""Shown where there is more than one group."""
BAND: Final = 1.96  # standard errors: 95 % of a normal mean
FEWEST: Final = 5
"""Trades of a group whose interval is drawn: of fewer it would look surer than it is."""
FAINT: Final = 45
ROW: Final = 30  # pixels


def shown(found: dict[str, Breakdown]) -> list[Breakdown]:
    """Those that a report shows."""
    several = [name for name in IF_SEVERAL if len(found[name].groups) > 1]
    return [found[name] for name in (*SHOWN, *several) if found[name].groups]


def grouped(found: Breakdown, currency: str) -> Plot:
    """A bar a group, the first on top; its trades and net at the right."""
    groups = found.groups[::-1]
    means = [amount(group.expectancy) for group in groups]
    return plot(
        [
            {
                "type": "bar",
                "orientation": "h",
                "y": [text(group.label) for group in groups],
                "x": means,
                "customdata": [
                    [count_of(group.trades, "trade"), signed_money_text(group.net)]
                    for group in groups
                ],
                "marker": {"color": [_colour(group) for group in groups]},
                "error_x": {
                    "type": "data",
                    "symmetric": True,
                    "array": [_band(group) for group in groups],
                    "color": "$text-2",
                    "thickness": 1.2,
                    "width": 3,
                },
                "hovertemplate": "%{y}<br>%{x:+,.2f} a trade<br>%{customdata[0]}, "
                "net %{customdata[1]}<extra></extra>",
            }
        ],
        height=70 + ROW * len(groups),
        x=money_axis(f"{currency} a trade"),
        y={"type": "category"},
        bargap=0.35,
        margin={"l": 8, "r": 48, "t": 8, "b": 8},
        annotations=[
            {
                "xref": "paper", "x": 1, "xanchor": "left", "xshift": 4,
                "y": number, "showarrow": False,
                "text": f"{group.trades:,}", "font": {"size": 11, "color": "$text-3"},
            }
            for number, group in enumerate(groups)
        ],
    )  # fmt: skip


def _colour(group: Group) -> str:
    token = GAIN if group.expectancy > 0 else LOSS
    return token if group.beyond_chance else f"{token}/{FAINT}"


def _band(group: Group) -> float:
    if group.error is None or group.trades < FEWEST:
        return 0.0
    return round(BAND * amount(group.error), 2)
