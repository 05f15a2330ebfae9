"""The tables of a backtest's report."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from backtests.metrics import Series
from backtests.metrics.breakdowns import COLUMNS, Breakdown, Group
from backtests.metrics.definitions import Unit
from backtests.metrics.series import Underwater
from backtests.metrics.words import NONE, Value, money_text, signed_money_text, value_text
from backtests.outcome import DayDone, Outcome, TradeDone
from engine.names import Direction, Pattern, Regime
from engine.text import average_text, number_text
from trading.report.cells import MONEY, Cell, Column, Table, heat, named, number
from trading.report.times import new_york

FIRST: Final = 50
"""Trades that are shown; all are in the CSV."""
WORST: Final = 10


_TRADE: Final = (
    Column("Entry"), Column("Trade"), Column("Net", True),
    Column("R", True, "Net by what was risked to the initial stop"),
    Column("Pattern"), Column("Regime"), Column("Tier"),
    Column("From", True), Column("To", True), Column("Exit by"), Column("Held", True),
    Column("MAE / MFE", True, "Worst and best excursion, ticks"),
    Column("Fees", True), Column("Slippage", True, "Part of the net"),
    Column("Balance", True, "After the trade"),
)  # fmt: skip


def trades(name: str, found: Iterable[TradeDone]) -> Table:
    return Table(name, _TRADE, [_trade(done) for done in found])


def first_trades(outcome: Outcome) -> Table:
    return trades("Trades", outcome.trades[:FIRST])


def worst_trades(outcome: Outcome) -> Table:
    losing = [done for done in outcome.trades if done.net < 0]
    return trades("Worst trades", sorted(losing, key=lambda done: done.net)[:WORST])


def worst_days(outcome: Outcome) -> Table:
    losing = sorted((day for day in outcome.days if day.net < 0), key=lambda day: day.net)[:WORST]
    columns = (
        Column("Day"), Column("Net", True),
        Column("Of balance", True, "Net by the day's opening balance"),
        Column("Trades", True), Column("Won", True), Column("Halts"), Column("Contract"),
    )  # fmt: skip
    return Table("Worst days", columns, [_day(day) for day in losing])


def drawdowns(of: Series) -> Table:
    """The deepest periods below a high, by closing balances."""
    columns = (
        Column("From", meaning="Last day at the high"), Column("Depth", True),
        Column("Of high", True),
        Column("Lowest", meaning="The day of the lowest closing balance"),
        Column("Back", meaning="First day at or above the high again"),
        Column("Days", True, "Trading days below the high"),
        Column("To recover", True, "Trading days from the lowest to the high again"),
    )  # fmt: skip
    deepest = sorted(of.underwater, key=lambda period: -period.money)[:WORST]
    place = {day: number for number, day in enumerate(of.days)}
    return Table("Deepest drawdowns", columns, [_fall(place, period) for period in deepest])


def months(of: Series) -> Table:
    """A row a year, a column a month: a heat map that can be read."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    columns = (Column("Year"), *(Column(name, True) for name in names), Column("All", True))
    made = {(span.year, span.month): span.net for span in of.months}
    most = max(map(abs, made.values()), default=0)
    rows = []
    for year in of.years:
        cells = [Cell(str(year.year))]
        for month in range(1, 13):
            net = made.get((year.year, month))
            if net is None:
                cells.append(Cell("", MONEY))
            else:
                cells.append(Cell(signed_money_text(net), f"{MONEY} {heat(net, most)}".strip()))
        share = f" ({value_text(year.part, Unit.FRACTION)})" if year.part is not None else ""
        rows.append([*cells, Cell(signed_money_text(year.net) + share, MONEY)])
    return Table("Net by month", columns, rows, heat=True)


def groups(found: Breakdown) -> Table:
    """A breakdown's figures; what each column means is in `COLUMNS` of the metrics."""
    columns = [Column(found.label), *(Column(of.label, True, of.text) for of in COLUMNS.values())]
    return Table(f"By {found.label.lower()}", columns, [_group(group) for group in found.groups])


def signed(units: int) -> Cell:
    tone = "profit" if units > 0 else "loss" if units < 0 else ""
    return Cell(signed_money_text(units), f"{MONEY} {tone}".strip())


def plain_halts(name: str, value: Value) -> Value:
    """Of the figure that counts halts, their names as people write them."""
    if name != "halts" or not isinstance(value, Mapping):
        return value
    return {named(halt): days for halt, days in value.items()}


def risk_of(done: TradeDone) -> int:
    """Money between the average entry and the stop as first set; 0 or less: it was not a loss."""
    trade = done.trade
    away = trade.direction * (trade.entry_notional - trade.stop * trade.size)
    return away * done.instrument.tick_units


def _group(group: Group) -> list[Cell]:
    cells = [Cell(group.label)]
    for name, of in COLUMNS.items():
        value = getattr(group, name)
        if name in ("net", "expectancy"):
            cells.append(signed(value))
        else:
            cells.append(number(value_text(value, of.unit)))
    return cells


def _trade(done: TradeDone) -> list[Cell]:
    trade, spec = done.trade, done.instrument
    long = trade.direction == Direction.LONG
    risked = risk_of(done)
    held = value_text((trade.exit_ts - trade.entry_ts) / 1e9, Unit.SECONDS)
    size = number_text(spec.lot * trade.size, 0)
    return [
        Cell(new_york(trade.entry_ts)),
        Cell(f"{'Long' if long else 'Short'} {size} {trade.symbol}", "buy" if long else "sell"),
        signed(done.net),
        number(f"{done.net / risked:+.2f}".replace("-", "−") if risked > 0 else NONE),
        Cell(named(Pattern(trade.pattern).name)),
        Cell(named(Regime(trade.regime).name)),
        Cell(done.tier),
        number(average_text(trade.entry_notional, trade.size, spec)),
        number(average_text(trade.exit_notional, trade.size, spec)),
        Cell(named(trade.exit_reason)),
        number(held),
        number(f"{trade.mae} / {trade.mfe}"),
        number(money_text(trade.fees)),
        number(money_text(done.slippage)),
        number(money_text(trade.balance)),
    ]


def _day(day: DayDone) -> list[Cell]:
    part = day.net / day.opening if day.opening > 0 else None
    return [
        Cell(f"{day.day:%a} {day.day.isoformat()}"),
        signed(day.net),
        number(value_text(part, Unit.FRACTION)),
        number(str(len(day.trades))),
        number(str(sum(done.net > 0 for done in day.trades))),
        Cell(", ".join(dict.fromkeys(named(halt) for _, halt, _ in day.halts)) or NONE),
        Cell(day.contract),
    ]


def _fall(place: Mapping[date, int], period: Underwater) -> list[Cell]:
    back = period.back_on
    return [
        Cell("the opening" if period.high_on is None else period.high_on.isoformat()),
        signed(-period.money),
        number(value_text(period.part, Unit.FRACTION)),
        Cell(period.deepest_on.isoformat()),
        Cell("not yet" if back is None else back.isoformat()),
        number(f"{period.days:,}"),
        number("not yet" if back is None else f"{place[back] - place[period.deepest_on]:,}"),
    ]
