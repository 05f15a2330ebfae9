"""The report of a sweep or a walk-forward as one HTML file, in the look of a backtest's report."""

from collections.abc import Mapping
from typing import Final

from backtests.report.document import Report
from backtests.report.simulated import Level, Statement
from backtests.report.tables import signed
from backtests.sweeps import plots
from backtests.sweeps.plateau import Slice
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import Swept
from backtests.sweeps.text import figure, percent
from backtests.sweeps.walking import Walked
from backtests.versions import code_version
from trading.report.cells import Cell, Column, Table, heat, number
from trading.report.drawing import Plot
from trading.report.panels import Card, Panel, Part
from trading.report.standalone import standalone

SHOWN: Final = 20
BODY: Final = "backtests/report/body.html"


def html(found: Swept | Walked) -> str:
    """The whole file as text, to be written as UTF-8."""
    report, drawn = _swept(found) if isinstance(found, Swept) else _walked(found)
    return standalone(BODY, {"report": report}, drawn)


def _swept(found: Swept) -> tuple[Report, Mapping[str, Plot]]:
    objective = found.spec.objective
    drawn: dict[str, Plot] = {}
    maps = []
    for at, each in enumerate(found.slices):
        drawn[f"slice{at}"] = plots.heat_map(each, objective)
        maps.append(_map(f"slice{at}", each, objective))
    if found.best is not None:
        drawn["scores"] = plots.scores(found)
    parts = [
        Part(id="worth", title="What the best is worth", cards=_worth(found)),
        Part(id="points", title="Points", panels=_points(found)),
    ]
    if maps:
        says = found.plateau.says if found.plateau else ""
        parts.append(Part(id="maps", title="Around the best", note=says, panels=maps))
    return _report(found.spec, "Sweep", _swept_words(found), parts), drawn


def _swept_words(found: Swept) -> list[Statement]:
    said = _market(synthetic=found.synthetic, inferred=found.inferred)
    if found.best is None:
        said.append(Statement("danger", "No result", "No point has a score: nothing was traded."))
    if found.luck is not None and found.luck.warning:
        said.append(Statement("danger", "Luck", found.luck.warning))
    if found.plateau is not None and found.plateau.isolated:
        said.append(Statement("warn", "Isolated peak", found.plateau.says))
    said.append(
        Statement(
            "warn", "In sample",
            "The best was chosen by these very days; on others it will do worse. --walk-forward "
            "measures how much.",
        )
    )  # fmt: skip
    if found.refused:
        words = (
            f"{len(found.refused):,} of {len(found.trials):,} points: {found.refused[0].refused}"
        )
        said.append(Statement("plain", "Refused", words))
    return said


def _worth(found: Swept) -> list[Card]:
    luck, over, flat = found.luck, found.overfit, found.plateau
    if found.best is None or luck is None:
        return []
    settings = found.space.settings(found.best.point)
    return [
        Card(
            found.spec.objective.capitalize(), figure(found.best.score(found.spec.objective)),
            "The objective, of the best point.",
            note=", ".join(f"{name}={value}" for name, value in settings.items()),
        ),
        Card(
            "Deflated Sharpe", figure(luck.deflated),
            "The probability that the best has any skill, after so many trials "
            "(Bailey, Lopez de Prado 2014). Below 0.95 it may be luck.",
            tone="loss" if luck.warning else "profit", note=f"{luck.trials:,} trials",
        ),
        Card(
            "Probability of overfitting", percent(over.probability if over else None),
            "How often the best on one half of the days is below the median on the other.",
            note=f"{over.ways:,} halvings" if over else found.no_overfit,
        ),
        Card(
            "Plateau", percent(flat.score if flat else None),
            "How much of the best's lead over the median point its neighbours keep.",
            note=f"{flat.run} of {flat.neighbours} neighbours run" if flat else "",
        ),
        Card(
            "Days to be sure", "-" if luck.least_days is None else f"{luck.least_days:,.0f}",
            "The shortest track record that would show this Sharpe ratio to be above that of luck, "
            "at 95 %.",
            note=f"of {luck.days:,} that were run",
        ),
    ]  # fmt: skip


