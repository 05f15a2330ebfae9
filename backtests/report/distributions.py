"""Plots of how single trades went: in multiples of their risk, on their way, how long, in a row."""

from collections import Counter
from itertools import groupby
from typing import Any, Final

import numpy as np

from backtests.metrics import Series
from backtests.metrics.series import R_WIDTH
from engine.ticks import NS
from trading.report.drawing import GAIN, LOSS, QUIET, Plot, counts_axis, plot, signs, title

HELD: Final = (
    (30, "under 30 s"), (60, "30 s to 1 min"), (120, "1 to 2 min"), (300, "2 to 5 min"),
    (900, "5 to 15 min"), (1_800, "15 to 30 min"), (3_600, "30 to 60 min"),
    (7_200, "1 to 2 h"), (14_400, "2 to 4 h"),
)  # fmt: skip
LONGER: Final = "4 h and more"


def r_distribution(of: Series) -> Plot:
    """How many trades made how many R, in bins of a quarter."""
    bins = [(low, count) for low, count in of.r_distribution() if count]
    places = [low + R_WIDTH / 2 for low, _ in bins]
    known = of.excursions.net_r[~np.isnan(of.excursions.net_r)]
    mean = float(known.mean()) if len(known) else 0.0
    return plot(
        [
            {
                "type": "bar",
                "x": places,
                "y": [count for _, count in bins],
                "width": R_WIDTH * 0.9,
                "customdata": [[low, low + R_WIDTH] for low, _ in bins],
                "marker": {"color": signs(places)},
                "hovertemplate": "%{customdata[0]:.2f} to %{customdata[1]:.2f} R"
                "<br>%{y} trades<extra></extra>",
            }
        ],
        height=340,
        x={"title": title("R: net divided by what was risked"), "zeroline": True},
        y=counts_axis("Trades", max((count for _, count in bins), default=0)),
        shapes=[_upright(mean)] if bins else [],
        annotations=[_beside(mean, f"mean {mean:+.2f} R".replace("-", "−"))] if bins else [],
    )


def excursions(of: Series) -> Plot:
    """The worst and the best that each trade saw, in ticks; trades at one place make one larger
    mark. Lines: the configured stop and target."""
    won: Counter[tuple[int, int]] = Counter()
    lost: Counter[tuple[int, int]] = Counter()
    ways = of.excursions
    for mae, mfe, net in zip(ways.mae.tolist(), ways.mfe.tolist(), ways.net.tolist(), strict=True):
        (won if net > 0 else lost)[mae, mfe] += 1
    risk = of.outcome.plan.config.risk
    places = [*won, *lost, (risk.stop_ticks, risk.target_ticks)]
    furthest = [max(place[way] for place in places) for way in (0, 1)]
    most = max([*won.values(), *lost.values()], default=1)
    return plot(
        [_marks(lost, "Lost", LOSS, "x", most), _marks(won, "Won", GAIN, "circle", most)],
        height=340,
        x={"title": title("MAE: worst against it, ticks"), "range": [-1, furthest[0] + 2]},
        y={"title": title("MFE: best in its favour, ticks"), "range": [-1, furthest[1] + 3]},
        showlegend=True,
        shapes=[_upright(risk.stop_ticks, LOSS), _level(risk.target_ticks, GAIN)],
        annotations=[
            _beside(risk.stop_ticks, f"stop {risk.stop_ticks}") | {"y": 0.75},
            {
                "xref": "paper", "x": 1, "y": risk.target_ticks, "xanchor": "right",
                "yanchor": "bottom", "showarrow": False, "text": f"target {risk.target_ticks}",
                "font": {"size": 11, "color": "$text-2"},
            },
        ],
    )  # fmt: skip


