"""Studies on the page: stress tests as their report, sweeps and walks as sentences, tables and
maps. What they hold is `docs/stress.md`'s and `backtests.sweeps`' JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from backtests.metrics.words import NONE, money_text, signed_money_text
from backtests.models import Study
from backtests.report import as_json
from backtests.stress.page import report as stress_report
from backtests.stress.plots import plots as stress_plots
from engine.instruments import instrument
from engine.money import to_units
from trading.report.cells import MONEY, Cell, Column, Table, heat
from trading.report.drawing import LINE, Plot, money_axis, plot
from trading.report.panels import Panel

Json = dict[str, Any]

MOST_POINTS: Final = 30
"""Of a sweep, the best first."""
SCORES: Final = (("sharpe", "Sharpe"), ("calmar", "Calmar"))


@dataclass(frozen=True)
class Part:
    """As the parts of a stress report, whose template shows it."""

    id: str
    title: str
    sentences: Sequence[str]
    panels: Sequence[Panel] = ()


def shown(row: Study) -> dict[str, Any]:
    """What the page of a study shows: parts, and the plots in them. Nothing while it has no
    result."""
    result = row.result
    if not result:
        return {}
    if row.kind == Study.Kind.STRESS:
        said = stress_report(result)
        return {
            "facts": said.facts,
            "notes": said.notes,
            "parts": said.parts,
            "plots": as_json(stress_plots(result)),
        }
    if row.kind == Study.Kind.LOOKAHEAD:
        return {"parts": [Part("found", "What was found", [result["says"]])]}
    walked = row.kind == Study.Kind.WALK_FORWARD
    return {
        "facts": _facts(result),
        "notes": _notes(result),
        "parts": list(_walk(result) if walked else _sweep(result)),
        "plots": as_json({"equity": _equity(result)} if walked else {}),
    }


def _facts(result: Json) -> list[tuple[str, str]]:
    return [
        ("Market", f"{result['symbol']}, {result['first']} to {result['last']}"),
        ("Days", f"{result['days']:,}"),
        ("Search", f"{result['method']}, seed {result['seed']}"),
        ("By", str(result["objective"])),
    ]


def _notes(result: Json) -> list[str]:
    found = []
    if result["synthetic"]:
        found.append("The market is simulated: no such trades took place.")
    if result["inferred"]:
        found.append("Aggressor sides are inferred from the prices.")
    if result["missing"]:
        found.append(f"{result['missing']:,} sessions of the range are not stored.")
    return found


# A sweep


def _sweep(result: Json) -> Iterator[Part]:
    says = [result[name][text] for name, text in (("plateau", "says"),) if result[name]]
    luck, overfit = result["luck"], result["overfit"]
    if luck and luck["warning"]:
        says.insert(0, luck["warning"])
    if luck and luck["deflated"] is not None:
        says.append(
            f"Deflated Sharpe ratio: {luck['deflated']:.2f} is the chance that the best of "
            f"{luck['trials']:,} points is better than the best of as many without any skill."
        )
    says.append(
        f"Probability of overfitting: {overfit['probability']:.0%}; how often what was best on one "
        "half of the days was below the median on the other."
        if overfit
        else f"Probability of overfitting: not known, {result['no_overfit']}."
    )
    yield Part("luck", "Is the best more than luck?", says)
    yield Part("points", "Points", [], [_points(result)])
    maps = [_map(each, result["objective"], k) for k, each in enumerate(result["slices"], 1)]
    if maps:
        yield Part("maps", "Around the best point", [_MAPS], maps)


_MAPS: Final = (
    "Two parameters against each other, all others as at the best point. A setting that works does "
    "about as well one step to either side."
)


def _points(result: Json) -> Panel:
    names = [each["name"] for each in result["parameters"]]
    by = result["objective"]
    ran = [each for each in result["points"] if each["scores"]]
    ran.sort(key=lambda each: _order(each["scores"].get(by)), reverse=True)
    columns = [
        *(Column(name, True) for name in names), Column(by.capitalize(), True),
        *(Column(label, True) for name, label in SCORES if name != by),
        Column("Trades", True), Column("Won", True), Column("Net", True),
    ]  # fmt: skip
    rows = [
        [
            *(_number(each["values"][name]) for name in names), _score(each["scores"].get(by)),
            *(_score(each["scores"].get(name)) for name, _ in SCORES if name != by),
            _number(f"{each['trades']:,}"), _number(_share(each["wins"], each["trades"])),
            _money(each["net"]),
        ]
        for each in ran[:MOST_POINTS]
    ]  # fmt: skip
    refused = sum(bool(each["refused"]) for each in result["points"])
    note = f"The best {len(rows):,} of {len(result['points']):,}"
    note += f"; {refused:,} were refused by the configuration." if refused else "."
    return Panel(
        id="points-list", title="Best first", note=note, wide=True,
        table=Table("Points", columns, rows),
    )  # fmt: skip


def _map(of: Json, objective: str, number: int) -> Panel:
    scores = [score for row in of["scores"] for score in row if score is not None]
    most = max(map(abs, scores), default=0.0)
    best_row, best_column = of["best"]
    columns = [Column(of["down"] or of["across"]), *(Column(name, True) for name in of["columns"])]
    rows = [
        [
            Cell(name or objective),
            *(
                _map_cell(score, most, (at, place) == (best_row, best_column))
                for place, score in enumerate(row)
            ),
        ]
        for at, (name, row) in enumerate(zip(of["rows"], of["scores"], strict=True))
    ]
    down = f" and {of['down']}" if of["down"] else ""
    title = f"{objective.capitalize()} by {of['across']}{down}"
    return Panel(
        id=f"map-{number}", title=title, wide=True, table=Table(title, columns, rows, heat=True)
    )


def _map_cell(score: float | None, most: float, best: bool) -> Cell:
    if score is None:
        return Cell("", MONEY)
    mark = "◆ " if best else ""
    return Cell(mark + _score(score).words, f"{MONEY} {heat(score, most)}")


# A walk forward


def _walk(result: Json) -> Iterator[Part]:
    by = result["objective"]
    says = [result["warning"]] if result["warning"] else []
    if result["net"] is not None:
        says.append(
            f"Out of sample: net {signed_money_text(to_units(Decimal(result['net'])))} with "
            f"{result['trades']:,} trades."
        )
    says.append(
        f"Mean {by} in sample {_score(result['inside']).words}, out of sample "
        f"{_score(result['outside']).words}."
    )
    if result["ruined"]:
        says.append("The balance was gone before the last fold.")
    says += [
        f"{each['name']}: the folds chose {', '.join(each['chosen']) or 'nothing'}."
        for each in result["stability"]
    ]
    curve = [Panel(id="walk-equity", title="Balance over the test days", plot="equity", wide=True)]
    yield Part("outside", "Out of sample", says, curve if result["equity"] else [])
    yield Part("folds", "Folds", [], [_folds(result)])


def _folds(result: Json) -> Panel:
    names = [each["name"] for each in result["parameters"]]
    columns = [
        Column("Train"), Column("Test"), *(Column(name, True) for name in names),
        Column("In sample", True), Column("Out of sample", True), Column("Trades", True),
        Column("Net", True),
    ]  # fmt: skip
    rows = [
        [
            Cell(" to ".join(each["train"])), Cell(" to ".join(each["test"])),
            *(_number((each["values"] or {}).get(name, NONE)) for name in names),
            _score(each["inside"]), _score(each["outside"]), _number(f"{each['trades']:,}"),
            _money(each["net"]),
        ]
        for each in result["folds"]
    ]  # fmt: skip
    return Panel(
        id="folds-list", title="What each chose, and what came of it", wide=True,
        table=Table("Folds", columns, rows),
    )  # fmt: skip


def _equity(result: Json) -> Plot:
    days = [day for day, _ in result["equity"]]
    amounts = [round(float(balance), 2) for _, balance in result["equity"]]
    return plot(
        [
            {
                "type": "scatter", "mode": "lines", "x": days, "y": amounts,
                "line": {"color": LINE, "width": 1.8},
                "hovertemplate": "%{x}<br>%{y:,.2f}<extra></extra>",
            }
        ],
        y=money_axis(instrument(result["symbol"]).currency),
    )  # fmt: skip


def _number(words: str) -> Cell:
    return Cell(words, MONEY)


def _order(score: float | None) -> float:
    return float("-inf") if score is None else score


def _score(score: float | None) -> Cell:
    return _number(NONE if score is None else f"{score:,.2f}".replace("-", "−"))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else NONE


def _money(text: str | None) -> Cell:
    return _number(NONE if text is None else money_text(to_units(Decimal(text))))
