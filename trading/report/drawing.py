"""What the plots of a report have in common: the look of a plot, places on it, names on it.

A plot is plotly's JSON as plain dicts (`Plot`), drawn by `static/js/report/plots.js` in the file on
disk and on the page alike. Its rules:

- A colour is a token of `static/css/tokens.css`, `$profit`, or `$profit/25` with a quarter of its
  strength. The script puts in the theme's, wherever a key ends with "color".
- Amounts come in as units and go out as cents, rounded for the screen alone. Tables and the CSV say
  them exactly.
- Times are New York's wall clock.
- plotly reads some HTML in texts: whatever a person wrote goes through `text`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any, Final

from engine.money import UNITS

Plot = dict[str, Any]

FONT: Final = '"Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif'
GAIN: Final = "$profit"
LOSS: Final = "$loss"
LINE: Final = "$accent"
QUIET: Final = "$text-3"
LONG: Final = "$buy"
SHORT: Final = "$sell"
FEW: Final = 6
MOST_POINTS: Final = 4_000
"""More than a screen has columns: what is drawn of a longer line is thinned to this."""


def plot(
    traces: Sequence[Mapping[str, Any]],
    *,
    height: int = 300,
    x: Mapping[str, Any] | None = None,
    y: Mapping[str, Any] | None = None,
    **layout: Any,
) -> Plot:
    """A plot with the report's look; `x` and `y` add to its axes, `layout` to the rest."""
    return {
        "data": list(traces),
        "layout": {
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 12, "color": "$text-2"},
            "hoverlabel": {
                "bgcolor": "$surface-3",
                "bordercolor": "$line-strong",
                "font": {"family": FONT, "size": 12, "color": "$text"},
            },
            "hovermode": "closest",
            "showlegend": False,
            "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
            "xaxis": axis(**(x or {})),
            "yaxis": axis(**(y or {})),
        }
        | layout,
    }


def axis(**more: Any) -> dict[str, Any]:
    return {
        "automargin": True,
        "gridcolor": "$line",
        "zerolinecolor": "$line-strong",
        "linecolor": "$line-strong",
        "tickfont": {"color": "$text-2"},
    } | more


def money_axis(words: str, **more: Any) -> dict[str, Any]:
    """Amounts, whole where they are large: `1,250`; `words` name them."""
    return {"tickformat": ",~f", "title": title(words), "zeroline": True} | more


def counts_axis(words: str, most: float, **more: Any) -> dict[str, Any]:
    """From 0, in whole numbers also where there are few."""
    few = {"dtick": 1} if most <= FEW else {}
    return {"title": title(words), "rangemode": "tozero", "tickformat": ",d"} | few | more


def title(words: str) -> dict[str, Any]:
    return {"text": text(words), "font": {"size": 11, "color": "$text-3"}}


def text(words: str) -> str:
    """As plotly shows it: nothing in it is markup."""
    return escape(words, quote=False)


def amount(units: int) -> float:
    """Where an amount is drawn, in cents."""
    return round(units / UNITS, 2)


def amounts(units: Iterable[int]) -> list[float]:
    return [amount(each) for each in units]


def days(found: Iterable[date]) -> list[str]:
    return [day.isoformat() for day in found]


def signs(values: Iterable[float]) -> list[str]:
    """A colour for each: a gain's or a loss's."""
    return [GAIN if value > 0 else LOSS if value < 0 else QUIET for value in values]


def thinned(count: int, values: Sequence[float], most: int = MOST_POINTS) -> list[int]:
    """Which of `count` points to draw so that a line looks the same: the first, last, lowest and
    highest of each of equal parts."""
    if count <= most:
        return list(range(count))
    parts = most // 4
    kept: set[int] = {0, count - 1}
    for part in range(parts):
        inside = range(part * count // parts, (part + 1) * count // parts)
        kept |= {inside[0], inside[-1]}
        kept |= {min(inside, key=values.__getitem__), max(inside, key=values.__getitem__)}
    return sorted(kept)
