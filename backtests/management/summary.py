"""What a backtest ends with on the terminal: the figures that matter, and what they rest on."""

from typing import TYPE_CHECKING, Final, TextIO

from backtests.outcome import Outcome
from engine.names import Halt
from engine.text import units_text

if TYPE_CHECKING:
    from rich.console import Console

    from backtests.days import Found
    from backtests.models import Backtest

NAMED: Final = 8
LASTING: Final = (Halt.MAX_DRAWDOWN, Halt.REJECTS, Halt.DIFFERENCE)
"""Halts that nobody lifts in a backtest: no entries from then on."""


def print_summary(outcome: Outcome, row: "Backtest", found: "Found", file: TextIO) -> None:
    """For people; `--json` is for programs."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=file, highlight=False, soft_wrap=True)
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in _rows(outcome).items():
        table.add_row(f"[bold]{name}[/bold]", text)
    console.print(table)
    for warning in _warnings(outcome, found):
        console.print(f"[yellow]Note:[/yellow] {warning}")
    _end(console, outcome, row)


def _rows(outcome: Outcome) -> dict[str, str]:
    plan, days, trades = outcome.plan, outcome.days, outcome.trades
    spec, currency = plan.config.instrument, plan.config.instrument.currency
    nets = [done.net for done in trades]
    fees = sum(done.trade.fees for done in trades)
    slipped = sum(done.slippage for done in trades)
    span = f"{days[0].day} to {days[-1].day}" if days else "none"
    return {
        "Market": f"{spec.name} ({plan.symbol}), {_session(plan.session)}",
        "Days": f"{len(days):,} of {len(plan.days):,}, {span}; {outcome.ticks:,} ticks",
        "Signals": f"{sum(day.signals for day in days):,}, "
        f"{sum(day.approved for day in days):,} approved by the router",
        "Trades": f"{len(nets):,} ({sum(net > 0 for net in nets):,} won, "
        f"{sum(net < 0 for net in nets):,} lost)",
        "Net": f"{units_text(sum(nets))} {currency} (fees {units_text(fees)} and slippage "
        f"{units_text(slipped)} are in it)",
        "Balance": f"{units_text(outcome.opening)} to {units_text(outcome.closing)}",
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
        said.append(f"{_counted(len(missing), 'session')} of the range not stored: {named}")
    said += [f"{day} {why} and is left out" for day, why in found.left_out]
    lasting = next(
        ((day.day, reason) for day in days for _, halt, reason in day.halts if halt in LASTING),
        None,
    )
    if lasting is not None:
        said.append(f"no entries after {lasting[0]}: {lasting[1]}; in trading a person lifts that")
    if outcome.stopped:
        said.append(f"STOPPED after {_of(len(days), len(outcome.plan.days))}; what follows is open")
    return said


def _of(count: int, whole: int) -> str:
    return f"all {whole:,} days" if count == whole else f"{count:,} of {whole:,} days"


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def _end(console: "Console", outcome: Outcome, row: "Backtest") -> None:
    console.print(f"Backtest [bold]{row.pk}[/bold]")
