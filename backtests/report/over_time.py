"""Plots over time: the balance, its drawdown, each day, the course of the expectancy."""

from datetime import timedelta
from itertools import accumulate
from math import sqrt
from typing import Any, Final, TypeVar

import numpy as np

from backtests.metrics import Series
from engine.account_rules import Tier
from engine.money import UNITS
from trading.report.drawing import (
    FEW,
    LINE,
    LOSS,
    QUIET,
    Plot,
    amount,
    amounts,
    axis,
    days,
    money_axis,
    plot,
    signs,
    text,
    thinned,
    title,
)
from trading.report.times import new_york

Number = TypeVar("Number", int, float)

WHEN: Final = "%{x|%a %e %b %Y %H:%M}"
DAY_MS: Final = 86_400_000
WIDEST: Final = 50
LEAST: Final = 10
"""Trades that a rolling mean is over."""
BAND: Final = 1.96  # standard errors: 95 % of a normal mean


def equity(of: Series) -> Plot:
    """The balance after each trade, where it reached another tier, and the tiers' balances."""
    times, found = _course(of, of.columns.balance.tolist())
    drawn = thinned(len(found), found)
    lowest, highest = (min(found), max(found)) if found else (0, 0)
    room = max((highest - lowest) // 20, UNITS)
    inside = [
        tier
        for tier in of.outcome.plan.config.risk.tiers
        if lowest - room <= tier.min_balance_units <= highest + room and tier.min_balance_units
    ]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Balance",
            "x": [times[each] for each in drawn],
            "y": amounts(found[each] for each in drawn),
            "line": {"color": LINE, "width": 1.8, "shape": "hv"},
            "hovertemplate": f"{WHEN}<br>%{{y:,.2f}}<extra></extra>",
        }
    ]
    if changes := [step for step in of.tiers if step.ts is not None]:
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "Another tier",
                "x": [new_york(step.ts) for step in changes if step.ts is not None],
                "y": amounts(step.balance for step in changes),
                "text": [f"now {text(step.tier)}" for step in changes],
                "marker": {
                    "symbol": "diamond",
                    "size": 9,
                    "color": "$warn",
                    "line": {"color": "$surface", "width": 1},
                },
                "hovertemplate": f"{WHEN}<br>%{{text}}<extra></extra>",
            }
        )
    return plot(
        traces,
        height=360,
        x={"type": "date"},
        y=money_axis(
            _currency(of),
            range=[amount(lowest - 2 * room), amount(highest + 2 * room)],
        ),
        dragmode="zoom",
        shapes=[
            _across(amount(of.outcome.opening), QUIET, "solid"),
            *(_across(amount(tier.min_balance_units), "$warn/70", "dot") for tier in inside),
        ],
        annotations=[
            _named(amount(tier.min_balance_units), tier.name) for tier in _apart(inside, room)
        ],
    )


def _apart(tiers: list[Tier], room: int) -> list[Tier]:
    """Those whose names do not stand on the one below: all have their line."""
    kept: list[Tier] = []
    for tier in tiers:
        if not kept or tier.min_balance_units - kept[-1].min_balance_units > room:
            kept.append(tier)
    return kept


def drawdown(of: Series) -> Plot:
    """How far the balance was below its high so far: money above, percent of that high below."""
    curve = of.by_trade
    times, fallen = _course(of, [0, *curve.drawdown.tolist()])
    _, part = _course(of, [0.0, *np.nan_to_num(curve.drawdown_part, nan=1.0).tolist()])
    drawn = thinned(len(fallen), fallen)
    when = [times[each] for each in drawn]
    return plot(
        [
            _below(when, amounts(-fallen[each] for each in drawn), "%{y:,.2f}", "y"),
            _below(when, [-round(100 * part[each], 3) for each in drawn], "%{y:.2f} %", "y2"),
        ],
        height=320,
        x={"type": "date", "anchor": "y2"},
        y=money_axis(_currency(of), domain=[0.54, 1], rangemode="tozero"),
        yaxis2=axis(domain=[0, 0.46], rangemode="tozero", ticksuffix=" %", title=title("of high")),
        dragmode="zoom",
    )


