"""Plots of an answer, in the look of the reports (`trading.report.drawing`): made of the stored
result alone, so that a page draws them without doing the work again."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from backtests.stress.chances import Json
from backtests.stress.sheets import WAYS, answered
from trading.report.drawing import (
    GAIN,
    LINE,
    LOSS,
    QUIET,
    Plot,
    axis,
    money_axis,
    plot,
    signs,
    text,
    title,
)

LOOKS: Final = {
    "days": {"color": LINE, "width": 2},
    "retiered": {"color": GAIN, "width": 2},
    "trades": {"color": QUIET, "width": 1.5, "dash": "dash"},
    "order": {"color": QUIET, "width": 1.5, "dash": "dot"},
}
NAMES: Final = {
    "fan": "Balances along the paths, days drawn",
    "fan-retiered": "Balances along the paths, sizes by balance",
    "drawdowns": "How deep the deepest drawdown is",
    "ends": "Where the paths end",
    "streaks": "The longest streak of losses",
    "hours": "Net by hour, and what luck gives",
    "weekdays": "Net by weekday, and what luck gives",
    "fees": "Net at other fees",
    "slippage": "Net with more slippage",
}


def plots(result: Json) -> dict[str, Plot]:
    """plotly's JSON by name; the names are those of `NAMES`."""
    currency = result["run"]["currency"]
    found: dict[str, Plot] = {}
    for part, answer in answered(result):
        if part in _DRAWN:
            found.update(_DRAWN[part](answer, currency))
    return found


Drawn = Iterator[tuple[str, Plot]]


def _monte_carlo(answer: Json, currency: str) -> Drawn:
    ways = {name: answer["ways"][name] for name in WAYS if name in answer["ways"]}
    yield "fan", _fan(answer, ways["days"], currency)
    if "retiered" in ways:
        yield "fan-retiered", _fan(answer, ways["retiered"], currency)
    if answer["trades"]:
        yield "drawdowns", _curves(
            {name: way["drawdown"]["curve"] for name, way in ways.items()}, currency,
            "Drawdown", "Paths with as much or more, %", above=True,
        )  # fmt: skip
        ends = {name: way["final"]["curve"] for name, way in ways.items() if name != "order"}
        yield "ends", _curves(ends, currency, "Balance at the end", "Paths below, %", above=False)


def _fan(answer: Json, way: Json, currency: str) -> Plot:
    """The middle 90 and 50 of 100 paths, the middle one, the run's own way."""
    fan, days = way["fan"], way["fan"]["day"]
    traces: list[dict[str, Any]] = []
    for low, high, strength, name in (("5", "95", 12, "9 of 10"), ("25", "75", 25, "5 of 10")):
        traces += [
            _line(days, fan[low], {"color": "$accent/0", "width": 0}) | {"hoverinfo": "skip"},
            _line(days, fan[high], {"color": "$accent/0", "width": 0})
            | {
                "fill": "tonexty",
                "fillcolor": f"{LINE}/{strength}",
                "hoverinfo": "skip",
                "showlegend": True,
                "name": f"{name} paths",
            },
        ]
    traces.append(_line(days, fan["50"], {"color": LINE, "width": 2}, "middle path"))
    run = answer["run"]
    if run["day"] == days:
        look = {"color": "$text", "width": 1.5, "dash": "dot"}
        traces.append(_line(days, run["balance"], look, "the run"))
    ruin = float(answer["ruin"]["level"])
    return plot(
        traces,
        height=380,
        x={"title": title("Trading days"), "rangemode": "tozero"},
        y=money_axis(f"Balance, {currency}"),
        showlegend=True,
        hovermode="x",
        shapes=[
            {
                "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": ruin, "y1": ruin,
                "line": {"color": LOSS, "width": 1, "dash": "dot"},
            }
        ],
    )  # fmt: skip


def _line(
    x: Sequence[Any], y: Sequence[str], look: dict[str, Any], name: str = ""
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": list(x), "y": _amounts(y), "line": look,
        "name": text(name), "showlegend": bool(name),
        "hovertemplate": "%{y:,.2f}<extra>" + text(name) + "</extra>",
    }  # fmt: skip


def _curves(
    curves: dict[str, list[str]], currency: str, what: str, share: str, *, above: bool
) -> Plot:
    """The share of paths beyond each amount; `curves` are the percentiles 0 to 100 of each way."""
    shares = list(range(100, -1, -1)) if above else list(range(101))
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": _amounts(curve),
            "y": shares,
            "line": LOOKS[name],
            "name": text(WAYS[name]),
            "hovertemplate": "%{x:,.2f}: %{y} %<extra>" + text(WAYS[name]) + "</extra>",
        }
        for name, curve in curves.items()
    ]
    return plot(
        traces,
        height=340,
        x=money_axis(f"{what}, {currency}"),
        y={"title": title(share), "range": [0, 101]},
        showlegend=True,
    )


