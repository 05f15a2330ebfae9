"""Trades in groups: by month, weekday, hour, pattern, regime, tier, direction, exit, symbol, size.

Every trade is in exactly one group of each table, so each table's sums are the run's, to the unit.
Groups come in the order of time, or of the name's list in the engine, and only those with trades.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np

from backtests.metrics.chance import SURE, holm, student_p, t_statistic
from backtests.metrics.columns import Columns, Ints, columns
from backtests.metrics.definitions import Definition, Section, Unit
from backtests.metrics.limits import tiers_in_order
from backtests.outcome import Outcome, TradeDone
from engine.names import Direction, ExitReason, Pattern, Regime
from engine.text import units_text
from engine.ticks import NS
from marketdata.calendars import NEW_YORK

FEWEST: Final = 20
"""Trades of a group under which its mean is not tested."""

UNTESTED: Final = ("exit",)
"""Tables whose groups are known only by how the trade went."""

CAVEAT: Final = (
    f"Groups of {FEWEST} trades and more are tested: is their mean trade further from 0 than "
    "chance explains (Student's t, two sides, 5 %)? Within a table p-values are adjusted for the "
    "number of groups (Holm), so that luck alone marks a group in at most one table of 20. Trades "
    "are taken as independent, which those of one day are not quite, and there are several "
    "tables: a marked group is a question to ask of other days, not an answer. Exits are not "
    "tested: a stop loses by its nature."
)

COLUMNS: Final[Mapping[str, Definition]] = {
    name: Definition(label, unit, Section.TRADES, better, text)
    for name, label, unit, better, text in (
        ("trades", "Trades", Unit.COUNT, 0, "Closed trades of the group."),
        ("win_rate", "Win rate", Unit.FRACTION, 1, "Its trades with a net above 0, by its trades."),
        ("gross", "Gross", Unit.MONEY, 1, "Before fees."),
        ("fees", "Fees", Unit.MONEY, -1, "Of entries and exits."),
        ("net", "Net", Unit.MONEY, 1, "Gross less fees."),
        ("share_of_net", "Share of net", Unit.FRACTION, 0,
         "Its net by the run's. Above 100 % where others lost. None when the run's net is 0, or "
         "below: a share of a loss reads the wrong way round."),
        ("expectancy", "Expectancy", Unit.MONEY, 1, "Its net by its trades."),
        ("profit_factor", "Profit factor", Unit.RATIO, 1,
         "Sum of its winning nets by that of its losing ones without its sign."),
        ("p_value", "p-value", Unit.FRACTION, -1,
         "How often chance alone gives a mean this far from 0, adjusted for the number of groups."),
    )
}  # fmt: skip


_MONEY: Final = ("gross", "fees", "net", "expectancy", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One row of a table. `p_value` and `beyond_chance` are None for what is not tested.

    `error` is the standard error of its mean trade in units, None for fewer than two trades.
    """

    key: str
    label: str
    trades: int
    wins: int
    win_rate: float
    gross: int
    fees: int
    net: int
    share_of_net: float | None
    expectancy: int
    error: int | None
    profit_factor: float | None
    p_value: float | None
    beyond_chance: bool | None

    def as_json(self) -> dict[str, Any]:
        """Money as decimal strings."""
        return {
            name: units_text(value) if name in _MONEY and value is not None else value
            for name in self.__slots__
            for value in [getattr(self, name)]
        }


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One table."""

    name: str
    label: str
    groups: tuple[Group, ...]

    def as_json(self) -> dict[str, Any]:
        """With its groups' rows."""
        groups = [group.as_json() for group in self.groups]
        return {"name": self.name, "label": self.label, "groups": groups}


def breakdowns(outcome: Outcome) -> dict[str, Breakdown]:
    """All tables, by name."""
    of = columns(outcome)
    trades = outcome.trades
    made = {}
    for name, (label, key, text) in _tables(outcome).items():
        codes = np.array([key(done) for done in trades], dtype=np.int64)
        fewest = len(trades) + 1 if name in UNTESTED else FEWEST
        made[name] = Breakdown(name, label, tuple(_groups(of, codes, text, fewest)))
    return made


Key = Callable[[TradeDone], int]
Text = Callable[[int], tuple[str, str]]