def holding(of: Series) -> Plot:
    """How long trades were held, won and lost apart."""
    names = [name for _, name in HELD] + [LONGER]
    counts = {True: Counter[str](), False: Counter[str]()}
    held = ((of.columns.exit - of.columns.entry) // NS).tolist()
    for seconds, good in zip(held, (of.columns.net > 0).tolist(), strict=True):
        name = next((name for under, name in HELD if seconds < under), LONGER)
        counts[good][name] += 1
    there = [number for number, name in enumerate(names) if any(c[name] for c in counts.values())]
    names = names[there[0] : there[-1] + 1] if there else []
    names.reverse()  # the shortest on top
    return plot(
        [
            {
                "type": "bar",
                "orientation": "h",
                "name": "Won" if good else "Lost",
                "y": names,
                "x": [counts[good][name] for name in names],
                "marker": {"color": GAIN if good else LOSS},
                "hovertemplate": "%{y}<br>%{x} %{fullData.name}<extra></extra>",
            }
            for good in (False, True)
        ],
        height=300,
        x=counts_axis("Trades", max([*counts[True].values(), *counts[False].values()], default=0)),
        y={"type": "category"},
        barmode="group",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "reversed"},
    )


def streaks(of: Series) -> Plot:
    """How often so many won or lost in a row, beside what chance gives at this win rate."""
    results = (of.columns.net > 0).tolist()
    runs = {True: Counter[int](), False: Counter[int]()}
    for good, run in groupby(results):
        runs[good][sum(1 for _ in run)] += 1
    longest = max((length for each in runs.values() for length in each), default=0)
    lengths = list(range(1, longest + 1))
    share = sum(results) / len(results) if results else 0.0
    traces: list[dict[str, Any]] = []
    for good, colour, symbol, name in (
        (True, GAIN, "circle-open", "Won in a row"),
        (False, LOSS, "diamond-open", "Lost in a row"),
    ):
        traces.append(
            {
                "type": "bar",
                "name": name,
                "x": lengths,
                "y": [runs[good][length] for length in lengths],
                "offsetgroup": name,
                "marker": {"color": colour},
                "hovertemplate": "%{x} in a row<br>%{y} times<extra></extra>",
            }
        )
        chance = share if good else 1 - share
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{name}, by chance",
                "x": [length + (-0.2 if good else 0.2) for length in lengths],
                "y": [round(by_chance(len(results), chance, length), 2) for length in lengths],
                "marker": {
                    "symbol": symbol, "size": 9, "color": "$text",
                    "line": {"width": 1.6, "color": "$text"},
                },
                "hovertemplate": "%{y:.1f} times by chance<extra></extra>",
            }
        )  # fmt: skip
    return plot(
        traces,
        height=300,
        x={"title": title("Trades in a row"), "dtick": 1 if longest <= 20 else None},
        y=counts_axis("Times", max([*runs[True].values(), *runs[False].values()], default=0)),
        barmode="group",
        showlegend=True,
    )


def by_chance(trades: int, share: float, length: int) -> float:
    """Expected number of runs of exactly `length` among independent trades, of which this share
    is of the kind that makes the run."""
    if length > trades:
        return 0.0
    if length == trades:
        return share**length
    other = 1 - share
    return float(share**length * other * (2 + (trades - length - 1) * other))


def _marks(
    found: Counter[tuple[int, int]], name: str, colour: str, symbol: str, most: int
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [mae for mae, _ in found],
        "y": [mfe for _, mfe in found],
        "text": [str(count) for count in found.values()],
        "marker": {
            "symbol": symbol,
            "color": f"{colour}/75",
            "size": [round(5 + 13 * ((count - 1) / most) ** 0.5, 1) for count in found.values()],
            "line": {"width": 0},
        },
        "hovertemplate": "MAE %{x}, MFE %{y} ticks<br>%{text} trades<extra>" + name + "</extra>",
    }


def _upright(at: float, colour: str = QUIET) -> dict[str, Any]:
    return {
        "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": at, "x1": at,
        "line": {"color": colour, "width": 1.5, "dash": "dash"},
    }  # fmt: skip


def _level(at: float, colour: str) -> dict[str, Any]:
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": at, "y1": at,
        "line": {"color": colour, "width": 1.5, "dash": "dash"},
    }  # fmt: skip


def _beside(at: float, words: str) -> dict[str, Any]:
    return {
        "yref": "paper", "y": 1, "x": at, "xanchor": "left", "yanchor": "top", "xshift": 4,
        "showarrow": False, "text": words, "font": {"size": 11, "color": "$text-2"},
    }  # fmt: skip
