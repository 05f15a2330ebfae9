"""The numbers of an answer as tables of texts, for the terminal and the report alike."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from backtests.stress.chances import Json, percent, shown

TITLES: Final = {
    "monte_carlo": "Monte Carlo",
    "loss_streaks": "Losses in a row",
    "time_of_day": "Time of day (New York)",
    "day_of_week": "Day of the week",
    "costs": "Costs",
    "outliers": "Best trades and days, worst stretches",
    "slippage": "Slippage",
    "latency": "Later orders",
}
WAYS: Final = {
    "days": "days drawn",
    "retiered": "sizes by balance",
    "trades": "trades drawn",
    "order": "other order",
}
NONE: Final = "–"


class Sheet(NamedTuple):
    """A table: the first column names its rows, the others are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def answered(result: Json) -> list[tuple[str, Json]]:
    """The parts of a result in the order in which they are shown: a database keeps none."""
    return [(part, result["parts"][part]) for part in TITLES if part in result["parts"]]


def sheets(part: str, answer: Json) -> list[Sheet]:
    """Those of a part that have rows."""
    return [sheet for sheet in _SHEETS[part](answer) if sheet.rows]


def _monte_carlo(answer: Json) -> Iterator[Sheet]:
    ways = {name: answer["ways"][name] for name in WAYS if name in answer["ways"]}
    run = answer["run"]

    def row(name: str, of_run: str, of_way: Callable[[Json], str]) -> list[str]:
        return [name, of_run, *map(of_way, ways.values())]

    rows = [
        row(f"End, {band} %", shown(run["final"]) if band == "50" else "", _end(band))
        for band in ("2.5", "50", "97.5")
    ]
    rows += [
        row("Drawdown, middle", shown(run["drawdown"]), _drawdown("50")),
        row("Drawdown, worst 5 %", "", _drawdown("95")),
        row("Drawdown, percent, middle", percent(run["depth"]), _depth("50")),
        row("Drawdown, percent, worst 5 %", "", _depth("95")),
        *(
            row(f"lost {depth['percent']} % or more", "", _share(place))
            for place, depth in enumerate(answer["ways"]["days"]["drawdown"]["depths"])
        ),
        *(
            row(f"lost {shown(level['amount'])} or more", "", _level(place))
            for place, level in enumerate(answer["ways"]["days"]["drawdown"]["amounts"])
        ),
        row("ruin", "", lambda way: percent(way["ruin"]["share"])),
        row(
            f"drawdown limit of {shown(answer['limit'])}",
            "",
            lambda way: percent(way.get("stopped", way["drawdown"]["limit"])["share"]),
        ),
        row("a month loses", "", lambda way: _loses(way["month"])),
        row("a quarter loses", "", lambda way: _loses(way["quarter"])),
        row(
            "days under water, middle",
            f"{run['under_water']:,}",
            lambda way: f"{way['under_water']['50']:,}",
        ),
        row(
            "days at the day's loss limit, middle",
            f"{run['limit_days']:,}",
            lambda way: f"{way['limit_days']['50']:,}",
        ),
    ]
    yield Sheet("By the way of drawing", ["", "the run", *(WAYS[name] for name in ways)], rows)


def _end(band: str) -> Callable[[Json], str]:
    return lambda way: shown(way["final"]["bands"][band])


def _drawdown(band: str) -> Callable[[Json], str]:
    return lambda way: shown(way["drawdown"]["bands"][band])


def _depth(band: str) -> Callable[[Json], str]:
    return lambda way: percent(way["drawdown"]["depth_bands"][band])


def _loses(period: Json | None) -> str:
    return NONE if period is None else percent(period["each"]["share"])


def _share(place: int) -> Callable[[Json], str]:
    return lambda way: percent(way["drawdown"]["depths"][place]["share"])


def _level(place: int) -> Callable[[Json], str]:
    return lambda way: percent(way["drawdown"]["amounts"][place]["share"])


def _streaks(answer: Json) -> Iterator[Sheet]:
    yield Sheet(
        "The longest streak",
        ["Longest streak", "5 %", "middle", "95 %", "99 %", f"{answer['observed']} or longer"],
        [
            [WAYS[name], *(f"{way['bands'][b]}" for b in ("5", "50", "95", "99")),
             percent(way["as_long"]["share"])]
            for name in WAYS
            if (way := answer["ways"].get(name)) is not None
        ],
    )  # fmt: skip
    yield Sheet(
        "Full stops in a row, from the closing balance",
        ["Full stop", "size", "lost", "balance", "drawdown", "tier then", "limits"],
        [
            [
                f"{step['loss']}", f"{step['size']} {step['symbol']}", shown(step["lost"]),
                shown(step["balance"]), shown(step["drawdown"]), step["tier_after"],
                ", ".join(step["halts"]).replace("_", " "),
            ]
            for step in answer["from_closing"]
        ],
    )  # fmt: skip


def _parts(answer: Json) -> Iterator[Sheet]:
    yield Sheet(
        "What each contributes",
        ["", "trades", "won", "net", "run without", "luck, 95 %", "p, adjusted"],
        [
            [
                group["name"], f"{group['trades']:,}", _of(group["won"], group["trades"]),
                shown(group["net"]), shown(group["without"]),
                " to ".join(map(shown, group["luck"])), f"{group['adjusted']:.2g}",
            ]
            for group in answer["groups"]
        ],
    )  # fmt: skip


def _costs(answer: Json) -> Iterator[Sheet]:
    yield Sheet(
        "At other fees",
        ["Times the fees", "fees", "per lot and side", "net"],
        [
            [row["times"], shown(row["fees"]), row["per_side"] or NONE, shown(row["net"])]
            for row in answer["table"]
        ],
    )


def _outliers(answer: Json) -> Iterator[Sheet]:
    for key, name in (("best_trades", "Best trades"), ("best_days", "Best days")):
        yield Sheet(
            f"Without the {name.lower()}",
            [name, "made", "run without"],
            [[f"{row['removed']}", shown(row["made"]), shown(row["left"])] for row in answer[key]],
        )


def _slippage(answer: Json) -> Iterator[Sheet]:
    exact = answer["method"] == "exact"
    names = ["More ticks", "net", *(["trades", "won", "drawdown"] if exact else [])]
    yield Sheet(
        "With more slippage",
        [*names, "estimate"] if exact else names,
        [
            [
                f"{row['more']}", shown(row["net"]),
                *([*_rerun(row), shown(row["linear"])] if exact else []),
            ]
            for row in answer["rows"]
        ],
    )  # fmt: skip


def _latency(answer: Json) -> Iterator[Sheet]:
    yield Sheet(
        "With later orders",
        ["Latency", "net", "trades", "won", "drawdown"],
        [[f"{row['ms']} ms", shown(row["net"]), *_rerun(row)] for row in answer["rows"]],
    )


def _rerun(row: Json) -> list[str]:
    return [f"{row['trades']:,}", _of(row["won"], row["trades"]), shown(row["drawdown"])]


def _of(part: int, whole: int) -> str:
    return percent(part / whole) if whole else NONE


_SHEETS: Final[dict[str, Callable[[Json], Iterator[Sheet]]]] = {
    "monte_carlo": _monte_carlo,
    "loss_streaks": _streaks,
    "time_of_day": _parts,
    "day_of_week": _parts,
    "costs": _costs,
    "outliers": _outliers,
    "slippage": _slippage,
    "latency": _latency,
}
