"""The parts of a report that show days and trades: which plots and tables, with what is said."""

from collections.abc import Sequence
from typing import Final

from backtests.metrics import CAVEAT, Breakdown, Series
from backtests.metrics.words import count_of, money_text
from backtests.outcome import Outcome
from backtests.report import tables
from backtests.report.over_time import window
from backtests.report.trades_csv import as_link, trades_csv
from trading.report.panels import Download, Panel, Part

FEWEST: Final = 5
"""Trades under which nothing is grouped or distributed: the list says all."""


def nothing(outcome: Outcome) -> Part:
    """Of a run without a trade: how far its signals came."""
    signals = sum(day.signals for day in outcome.days)
    approved = sum(day.approved for day in outcome.days)
    return Part(
        id="nothing",
        title="No trade was closed",
        note=f"{count_of(signals, 'signal')} found, {approved:,} of them approved by the regime "
        f"filter, on {count_of(len(outcome.days), 'day')}. Limits, hours and halts keep approved "
        "ones from being traded too.",
    )


def course(of: Series) -> Part:
    outcome = of.outcome
    balances = of.columns.balance.tolist()
    changes = len(of.tiers) - 1
    summary = (
        f"From {money_text(outcome.opening)} to {money_text(outcome.closing)}; highest "
        f"{money_text(max(balances))}, lowest {money_text(min(balances))}."
    )
    summary += f" Diamonds: {count_of(changes, 'change')} of tier." if changes else ""
    made = sum(day.net > 0 for day in outcome.days)
    lost = sum(day.net < 0 for day in outcome.days)
    panels = [
        Panel(
            id="equity", title="Balance", plot="equity", summary=summary, wide=True, size="high",
            note="After each closed trade, net of fees; dotted: from which balance a tier trades.",
        ),
        *(_fallen(of) if of.underwater or of.columns.net.min(initial=0) < 0 else []),
        Panel(
            id="daily", title="Net by day", plot="daily", wide=True,
            summary=f"{count_of(made, 'day')} gained, {lost:,} lost, "
            f"{len(outcome.days) - made - lost:,} made nothing.",
        ),
        Panel(
            id="months", title="Net by month", wide=True, table=tables.months(of)
        ),
    ]  # fmt: skip
    return Part(id="course", title="Course of the account", panels=panels)


def _fallen(of: Series) -> list[Panel]:
    drawn = Panel(
        id="drawdown",
        title="Drawdown",
        plot="drawdown",
        wide=True,
        size="high",
        note="How far the balance was below its highest point before: in money, in percent.",
    )
    table = Panel(
        id="drawdowns",
        title="Deepest drawdowns",
        wide=True,
        note="By closing balances.",
        table=tables.drawdowns(of),
    )
    return [drawn, table] if of.underwater else [drawn]


def grouped(groups: Sequence[Breakdown]) -> Part:
    panels = [
        Panel(
            id=f"by-{found.name}",
            title=f"By {found.label[:1].lower()}{found.label[1:]}",
            plot=f"by-{found.name}",
            size="high" if len(found.groups) > 7 else "" if len(found.groups) > 4 else "low",
            table=tables.groups(found),
        )
        for found in groups
    ]
    note = (
        "The mean trade of each group with 1.96 standard errors to either side; at the right its "
        f"trades. A faint bar may be chance. {CAVEAT}"
    )
    return Part(id="groups", title="Where it comes from", note=note, panels=panels)


def single_trades(outcome: Outcome) -> Part:
    count = len(outcome.trades)
    over = window(count)
    panels = [
        Panel(id="r", title="Results in R", plot="r",
              note="R is what a trade risked: from its average entry to its first stop."),
        Panel(id="excursions", title="How far for and against", plot="excursions", size="high",
              note="Worst and best excursion of each trade; larger marks are several trades."),
        Panel(id="holding", title="Time held", plot="holding"),
        Panel(id="streaks", title="In a row", plot="streaks",
              note="Outlined: what independent trades with this win rate would give."),
    ]  # fmt: skip
    if count >= over:
        panels.append(
            Panel(id="rolling", title=f"Expectancy of the last {over} trades", plot="rolling",
                  wide=True, note="The band is 1.96 standard errors to either side.")
        )  # fmt: skip
    return Part(id="trades", title="Single trades", panels=panels)


def lists(outcome: Outcome) -> Part:
    count = len(outcome.trades)
    shown = min(count, tables.FIRST)
    name = f"trades-{outcome.plan.symbol}-{outcome.days[0].day}-{outcome.days[-1].day}.csv"
    content = trades_csv(outcome)
    link = Download(as_link(content), name, f"All {count_of(count, 'trade')} as CSV")
    title = "Trades" if shown == count else f"The first {shown} of {count:,} trades"
    worst = [
        Panel(id="worst-days", title="Worst days", wide=True, table=tables.worst_days(outcome)),
        Panel(
            id="worst-trades", title="Worst trades", wide=True, table=tables.worst_trades(outcome)
        ),
    ]
    panels = [
        *(panel for panel in worst if panel.table and panel.table.rows),
        Panel(id="list", title=title, wide=True, table=tables.first_trades(outcome), download=link),
    ]
    return Part(id="lists", title="Worst days and trades, all trades", panels=panels)
