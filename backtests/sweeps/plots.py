"""The plots of a sweep, as plotly's JSON in the report's look (`trading.report.drawing`)."""

from collections.abc import Sequence
from typing import Final

from backtests.outcome import Outcome
from backtests.sweeps.plateau import Slice
from backtests.sweeps.sweep import Swept
from trading.report.drawing import (
    GAIN,
    LINE,
    LOSS,
    QUIET,
    Plot,
    amounts,
    days,
    money_axis,
    plot,
    text,
    title,
)

SQUARE: Final = 30
FAINT: Final = 12
STRONG: Final = 60
BINS: Final = 24


def heat_map(of: Slice, objective: str) -> Plot:
    """Two parameters' values against each other, a square for each point: the stronger its colour,
    the further from 0. The best is framed; where nothing was run nothing is drawn."""
    cells = [
        (of.columns[column], of.rows[row], score, (row, column) == of.best)
        for row, scores in enumerate(of.scores)
        for column, score in enumerate(scores)
        if score is not None
    ]
    most = max((abs(score) for _, _, score, _ in cells), default=0.0)
    return plot(
        [
            {
                "type": "scatter",
                "mode": "markers+text",
                "x": [across for across, *_ in cells],
                "y": [down for _, down, *_ in cells],
                "text": [f"{score:.3g}" for *_, score, _ in cells],
                "textfont": {"size": 10},
                "marker": {
                    "symbol": "square",
                    "size": SQUARE,
                    "color": [_colour(score, most) for *_, score, _ in cells],
                    "line": {"width": [3 if best else 0 for *_, best in cells], "color": LINE},
                },
                "hovertemplate": f"{text(of.across)} %{{x}}<br>{text(of.down)} %{{y}}<br>"
                f"{objective} %{{text}}<extra></extra>",
            }
        ],
        height=110 + 40 * len(of.rows),
        x={"type": "category", "title": title(of.across), "categoryarray": list(of.columns)},
        y={"type": "category", "title": title(of.down), "categoryarray": list(of.rows)},
    )


def _colour(score: float, most: float) -> str:
    if not score or not most:
        return f"{QUIET}/{FAINT}"
    strength = FAINT + round((STRONG - FAINT) * abs(score) / most)
    return f"{GAIN if score > 0 else LOSS}/{strength}"


def scores(of: Swept) -> Plot:
    """How many points have which score, and where the best is."""
    found = [trial.score(of.spec.objective) for trial in of.ranked]
    known = [score for score in found if score is not None]
    low, high = min(known), max(known)
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for score in known:
        counts[min(int((score - low) / width), BINS - 1)] += 1
    middles = [low + (at + 0.5) * width for at in range(BINS)]
    return plot(
        [
            {
                "type": "bar",
                "x": middles,
                "y": counts,
                "width": [width * 0.9] * BINS,
                "marker": {"color": [GAIN if each > 0 else LOSS for each in middles]},
                "hovertemplate": "%{y} points near %{x:.3g}<extra></extra>",
            }
        ],
        height=240,
        x={"title": title(of.spec.objective), "zeroline": True},
        y={"title": title("Points"), "rangemode": "tozero"},
    )


def out_of_sample(outcome: Outcome, begins: Sequence[str]) -> Plot:
    """The balance of all test days; `begins` are the folds' first days."""
    shown = days(day.day for day in outcome.days)
    return plot(
        [
            {
                "type": "scatter",
                "mode": "lines",
                "x": shown,
                "y": amounts(day.closing for day in outcome.days),
                "line": {"color": LINE, "width": 1.8},
                "hovertemplate": "%{x|%e %b %Y}<br>%{y:,.2f}<extra></extra>",
            }
        ],
        x={"type": "date"},
        y=money_axis(outcome.plan.config.instrument.currency),
        shapes=[
            {
                "type": "line", "xref": "x", "yref": "paper", "x0": day, "x1": day, "y0": 0,
                "y1": 1, "line": {"color": QUIET, "width": 1, "dash": "dot"},
            }
            for day in begins
        ],
    )  # fmt: skip
