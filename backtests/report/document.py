"""What a report says and in which order: its heading, parts, panels and cards, as texts.

Templates show it (`templates/backtests/report`), on the page and in the file on disk alike, and
escape every text: configuration names and notes are whatever a person wrote.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backtests.metrics import (
    DEFINITIONS,
    Breakdown,
    Definition,
    Figures,
    Section,
    Series,
    Unit,
    figure_text,
)
from backtests.metrics.figures import SEED
from backtests.metrics.words import count_of, money_text, signed_money_text
from backtests.outcome import Outcome
from backtests.report import tables
from backtests.report.parts import FEWEST, course, grouped, lists, nothing, single_trades
from backtests.report.simulated import Level, Statement, badges, statements
from trading.report.panels import Card, Meaning, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    title: str
    lede: str
    facts: Sequence[tuple[str, str]]
    badges: Sequence[tuple[Level, str, str]]
    statements: Sequence[Statement]
    parts: Sequence[Part]
    code: str
    level: Level = field(default="plain")


def report(
    of: Series,
    figures: Figures,
    groups: Sequence[Breakdown],
    *,
    title: str = "",
    note: str = "",
) -> Report:
    """The report of one run."""
    outcome = of.outcome
    plan = outcome.plan
    said = _with_verdict(statements(outcome), figures)
    return Report(
        title=title or f"Backtest of {plan.symbol}",
        lede=_lede(outcome, figures),
        facts=_facts(outcome, note),
        badges=badges(outcome),
        statements=said,
        parts=[
            Part(
                id="figures",
                title="Key figures",
                note=_HINT,
                cards=_headline(figures),
                groups=_groups(figures),
            ),
            *([course(of)] if outcome.trades else [nothing(outcome)] if outcome.days else []),
            *([grouped(groups), single_trades(outcome)] if len(outcome.trades) >= FEWEST else []),
            *([lists(outcome)] if outcome.trades else []),
            definitions(),
            Part(
                id="settings",
                title="Configuration",
                note="What differs from the defaults of the symbol.",
                settings=json.dumps(
                    plan.config.as_tree(changed=True), indent=2, ensure_ascii=False, default=str
                ),
            ),
        ],
        code=outcome.code,
        level=said[0].level if said else "plain",
    )


_HINT = "Point at a figure or touch it to read what it means. All definitions are at the end."


def _with_verdict(said: list[Statement], figures: Figures) -> list[Statement]:
    sure = figures.mean_low is not None and (figures.mean_low > 0 or (figures.mean_high or 0) < 0)
    enough = sure and "too few" not in figures.verdict
    verdict = Statement("plain" if enough else "warn", "Sample size", figures.verdict)
    graver = sum(one.level == "danger" for one in said)
    return [*said[:graver], verdict, *said[graver:]]


def _lede(outcome: Outcome, figures: Figures) -> str:
    if not outcome.days:
        return "No day was run."
    first, last = outcome.days[0].day, outcome.days[-1].day
    when = first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
    return (
        f"{outcome.plan.symbol}, {when}: {count_of(len(outcome.days), 'day')}, "
        f"{count_of(figures.trades, 'trade')}, net {signed_money_text(figures.net)} on "
        f"{money_text(figures.opening)}"
    )


def traced(outcome: Outcome) -> str:
    """What it was made of, in one line."""
    plan = outcome.plan
    return (
        f"{plan.config_name or 'defaults'} ({plan.config.digest}), fills "
        f"{plan.config.fills.profile}, data {outcome.data_digest[:16]}, code {outcome.code}"
    )


def _facts(outcome: Outcome, note: str) -> list[tuple[str, str]]:
    plan = outcome.plan
    found = [
        ("Configuration", f"{plan.config_name or 'defaults'} ({plan.config.digest})"),
        ("Fills", plan.config.fills.profile),
        ("Data", outcome.data_digest[:16]),
        ("Code", outcome.code),
        ("Seed of intervals", str(SEED)),
    ]
    return [*found, ("Note", note)] if note else found


def _headline(figures: Figures) -> list[Card]:
    """The dozen that a reader looks for first, each with what it must be read with."""

    def words(name: str) -> str:
        return figure_text(name, figures[name])

    def between(low: str, high: str) -> str:
        return "" if figures[low] is None else f"95 %: {words(low)} to {words(high)}"

    notes = {
        "net": f"{words('total_return')} of {words('opening')}",
        "cagr": "",
        "sharpe": between("sharpe_low", "sharpe_high"),
        "sortino": "",
        "calmar": "",
        "max_drawdown": f"{words('max_drawdown_part')} at most",
        "profit_factor": f"{words('wins')} won, {words('losses')} lost",
        "win_rate": f"payoff {words('payoff')}",
        "expectancy": between("mean_low", "mean_high"),
        "trades": f"{words('trades_a_day')} a day",
        "fees": f"and {words('slippage')} of slippage",
        "exposure": "",
    }
    return [_card(name, DEFINITIONS[name], figures, note) for name, note in notes.items()]


def _groups(figures: Figures) -> list[tuple[str, list[Card]]]:
    return [
        (
            section.value,
            [
                _card(name, of, figures)
                for name, of in DEFINITIONS.items()
                if of.section is section and of.unit is not Unit.WORDS
            ],
        )
        for section in Section
    ]


def _card(name: str, of: Definition, figures: Figures, note: str = "") -> Card:
    value: Any = figures[name]
    tone = ""
    if of.unit is Unit.MONEY and name in _SIGNED and value:
        tone = "profit" if value > 0 else "loss"
    value = tables.plain_halts(name, value)
    return Card(of.label, figure_text(name, value), of.text, tone, note)


_SIGNED = frozenset(
    ("net", "expectancy", "best_trade", "worst_trade", "average_day", "best_day", "worst_day")
)


def definitions() -> Part:
    """What each figure means."""
    meanings = [Meaning(of.label, of.text) for of in DEFINITIONS.values()]
    return Part(id="definitions", title="Definitions", definitions=meanings)
