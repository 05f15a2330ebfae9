"""Every plot is plotly's to draw, in the product's colours, at any size of run."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from backtests.metrics import Series
from backtests.outcome import Outcome
from backtests.report import Plot, plots
from backtests.report.distributions import by_chance
from tests.backtests.outcomes import by_ticks, outcome
from tests.backtests.report.runs import EDGES, HOSTILE, hostile, year
from trading.report.drawing import MOST_POINTS, thinned

ROOT = Path(__file__).parents[3]
TOKENS = set(re.findall(r"--([\w-]+): #[0-9a-f]{6};", (ROOT / "static/css/tokens.css").read_text()))


def painted(node: Any, key: str = "") -> Any:
    """As the script does: a colour for each token."""
    if isinstance(node, dict):
        return {name: painted(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [painted(each, key) for each in node]
    if key.endswith("color") and isinstance(node, str) and node.startswith("$"):
        assert node[1:].split("/")[0] in TOKENS
        return "#123456"
    return node


def validated(found: dict[str, Plot]) -> dict[str, go.Figure]:
    return {name: go.Figure(painted(json.loads(json.dumps(each)))) for name, each in found.items()}


@pytest.mark.parametrize("run", EDGES.values(), ids=EDGES)
def test_plotly_accepts_every_plot_of_every_run(run: Callable[[], Outcome]) -> None:
    for name, figure in validated(plots(run())).items():
        assert {trace.type for trace in figure.data} <= {"bar", "scatter"}, name  # the bundle's


def test_an_ordinary_run_has_all_plots_with_something_on_each() -> None:
    found = validated(plots(year()))
    assert {"equity", "drawdown", "daily", "rolling", "r", "excursions", "holding"} <= set(found)
    assert {f"by-{name}" for name in ("weekday", "hour", "pattern", "tier", "exit")} <= set(found)
    for name, figure in found.items():
        assert any(len(trace.y) for trace in figure.data), name


def test_the_balance_is_drawn_where_it_was() -> None:
    run = by_ticks([[24, -16], [24]], balance=1_000)
    balance = plots(run)["equity"]["data"][0]
    assert balance["y"] == [1000.0, 1030.0, 1010.0, 1040.0, 1040.0]
    assert balance["x"][0] == "2025-01-02 00:00:00"
    assert balance["x"][1].startswith("2025-01-02 09:")  # New York


def test_a_drawdown_is_below_the_high_in_money_and_percent() -> None:
    money, part = plots(by_ticks([[24, -16], [-16]], balance=1_000))["drawdown"]["data"]
    assert money["y"] == [0, 0, -20.0, -40.0, -40.0]
    assert part["y"] == pytest.approx([0, 0, -1.942, -3.883, -3.883])  # of 1,030


def test_changes_of_tier_are_marked_at_their_balance() -> None:
    run = year()
    marks = plots(run)["equity"]["data"][1]
    steps = [step for step in Series(run).tiers if step.ts]
    assert len(steps) > 0
    assert marks["y"] == [step.balance / 1e8 for step in steps]


def test_trades_at_one_place_are_one_mark_that_counts_them() -> None:
    lost, won = plots(by_ticks([[24, 24, 24, -16]]))["excursions"]["data"]
    assert sum(map(int, won["text"])) == 3
    assert sum(map(int, lost["text"])) == 1


def test_streaks_by_chance_add_up_to_the_trades() -> None:
    for share in (0.2, 0.5, 0.9):
        runs = [by_chance(40, share, length) for length in range(1, 41)]
        assert sum(n * count for n, count in enumerate(runs, 1)) == pytest.approx(40 * share)


def test_a_group_that_may_be_chance_is_faint() -> None:
    lucky, sure = ([[24, -16] * 10] * 3, [[24, 24, 24, -16] * 10] * 3)
    for days, faint in ((lucky, True), (sure, False)):
        [colour] = plots(by_ticks(days))["by-direction"]["data"][0]["marker"]["color"]
        assert ("/" in colour) is faint


def test_a_long_line_is_thinned_and_keeps_its_ends_and_extremes() -> None:
    values = [(number * 7919) % 10_007 for number in range(20_000)]
    kept = thinned(len(values), values)
    assert len(kept) <= MOST_POINTS + 2
    assert {0, 19_999, values.index(max(values)), values.index(min(values))} <= set(kept)
    assert kept == sorted(set(kept))
    assert thinned(10, values) == list(range(10))


def test_a_run_of_years_is_still_a_small_plot() -> None:
    run = outcome(days=700, trades=5_000, seed=4, limits=False)
    assert len(plots(run)["equity"]["data"][0]["x"]) <= MOST_POINTS + 2


def test_names_that_people_chose_are_no_markup_for_plotly() -> None:
    def texts(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for each in node.values():
                yield from texts(each)
        elif isinstance(node, list):
            for each in node:
                yield from texts(each)
        elif isinstance(node, str):
            yield node

    found = list(texts(plots(hostile())))
    assert not any("<img" in each or "<a " in each for each in found)
    assert any("&lt;img" in each for each in found)
    assert HOSTILE not in found