def _points(found: Swept) -> list[Panel]:
    names = [each.name for each in found.space.parameters]
    columns = [
        Column(""), *(Column(name) for name in names),
        *(Column(name, True) for name in ("Sharpe", "Expectancy", "Net", "Calmar", "Trades")),
    ]  # fmt: skip
    rows = []
    for place, trial in enumerate(found.ranked[:SHOWN], 1):
        ran, values = trial.ran, found.space.settings(trial.point)
        if ran is None:
            continue
        rows.append(
            [
                Cell(str(place)), *(Cell(values[name]) for name in names),
                number(figure(ran.scores["sharpe"])), number(figure(ran.scores["expectancy"])),
                signed(ran.net), number(figure(ran.scores["calmar"])), number(f"{ran.trades:,}"),
            ]
        )  # fmt: skip
    table = Panel(
        id="ranked", title="Best points", table=Table("Best points", columns, rows), wide=True,
        note=f"{len(found.ranked):,} points have a score; the first {SHOWN} are shown."
        if len(found.ranked) > SHOWN
        else "",
    )  # fmt: skip
    if found.best is None:
        return [table]
    spread = Panel(
        id="scores", title="All scores", plot="scores", wide=True,
        summary=f"How many points have which {found.spec.objective}.",
    )  # fmt: skip
    return [spread, table]


def _map(name: str, of: Slice, objective: str) -> Panel:
    most = max((abs(each) for row in of.scores for each in row if each is not None), default=0.0)
    rows = [
        [Cell(label), *(_heat(score, most) for score in scores)]
        for label, scores in zip(of.rows, of.scores, strict=True)
    ]
    columns = [Column(of.down), *(Column(each, True) for each in of.columns)]
    heading = f"{of.across} and {of.down}" if of.down else of.across
    return Panel(
        id=name, title=heading, plot=name, wide=len(of.columns) > 8,
        summary=f"{objective} by {heading}; the others as at the best point, which is framed.",
        table=Table(heading, columns, rows, heat=True),
    )  # fmt: skip


def _heat(score: float | None, most: float) -> Cell:
    if score is None:
        return number("")
    cell = number(figure(score))
    return Cell(cell.words, f"{cell.kind} {heat(score, most)}".strip())


def _walked(found: Walked) -> tuple[Report, Mapping[str, Plot]]:
    total = found.total
    said = _market(
        synthetic=bool(total and total.synthetic), inferred=bool(total and total.inferred)
    )
    if found.warning:
        said.append(Statement("danger", "Out of sample", found.warning))
    said.append(
        Statement(
            "plain", "Account",
            "Each fold begins with the balance that the one before ended with; streak, peak and "
            "halts begin anew, as when a person sets new parameters and resumes.",
        )
    )  # fmt: skip
    drawn: dict[str, Plot] = {}
    panels = [_folds(found), _stable(found)]
    if found.outcome is not None:
        begins = [step.fold.test[0].isoformat() for step in found.steps]
        drawn["outside"] = plots.out_of_sample(found.outcome, begins)
        panels.insert(
            0,
            Panel(
                id="outside", title="Balance out of sample", plot="outside", wide=True,
                summary="All test days, one after the other; a fold begins at each dotted line.",
            ),
        )  # fmt: skip
    parts = [
        Part(id="worth", title="Out of sample", cards=_kept(found)),
        Part(id="folds", title="Folds", panels=panels),
    ]
    return _report(found.spec, "Walk-forward", said, parts), drawn


