"""What a row says of two works' times, and how far that gets."""

import io

import pytest
from rich.console import Console

from bench.goals import GOALS, Goal
from bench.table import Row, as_table, compared, figure


def shown(*rows: Row) -> list[list[str]]:
    """The words of each line of a table 80 wide, heading and rule left out."""
    out = io.StringIO()
    Console(file=out, width=80).print(as_table([("topic", rows)]))
    return [line.split() for line in out.getvalue().splitlines()[2:] if line.strip()]


def test_a_share_of_time_is_the_median_of_the_rounds() -> None:
    row = compared("a / b", [2.0, 30.0, 2.2], [1.0, 10.0, 2.0], ticks=11_000_000)
    assert (row.value, row.measured) == (2.0, "2.00")
    assert row.spread == pytest.approx((1.55, 2.5))
    assert row.rate == pytest.approx(5.0)


def test_times_as_fast_is_the_other_way_round() -> None:
    row = compared("a, against b", [1.0, 10.0, 2.0], [57.0, 580.0, 112.0], faster=True)
    assert (row.value, row.measured) == (57.0, "57.0x")


@pytest.mark.parametrize(
    ("goal", "value", "reached"),
    [
        (Goal(4, 1.5), 4.01, "missed"),
        (Goal(4, 1.5), 4.0, "must"),
        (Goal(4, 1.5), 1.5, "moonshot"),
        (Goal(40, 100, at_least=True), 39.9, "missed"),
        (Goal(40, 100, at_least=True), 40.0, "must"),
        (Goal(40, 100, at_least=True), 100.0, "moonshot"),
    ],
)
def test_a_limit_is_reached_when_the_figure_is_at_it(
    goal: Goal, value: float, reached: str
) -> None:
    assert Row(what="", value=value, goal=goal).reached == reached


def test_moonshots_are_beyond_the_musts() -> None:
    assert all(goal.reached(goal.moonshot) == "moonshot" for goal in GOALS.values())
    assert all(goal.reached(goal.must) == "must" for goal in GOALS.values())


def test_a_line_says_figure_limits_and_a_word() -> None:
    assert shown(
        Row(what="push, p99", value=1.04, unit=" us", goal=Goal(2, 0.5)),
        Row(what="slow", value=2.5, rate=1234.5, goal=Goal(1.25, 1.05)),
        Row(what="no goal", value=286.0, unit=" MB"),
        Row(what="polars / ours", missing="not installed", goal=Goal(1, 0)),
    ) == [
        ["topic"],
        ["push,", "p99", "1.04", "us", "<=", "2us", "<=", "0.5us", "must"],
        ["slow", "1,234", "2.50", "<=", "1.25", "<=", "1.05", "missed"],
        ["no", "goal", "286", "MB"],
        ["polars", "/", "ours:", "not", "installed", "<=", "1", "<=", "0"],
    ]


def test_a_long_name_wraps_and_no_figure_is_cut_off() -> None:
    row = Row(what="name " * 20, value=12_345.0, unit=" us", rate=1234.5, goal=Goal(2500, 2000))
    words = [word for line in shown(row)[1:] for word in line if word != "name"]
    assert words == ["1,234", "12,345", "us", "<=", "2500us", "<=", "2000us", "missed"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.054, "0.05"), (9.99, "9.99"), (9.996, "10.0"), (99.94, "99.9"), (2345.6, "2,346")],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert figure(value) == text
