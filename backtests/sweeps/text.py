"""What a sweep ends with on the terminal: the best points, their surroundings, and the luck."""

from shlex import quote
from typing import TYPE_CHECKING, Final, TextIO

from backtests.sweeps.plateau import Slice
from backtests.sweeps.search import Trial
from backtests.sweeps.spec import Spec
from backtests.sweeps.sweep import Swept
from backtests.sweeps.walking import Walked
from engine.text import units_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SHOWN: Final = 10
REASONS: Final = 5
WIDTH: Final = 160
"""Characters of a line where there is no terminal to ask."""
WIDEST: Final = 12
"""Columns of a map that a terminal shows."""


def print_sweep(found: Swept, file: TextIO) -> None:
    """For people; `--json` is for programs."""
    console = _console(file)
    _heading(console, found.spec, found.synthetic, inferred=found.inferred)
    if found.best is None:
        console.print("[bold red]No point has a score:[/bold red] nothing was traded.")
        _refused(console, found)
        return
    console.print(_ranked(found))
    _refused(console, found)
    for each in found.slices:
        if len(each.columns) <= WIDEST:
            console.print(_map(each, found.spec.objective))
    if found.plateau is not None:
        style = "[bold yellow]" if found.plateau.isolated else ""
        console.print(f"{style}{found.plateau.says}")
    _print_overfit(console, found)
    _print_luck(console, found)
    settings = found.space.settings(found.best.point)
    others = " (with the other options of this sweep)" if found.spec.plan.config_name else ""
    console.print(f"The best again, with a report: {_command(found.spec, settings)}{others}")


def print_walk(found: Walked, file: TextIO) -> None:
    """For people."""
    console = _console(file)
    total = found.total
    _heading(
        console, found.spec, bool(total and total.synthetic),
        inferred=bool(total and total.inferred),
    )  # fmt: skip
    table = _table(
        "Fold", "Train", "Test", *(_short(each.name) for each in found.space.parameters),
        "In sample", "Out of sample", "Trades", "Net",
    )  # fmt: skip
    objective = found.spec.objective
    for step in found.steps:
        fold, best, outside = step.fold, step.best, step.outside
        values = found.space.settings(best.point) if best else {}
        table.add_row(
            str(fold.number),
            f"{fold.train[0]} to {fold.train[-1]}",
            f"{fold.test[0]} to {fold.test[-1]}",
            *(values.get(each.name, "-") for each in found.space.parameters),
            figure(best.score(objective) if best else None),
            figure(outside.scores[objective] if outside else None),
            str(outside.trades) if outside else "-",
            units_text(outside.net) if outside else "-",
        )
    console.print(table)
    if total is not None:
        console.print(
            f"Out of sample, {len(total.nets)} days: net [bold]{units_text(total.net)}[/bold], "
            f"{total.trades} trades, {objective} {figure(total.scores[objective])}"
        )
    unit = " a day" if objective == "net" else ""
    console.print(
        f"Mean {objective}{unit} in sample {figure(found.inside)}, out of sample "
        f"{figure(found.outside)}: {percent(found.efficiency)} of it lasted; folds above 0: "
        f"{percent(found.kept)}"
    )
    for stable in found.stability:
        spread = "" if stable.spread is None else f", over {percent(stable.spread)} of its range"
        console.print(
            f"{stable.name}: {', '.join(stable.chosen) or '-'} ({_times(stable.changes)}{spread})"
        )
    if found.probabilistic is not None:
        console.print(f"Probability of any skill, out of sample: {found.probabilistic:.3f}")
    if found.warning:
        console.print(f"[bold red]WARNING: {found.warning}[/bold red]")


def _console(file: TextIO) -> "Console":
    from rich.console import Console

    console = Console(file=file, highlight=False, soft_wrap=True)
    if console.is_terminal:
        return console
    return Console(file=file, highlight=False, soft_wrap=True, width=WIDTH)