def _kept(found: Walked) -> list[Card]:
    objective, total = found.spec.objective, found.total
    unit = " a day" if objective == "net" else ""
    return [
        Card(
            f"{objective.capitalize()}, all", figure(total.scores[objective] if total else None),
            "The objective over all test days together.",
            note=f"{total.trades:,} trades" if total else "",
        ),
        Card(f"In sample{unit}", figure(found.inside), "Mean over the folds' train days."),
        Card(f"Out of sample{unit}", figure(found.outside), "Mean over the folds' test days."),
        Card(
            "Kept", percent(found.efficiency),
            "Mean out of sample by mean in sample: 100 % lasted whole, 0 % not at all.",
        ),
        Card("Folds above 0", percent(found.kept), "Share of folds with a score above 0."),
        Card(
            "Probability of skill", figure(found.probabilistic),
            "That the true Sharpe ratio of all test days is above 0.",
        ),
    ]  # fmt: skip


def _folds(found: Walked) -> Panel:
    names = [each.name for each in found.space.parameters]
    objective = found.spec.objective
    columns = [
        Column("Fold"), Column("Train"), Column("Test"), *(Column(name) for name in names),
        *(Column(name, True) for name in ("In sample", "Out of sample", "Trades", "Net")),
    ]  # fmt: skip
    rows = []
    for step in found.steps:
        fold, best, ran = step.fold, step.best, step.outside
        values = found.space.settings(best.point) if best else {}
        rows.append(
            [
                Cell(str(fold.number)), Cell(f"{fold.train[0]} to {fold.train[-1]}"),
                Cell(f"{fold.test[0]} to {fold.test[-1]}"),
                *(Cell(values.get(name, "-")) for name in names),
                number(figure(best.score(objective) if best else None)),
                number(figure(ran.scores[objective] if ran else None)),
                number(f"{ran.trades:,}" if ran else "-"), signed(ran.net) if ran else number("-"),
            ]
        )  # fmt: skip
    return Panel(id="each", title="Each fold", table=Table("Folds", columns, rows), wide=True)


def _stable(found: Walked) -> Panel:
    columns = [Column("Parameter"), Column("Chosen"), Column("Changes", True),
               Column("Spread", True, "Furthest apart, as a share of the range")]  # fmt: skip
    rows = [
        [
            Cell(each.name), Cell(", ".join(each.chosen)), number(str(each.changes)),
            number(percent(each.spread)),
        ]
        for each in found.stability
    ]  # fmt: skip
    return Panel(
        id="stable", title="What was chosen", table=Table("Chosen", columns, rows), wide=True
    )


def _market(*, synthetic: bool, inferred: bool) -> list[Statement]:
    said = []
    if synthetic:
        words = "Ticks were made by the simulator: this says nothing about what would be earned."
        said.append(Statement("danger", "Simulated market", words))
    if inferred:
        words = "Who traded aggressively is a guess from prices."
        said.append(Statement("warn", "Inferred sides", words))
    return said


def _report(spec: Spec, name: str, said: list[Statement], parts: list[Part]) -> Report:
    plan = spec.plan
    order: dict[Level, int] = {"danger": 0, "warn": 1, "plain": 2}
    said.sort(key=lambda one: order[one.level])
    if plan.missing:
        said.append(Statement("warn", "Missing days", f"{len(plan.missing)} are not stored."))
    badges: list[tuple[Level, str, str]] = [
        (one.level, one.name, one.words) for one in said if one.level == "danger"
    ]
    return Report(
        title=f"{name} of {plan.symbol}",
        lede=f"{plan.symbol}, {plan.days[0]} to {plan.days[-1]}: {len(plan.days)} days, by "
        f"{spec.objective}",
        facts=[
            ("Parameters", "; ".join(spec.space.spec())),
            ("Method", spec.method + (f", seed {spec.seed}" if spec.method == "optuna" else "")),
            ("Configuration", f"{plan.config_name or 'defaults'} ({plan.config.digest})"),
            ("Fills", plan.config.fills.profile),
        ],
        badges=badges,
        statements=said,
        parts=parts,
        code=code_version(),
        level=said[0].level if said else "plain",
    )
