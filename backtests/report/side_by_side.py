"""Plots of two runs: A a solid line, B a dashed one of another colour."""

from itertools import accumulate
from typing import Any, Final

from backtests.metrics import Series
from trading.report.drawing import LINE, QUIET, Plot, amounts, days, money_axis, plot

STYLES: Final = (("A", LINE, "solid"), ("B", "$sell", "dash"))


def compared(a: Series, b: Series) -> dict[str, Plot]:
    """The plots of a comparison by name."""
    return {"balances": _balances(a, b), "falls": _falls(a, b), "gap": _gap(a, b)}


def _balances(a: Series, b: Series) -> Plot:
    """What each made since its start: balances that began apart would hide it."""
    lines = [
        _line(style, of, (of.by_day.balance - of.by_day.opening).tolist())
        for style, of in zip(STYLES, (a, b), strict=True)
    ]
    return _over_time(lines, a, height=340)


def _falls(a: Series, b: Series) -> Plot:
    lines = [
        _line(style, of, (-of.by_day.drawdown).tolist())
        for style, of in zip(STYLES, (a, b), strict=True)
    ]
    return _over_time(lines, a, height=240)


def _gap(a: Series, b: Series) -> Plot:
    """What B made more than A, summed over the days that both ran."""
    first, second = (dict(zip(of.days, of.columns.day_net.tolist(), strict=True)) for of in (a, b))
    common = sorted(first.keys() & second.keys())
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": days(common),
        "y": amounts(accumulate(second[day] - first[day] for day in common)),
        "line": {"color": QUIET, "width": 1.8},
        "fill": "tozeroy",
        "fillcolor": f"{QUIET}/20",
        "hovertemplate": "%{x|%a %e %b %Y}<br>B less A %{y:+,.2f}<extra></extra>",
    }
    return _over_time([line], a, height=240)


def _line(style: tuple[str, str, str], of: Series, values: list[int]) -> dict[str, Any]:
    name, colour, dash = style
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": days(of.days),
        "y": amounts(values),
        "line": {"color": colour, "width": 1.8, "dash": dash},
        "hovertemplate": f"{name}, %{{x|%a %e %b %Y}}<br>%{{y:+,.2f}}<extra></extra>",
    }


def _over_time(lines: list[dict[str, Any]], of: Series, *, height: int) -> Plot:
    return plot(
        lines,
        height=height,
        x={"type": "date"},
        y=money_axis(of.outcome.plan.config.instrument.currency),
        showlegend=len(lines) > 1,
        dragmode="zoom",
    )