def _tables(outcome: Outcome) -> dict[str, tuple[str, Key, Text]]:
    """For each table: its label, a trade's group as a number that sorts, and a group's key and
    label."""
    tiers = tiers_in_order(outcome)
    symbols = sorted({done.trade.symbol for done in outcome.trades})
    reasons = list(ExitReason)
    hours: dict[int, int] = {}

    def hour(done: TradeDone) -> int:
        since = done.trade.entry_ts // (3600 * NS)  # New York's offsets are whole hours
        found = hours.get(since)
        if found is None:
            found = datetime.fromtimestamp(since * 3600, UTC).astimezone(NEW_YORK).hour
            hours[since] = found
        return found

    return {
        "month": ("Month", lambda done: done.day.year * 100 + done.day.month, _month),
        "weekday": ("Weekday", lambda done: done.day.weekday(), _weekday),
        "hour": ("Hour of entry (New York)", hour, lambda code: (f"{code:02}", f"{code:02}:00")),
        "pattern": ("Pattern", lambda done: done.trade.pattern, lambda code: _name(Pattern(code))),
        "regime": ("Regime", lambda done: done.trade.regime, lambda code: _name(Regime(code))),
        "tier": ("Tier at entry", lambda done: tiers.index(done.tier), _same(tiers)),
        "direction": (
            "Direction", lambda done: -done.trade.direction, lambda code: _name(Direction(-code)),
        ),
        "exit": (
            "Exit", lambda done: reasons.index(done.trade.exit_reason),
            lambda code: (reasons[code].value, _words(reasons[code].value)),
        ),
        "symbol": ("Symbol", lambda done: symbols.index(done.trade.symbol), _same(symbols)),
        "size": ("Size", lambda done: done.trade.size, lambda code: (str(code), str(code))),
    }  # fmt: skip


def _groups(of: Columns, codes: Ints, text: Text, fewest: int) -> list[Group]:
    if not len(codes):
        return []
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    net, ends = of.net[order], [*starts[1:].tolist(), len(codes)]

    def sums(values: Ints) -> list[int]:
        added: list[int] = np.add.reduceat(values, starts).tolist()
        return added

    chances: list[float | None] = []
    errors: list[int | None] = []
    for first, end in zip(starts.tolist(), ends, strict=True):
        nets = net[first:end].astype(np.float64)
        t = t_statistic(nets) if len(nets) >= fewest else None
        chances.append(None if t is None else student_p(t, len(nets) - 1))
        error = nets.std(ddof=1) / np.sqrt(len(nets)) if len(nets) > 1 else None
        errors.append(None if error is None else round(float(error)))
    total = int(of.net.sum())
    rows = zip(
        found.tolist(), starts.tolist(), ends, sums(of.gross[order]), sums(of.fees[order]),
        sums(net), sums(np.maximum(net, 0)), sums(np.minimum(net, 0)),
        sums((net > 0).astype(np.int64)), holm(chances), errors,
        strict=True,
    )  # fmt: skip
    groups = []
    for code, first, end, gross, fees, its_net, won, lost, wins, p, error in rows:
        key, label = text(code)
        groups.append(
            Group(
                key=key,
                label=label,
                trades=end - first,
                wins=wins,
                win_rate=wins / (end - first),
                gross=gross,
                fees=fees,
                net=its_net,
                share_of_net=its_net / total if total > 0 else None,
                expectancy=round(Decimal(its_net) / (end - first)),
                error=error,
                profit_factor=won / -lost if lost else None,
                p_value=p,
                beyond_chance=None if p is None else p < 1 - SURE,
            )
        )
    return groups


def _month(code: int) -> tuple[str, str]:
    text = f"{code // 100}-{code % 100:02}"
    return text, text


_WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip


def _weekday(code: int) -> tuple[str, str]:
    return _WEEKDAYS[code].lower(), _WEEKDAYS[code]


def _name(member: Pattern | Regime | Direction) -> tuple[str, str]:
    return member.name, _words(member.name)


def _same(names: Sequence[str]) -> Text:
    return lambda code: (names[code], names[code])


def _words(name: str) -> str:
    """`STACKED_BUY_IMBALANCE` -> `Stacked buy imbalance`"""
    return name.replace("_", " ").capitalize()