def _course(of: Series, values: list[Number]) -> tuple[list[str], list[Number]]:
    """Values at the opening and after each trade, with their times; the last one holds to the
    end."""
    if not of.days:
        return [], []
    times = [f"{of.days[0]} 00:00:00", *map(new_york, of.by_trade.at), f"{of.days[-1]} 23:59:59"]
    return times, values + values[-1:]


def daily(of: Series) -> Plot:
    """What each day made; a day without a trade is one without a bar."""
    made = amounts(of.columns.day_net.tolist())
    return plot(
        [
            {
                "type": "bar",
                "x": days(of.days),
                "y": made,
                "width": 0.8 * DAY_MS,
                "text": [str(count) for count in of.columns.day_trades.tolist()],
                "textposition": "none",
                "marker": {"color": signs(made), "line": {"width": 0}},
                "hovertemplate": "%{x|%a %e %b %Y}<br>%{y:+,.2f}, %{text} trades<extra></extra>",
            }
        ],
        height=240,
        x={"type": "date"} | _around(of),
        y=money_axis(_currency(of)),
        dragmode="zoom",
    )


def _around(of: Series) -> dict[str, Any]:
    """The days with room for their bars; few of them are named each."""
    if not of.days:
        return {}
    day = timedelta(days=1)
    ends = [f"{of.days[0] - day} 12:00", f"{of.days[-1] + day} 00:00"]
    few = {"dtick": DAY_MS, "tickformat": "%a %e %b"} if len(of.days) <= FEW else {}
    return {"range": ends} | few


def window(trades: int) -> int:
    """How many trades a rolling mean is over."""
    return min(WIDEST, max(LEAST, trades // 5))


def rolling(of: Series) -> Plot:
    """Mean net of the last trades, with 1.96 standard errors to either side."""
    nets = [net / UNITS for net in of.columns.net.tolist()]
    over = window(len(nets))
    sums, squares = [0.0, *accumulate(nets)], [0.0, *accumulate(net * net for net in nets)]
    means, errors = [], []
    for end in range(over, len(nets) + 1):
        mean = (sums[end] - sums[end - over]) / over
        spread = max((squares[end] - squares[end - over]) / over - mean * mean, 0.0)
        means.append(mean)
        errors.append(BAND * sqrt(spread / (over - 1)))
    drawn = thinned(len(means), means)
    place = [over + each for each in drawn]
    low = [round(means[each] - errors[each], 2) for each in drawn]
    high = [round(means[each] + errors[each], 2) for each in drawn]
    edge = {"type": "scatter", "mode": "lines", "x": place, "line": {"width": 0, "color": LINE}}
    return plot(
        [
            edge | {"y": low, "hoverinfo": "skip"},
            edge | {"y": high, "hoverinfo": "skip", "fill": "tonexty", "fillcolor": f"{LINE}/18"},
            {
                "type": "scatter",
                "mode": "lines",
                "x": place,
                "y": [round(means[each], 2) for each in drawn],
                "line": {"color": LINE, "width": 1.8},
                "hovertemplate": "Trade %{x}<br>%{y:+,.2f} a trade<extra></extra>",
            },
        ],
        height=260,
        x={"title": title("Trade"), "tickformat": ",d"},
        y=money_axis(f"{_currency(of)} a trade"),
    )


def _currency(of: Series) -> str:
    return of.outcome.plan.config.instrument.currency


def _below(x: list[str], y: list[float], shown: str, its_axis: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "yaxis": its_axis,
        "line": {"color": LOSS, "width": 1.2, "shape": "hv"},
        "fill": "tozeroy",
        "fillcolor": f"{LOSS}/25",
        "hovertemplate": f"{WHEN}<br>" + shown + "<extra></extra>",
    }


def _across(at: float, colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": at,
        "y1": at,
        "layer": "below",
        "line": {"color": colour, "width": 1, "dash": dash},
    }


def _named(at: float, name: str) -> dict[str, Any]:
    return {
        "xref": "paper",
        "x": 0,
        "y": at,
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "text": text(name),
        "font": {"size": 11, "color": "$warn"},
    }
