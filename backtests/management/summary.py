"""What a backtest ends with on the terminal: the figures that matter, and what they rest on."""

from datetime import date
from typing import TYPE_CHECKING, Final, TextIO

from backtests.metrics import Figures, figure_text
from backtests.metrics.words import count_of, money_text
from backtests.outcome import Outcome, Progress
from engine.names import Halt

if TYPE_CHECKING:
    from rich.console import Console

    from backtests.days import Found
    from backtests.models import Backtest

NAMED: Final = 8
LASTING: Final = (Halt.MAX_DRAWDOWN, Halt.REJECTS, Halt.DIFFERENCE)
"""Halts that nobody lifts in a backtest: no entries from then on."""


def print_summary(
    outcome: Outcome,
    figures: Figures,
    found: "Found",
    progress: Progress,
    row: "Backtest",
    file: TextIO,
) -> None:
    """For people; `--json` is for programs."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=file, highlight=False, soft_wrap=True)
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in _rows(outcome, figures, progress).items():
        table.add_row(f"[bold]{name}[/bold]", text)
    console.print(table)
    for warning in (*_warnings(outcome, found), *progress.notes):
        console.print(f"[yellow]Note:[/yellow] {warning}")
    _end(console, row)


def _rows(outcome: Outcome, figures: Figures, progress: Progress) -> dict[str, str]:
    plan, days = outcome.plan, outcome.days

    def say(name: str) -> str:
        return figure_text(name, figures[name])

    currency = plan.config.instrument.currency
    span = f"{days[0].day} to {days[-1].day}" if days else "none"
    return {
        "Market": f"{plan.config.instrument.name} ({plan.symbol}), {_session(plan.session)}",
        "Days": f"{len(days):,} of {len(plan.days):,}, {span}; {outcome.ticks:,} ticks",
        "Analysed": _analysed(progress),
        "Signals": f"{sum(day.signals for day in days):,}, "
        f"{sum(day.approved for day in days):,} approved by the router",
        "Net": f"{say('net')} {currency}, {say('total_return')}: {money_text(outcome.opening)} to "
        f"{money_text(outcome.closing)}",
        "Costs in it": f"fees {say('fees')}, slippage {say('slippage')}",
        "Trades": f"{say('trades')}, {say('win_rate')} won; profit factor {say('profit_factor')}, "
        f"{say('expectancy')} a trade",
        "Drawdown": f"{say('max_drawdown')}, {say('max_drawdown_part')}; longest "
        f"{count_of(figures.longest_drawdown_days, 'day')}",
        "Sharpe": f"{say('sharpe')} (95 %: {say('sharpe_low')} to {say('sharpe_high')}), Sortino "
        f"{say('sortino')}, Calmar {say('calmar')}",
        "Chance": figures.verdict,
        "Fills": fills_text(outcome),
        "Config": f"{plan.config_name or 'defaults'}, {plan.config.digest}",
        "Made of": f"ticks {outcome.data_digest}, code {outcome.code}",
    }


def fills_text(outcome: Outcome) -> str:
    """The assumptions in words."""
    fills = outcome.plan.config.fills
    if fills.exact:
        return (
            f"[bold red]{fills.profile.upper()}[/bold red]: no latency, slippage or fees, stops "
            "fill at their own price. Not attainable"
        )
    return (
        f"{fills.profile}: latency {fills.latency_ms} ms, slippage {fills.slippage_ticks} ticks on "
        f"market and stop orders, target filled on {fills.target}, "
        f"fees {'charged' if fills.fees else 'not charged'}"
    )


def _analysed(progress: Progress) -> str:
    if not progress.kept:
        return "all days now"
    return f"{progress.kept:,} of {count_of(progress.done, 'day')} before"


def _session(name: str) -> str:
    return "around the clock" if name == "all" else "entries in regular hours"


def _warnings(outcome: Outcome, found: "Found") -> list[str]:
    days, said = outcome.days, []
    synthetic, inferred = (
        sum(day.synthetic for day in days),
        sum(day.inferred for day in days),
    )
    if synthetic:
        said.append(f"SIMULATED MARKET: {_of(synthetic, len(days))} are synthetic")
    if inferred:
        said.append(f"aggressor sides of {_of(inferred, len(days))} are inferred, not recorded")
    missing = outcome.plan.missing
    if missing:
        named = ", ".join(map(str, missing[:NAMED])) + (", ..." if len(missing) > NAMED else "")
        said.append(f"{count_of(len(missing), 'session')} of the range not stored: {named}")
    said += [f"{day} {why} and is left out" for day, why in found.left_out]
    said += _remarks(found)
    lasting = next(
        ((day.day, reason) for day in days for _, halt, reason in day.halts if halt in LASTING),
        None,
    )
    if lasting is not None:
        said.append(f"no entries after {lasting[0]}: {lasting[1]}; in trading a person lifts that")
    if outcome.stopped:
        said.append(f"STOPPED after {_of(len(days), len(outcome.plan.days))}; what follows is open")
    return said


def _remarks(found: "Found") -> list[str]:
    """What is said of stored days, each once."""
    days: dict[str, list[date]] = {}
    for day, text in found.remarks:
        days.setdefault(text, []).append(day)
    said = [
        f"{on[0]}: {text}" if len(on) == 1 else f"{count_of(len(on), 'day')}: {text}"
        for text, on in days.items()
    ]
    more = len(said) - NAMED
    return said[:NAMED] + ([f"and {more:,} more of stored days: see ticks verify"] * (more > 0))


def _of(count: int, whole: int) -> str:
    return f"all {whole:,} days" if count == whole else f"{count:,} of {whole:,} days"


def _end(console: "Console", row: "Backtest") -> None:
    from django.urls import reverse

    where = reverse("backtest", args=[row.pk])
    console.print(f"Backtest [bold]{row.pk}[/bold]; its page is {where}")