def _streaks(answer: Json, currency: str) -> Drawn:
    if not answer["ways"]:
        return
    traces = []
    for name in ("order", "days"):
        counts = {int(length): count for length, count in answer["ways"][name]["counts"].items()}
        lengths = list(range(min(counts), max(counts) + 1))
        traces.append(
            {
                "type": "bar",
                "x": lengths,
                "y": [100 * counts.get(length, 0) / answer["paths"] for length in lengths],
                "marker": {"color": LINE if name == "days" else QUIET},
                "name": text(WAYS[name]),
                "hovertemplate": "%{x} in a row: %{y:.1f} %<extra>" + WAYS[name] + "</extra>",
            }
        )
    yield "streaks", plot(
        traces,
        x={"title": title("Losses in a row at most"), "tickformat": "d"},
        y={"title": title("Paths, %")},
        showlegend=True,
        shapes=[
            {
                "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": answer["observed"],
                "x1": answer["observed"], "line": {"color": "$text", "width": 1.5, "dash": "dot"},
            }
        ],
        annotations=[
            {
                "x": answer["observed"], "yref": "paper", "y": 1, "yanchor": "top",
                "xanchor": "left", "xshift": 4, "showarrow": False, "text": "the run",
                "font": {"size": 11, "color": "$text-2"},
            }
        ],
    )  # fmt: skip


def _groups(name: str) -> Callable[[Json, str], Drawn]:
    def drawn(answer: Json, currency: str) -> Drawn:
        if not answer["groups"]:
            return
        names = [text(group["name"]) for group in answer["groups"]]
        nets = _amounts(group["net"] for group in answer["groups"])
        lows, highs = (_amounts(group["luck"][end] for group in answer["groups"]) for end in (0, 1))
        luck = {
            "type": "bar",
            "x": names,
            "base": lows,
            "y": [high - low for low, high in zip(lows, highs, strict=True)],
            "width": 0.8,
            "marker": {"color": f"{QUIET}/25"},
            "name": "luck, 95 %",
            "hoverinfo": "skip",
        }
        mine = {
            "type": "bar",
            "x": names,
            "y": nets,
            "width": 0.4,
            "marker": {"color": signs(nets)},
            "name": "net",
            "hovertemplate": "%{x}: %{y:,.2f}<extra></extra>",
        }
        yield (
            name,
            plot(
                [luck, mine],
                x={"type": "category"},
                y=money_axis(f"Net, {currency}"),
                barmode="overlay",
            ),
        )

    return drawn


def _costs(answer: Json, currency: str) -> Drawn:
    if not answer["sides"]:
        return
    rows = answer["table"]
    line = _line([float(row["times"]) for row in rows], [row["net"] for row in rows],
                 {"color": LINE, "width": 2}, "net")  # fmt: skip
    yield (
        "fees",
        plot(
            [line | {"mode": "lines+markers", "showlegend": False}],
            x={"title": title("Times the fees")},
            y=money_axis(f"Net, {currency}"),
        ),
    )


def _slippage(answer: Json, currency: str) -> Drawn:
    rows = answer["rows"]
    more = [row["more"] for row in rows]
    exact = answer["method"] == "exact"
    traces = [
        _line(more, [row["linear"] for row in rows],
              {"color": QUIET, "width": 1.5, "dash": "dash"}, "estimated from the run's trades")
    ]  # fmt: skip
    if exact:
        look = {"color": LINE, "width": 2}
        traces.append(
            _line(more, [row["net"] for row in rows], look, "run again") | {"mode": "lines+markers"}
        )
    yield (
        "slippage",
        plot(
            traces,
            x=axis(title=title("More ticks on each market and stop fill"), dtick=1),
            y=money_axis(f"Net, {currency}"),
            showlegend=True,
        ),
    )


def _amounts(texts: Any) -> list[float]:
    """Where amounts are drawn, in cents."""
    return [float(round(Decimal(each), 2)) for each in texts]


_DRAWN: Final[dict[str, Callable[[Json, str], Drawn]]] = {
    "monte_carlo": _monte_carlo,
    "loss_streaks": _streaks,
    "time_of_day": _groups("hours"),
    "day_of_week": _groups("weekdays"),
    "costs": _costs,
    "slippage": _slippage,
}