def _table(*columns: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _heading(console: "Console", spec: Spec, synthetic: bool, *, inferred: bool) -> None:
    plan = spec.plan
    console.print(
        f"[bold]{plan.symbol}[/bold], {len(plan.days)} days, {plan.days[0]} to {plan.days[-1]}, "
        f"by {spec.objective}; {spec.method}"
        + (f", seed {spec.seed}" if spec.method == "optuna" else "")
    )
    if synthetic:
        console.print("[yellow]SIMULATED MARKET: ticks are synthetic[/yellow]")
    if inferred:
        console.print("[yellow]Aggressor sides are inferred, not recorded[/yellow]")
    if plan.missing:
        console.print(f"[yellow]{len(plan.missing)} sessions of the range are not stored[/yellow]")


def _ranked(found: Swept) -> "Table":
    names = [each.name for each in found.space.parameters]
    table = _table(
        "", *map(_short, names), "Sharpe", "Expectancy", "Net", "Calmar", "Trades", "Won"
    )
    for number, trial in enumerate(found.ranked[:SHOWN], 1):
        ran = trial.ran
        if ran is None:
            continue
        values = found.space.settings(trial.point)
        table.add_row(
            str(number),
            *(values[name] for name in names),
            *(figure(ran.scores[name]) for name in ("sharpe", "expectancy")),
            units_text(ran.net),
            figure(ran.scores["calmar"]),
            str(ran.trades),
            percent(ran.wins / ran.trades if ran.trades else None),
            style="bold" if number == 1 else "",
        )
    more = len(found.ranked) - SHOWN
    if more > 0:
        table.caption = f"and {more:,} more points"
    return table


def _refused(console: "Console", found: Swept) -> None:
    refused = found.refused
    if not refused:
        return
    console.print(f"[yellow]{len(refused):,} of {len(found.trials):,} points refused:[/yellow]")
    reasons: dict[str, Trial] = {}
    for trial in refused:
        reasons.setdefault(trial.refused, trial)
    for reason in list(reasons)[:REASONS]:
        console.print(f"  {reason}")
    if len(reasons) > REASONS:
        console.print(f"  and {len(reasons) - REASONS} more reasons")


def _map(of: Slice, objective: str) -> "Table":
    table = _table(_short(of.down), *of.columns)
    table.title = f"{objective} by {of.across}" + (f" and {of.down}" if of.down else "")
    for row, (name, scores) in enumerate(zip(of.rows, of.scores, strict=True)):
        cells = [figure(score) for score in scores]
        if row == of.best[0]:
            cells[of.best[1]] = f"[bold reverse]{cells[of.best[1]]}[/bold reverse]"
        table.add_row(name, *cells)
    return table


def _print_overfit(console: "Console", found: Swept) -> None:
    of = found.overfit
    if of is None:
        console.print(f"Probability of overfitting: not known, {found.no_overfit}")
        return
    console.print(
        f"Probability of overfitting (PBO): [bold]{of.probability:.0%}[/bold]: of {of.ways:,} ways "
        "to halve the days, how often what was best on one half was below the median on the other"
    )


def _print_luck(console: "Console", found: Swept) -> None:
    luck = found.luck
    if luck is None:
        return
    if luck.deflated is not None and luck.probabilistic is not None:
        console.print(
            f"Deflated Sharpe ratio: [bold]{luck.deflated:.3f}[/bold] for {luck.trials:,} trials "
            f"(they amount to {luck.independent:.0f} independent ones: "
            f"{figure(luck.deflated_independent)}); without that many it would be "
            f"{luck.probabilistic:.3f}"
        )
    if luck.least_days is not None:
        console.print(f"Days to be 95 % sure of it, if it goes on: {luck.least_days:,.0f}")
    if luck.warning:
        console.print(f"[bold red]WARNING: {luck.warning}[/bold red]")


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _command(spec: Spec, settings: dict[str, str]) -> str:
    plan = spec.plan
    words = [
        "manage.py backtest", f"--symbol {plan.symbol}", f"--from {plan.days[0]}",
        f"--to {plan.days[-1]}",
        *(f"--set {quote(f'{name}={value}')}" for name, value in settings.items()),
    ]  # fmt: skip
    return " ".join(words)


def figure(value: float | None) -> str:
    """Three digits, or a dash where there is none."""
    return "-" if value is None else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """Of 1, or a dash where there is none."""
    return "-" if value is None else f"{value:.0%}"


def _times(changes: int) -> str:
    if not changes:
        return "the same in every fold"
    return "changed once" if changes == 1 else f"changed {changes} times"


def points_line(done: int, kept: int, seconds: float) -> str:
    """How fast it went, for the end of a run."""
    new = done - kept
    rate = f", {new / seconds:,.2f} a second" if new and seconds > 0 else ""
    return f"{done:,} runs, {kept:,} of them kept from before{rate}"
