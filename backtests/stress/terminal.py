"""The answers of stress tests on a terminal: sentences first, then the tables behind them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

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


def show(result: Json, console: Console) -> None:
    """A whole result."""
    run = result["run"]
    number = f"run {run['number']}" if run["number"] else "a run"
    console.print(
        f"[bold]Stress of {number}[/bold]: {run['symbol']}, {run['first']} to {run['last']}, "
        f"{run['days']:,} days, {run['trades']:,} trades, net {shown(run['net'])} {run['currency']}"
    )
    for note in result["notes"]:
        console.print(f"[yellow]Note:[/yellow] {escape(note)}")
    for part, answer in result["parts"].items():
        console.print(f"\n[bold]{TITLES[part]}[/bold]")
        for sentence in answer["sentences"]:
            console.print(Padding(escape(sentence), (0, 0, 0, 2)))
        for table in _TABLES[part](answer):
            if table.row_count:
                console.print(Padding(table, (1, 0, 0, 2)))


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], title: str = "") -> Table:
    table = Table(box=None, pad_edge=False, title=title or None, title_justify="left")
    for number, name in enumerate(names):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _monte_carlo(answer: Json) -> Iterable[Table]:
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
        row("in percent", percent(run["depth"]), lambda way: _depth(way, "95")),
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
            "days under water, middle",
            f"{run['under_water']:,}",
            lambda way: f"{way['under_water']['50']:,}",
        ),
    ]
    yield _table(["", "the run", *(WAYS[name] for name in ways)], rows)


def _end(band: str) -> Callable[[Json], str]:
    return lambda way: shown(way["final"]["bands"][band])


def _drawdown(band: str) -> Callable[[Json], str]:
    return lambda way: shown(way["drawdown"]["bands"][band])


def _depth(way: Json, band: str) -> str:
    return percent(way["drawdown"]["depth_bands"][band])


def _share(place: int) -> Callable[[Json], str]:
    return lambda way: percent(way["drawdown"]["depths"][place]["share"])


def _level(place: int) -> Callable[[Json], str]:
    return lambda way: percent(way["drawdown"]["amounts"][place]["share"])


def _streaks(answer: Json) -> Iterable[Table]:
    yield _table(
        ["Longest streak", "5 %", "middle", "95 %", "99 %", f"{answer['observed']} or longer"],
        [
            [WAYS[name], *(f"{way['bands'][b]}" for b in ("5", "50", "95", "99")),
             percent(way["as_long"]["share"])]
            for name, way in answer["ways"].items()
        ],
    )  # fmt: skip
    yield _table(
        ["Full stop", "size", "lost", "balance", "drawdown", "tier then", "limits"],
        [
            [
                f"{step['loss']}", f"{step['size']} {step['symbol']}", shown(step["lost"]),
                shown(step["balance"]), shown(step["drawdown"]), step["tier_after"],
                ", ".join(step["halts"]),
            ]
            for step in answer["from_closing"]
        ],
        "From the closing balance",
    )  # fmt: skip


def _parts(answer: Json) -> Iterable[Table]:
    yield _table(
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


def _costs(answer: Json) -> Iterable[Table]:
    yield _table(
        ["Times the fees", "fees", "per lot and side", "net"],
        [
            [row["times"], shown(row["fees"]), row["per_side"] or NONE, shown(row["net"])]
            for row in answer["table"]
        ],
    )


def _outliers(answer: Json) -> Iterable[Table]:
    for key, name in (("best_trades", "Best trades"), ("best_days", "Best days")):
        yield _table(
            [name, "made", "run without"],
            [[f"{row['removed']}", shown(row["made"]), shown(row["left"])] for row in answer[key]],
        )


def _slippage(answer: Json) -> Iterable[Table]:
    exact = answer["method"] == "exact"
    names = ["More ticks", "net", *(["trades", "won", "drawdown"] if exact else [])]
    yield _table(
        [*names, "estimate"] if exact else names,
        [
            [
                f"{row['more']}", shown(row["net"]),
                *([*_rerun(row), shown(row["linear"])] if exact else []),
            ]
            for row in answer["rows"]
        ],
    )  # fmt: skip


def _latency(answer: Json) -> Iterable[Table]:
    yield _table(
        ["Latency", "net", "trades", "won", "drawdown"],
        [[f"{row['ms']} ms", shown(row["net"]), *_rerun(row)] for row in answer["rows"]],
    )


def _rerun(row: Json) -> list[str]:
    return [f"{row['trades']:,}", _of(row["won"], row["trades"]), shown(row["drawdown"])]


def _of(part: int, whole: int) -> str:
    return percent(part / whole) if whole else NONE


_TABLES: Final[dict[str, Callable[[Json], Iterable[Table]]]] = {
    "monte_carlo": _monte_carlo,
    "loss_streaks": _streaks,
    "time_of_day": _parts,
    "day_of_week": _parts,
    "costs": _costs,
    "outliers": _outliers,
    "slippage": _slippage,
    "latency": _latency,
}
