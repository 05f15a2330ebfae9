"""Two runs side by side: every figure, what differs between their plans, and what chance explains.

>>> found = compare(before, after, seed=1)
>>> found.tests[0].sentence
'B made 12.30 a day more; in 10.5 % of 10,000 resampled histories it did not: no difference shown.'

Figures are of each run's own days. Tests are of the days that both ran, paired
(`backtests.metrics.resampling`).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

import numpy as np

from backtests.metrics import DEFINITIONS, Figures, Unit, figures, value_text
from backtests.metrics.chance import SURE
from backtests.metrics.columns import Floats, Ints
from backtests.metrics.drawdowns import falls
from backtests.metrics.ratios import sharpe
from backtests.metrics.resampling import (
    RESAMPLES,
    interval,
    p_value,
    resampled,
    share_against,
    usual_block,
)
from backtests.metrics.words import Value, count_of
from backtests.outcome import DayDone, Outcome
from engine.text import units_text
from trading.configuration.compare import Difference, differences

FEWEST_DAYS: Final = 30
"""Common days under which no difference is called shown."""

_NUMBERS: Final = {
    Unit.MONEY, Unit.COUNT, Unit.DAYS, Unit.FRACTION, Unit.RATIO, Unit.R, Unit.TICKS, Unit.SECONDS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of both. `difference` is B less A, None where there is none; `better` is +1 where
    B's is the better one, -1 where A's is, 0 where neither is."""

    name: str
    a: Value
    b: Value
    difference: int | float | None
    better: int

    @property
    def difference_text(self) -> str:
        """With a plus where B has more."""
        text = value_text(self.difference, DEFINITIONS[self.name].unit)
        return f"+{text}" if self.difference is not None and self.difference > 0 else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One difference over the common days: B less A, with the interval that 95 of 100 resampled
    histories are in. Money is int units."""

    name: str
    label: str
    unit: Unit
    a: Value
    b: Value
    difference: int | float | None
    low: int | float | None
    high: int | float | None
    p_value: float | None
    shown: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs, A and B. `settings` is what differs from A's plan to B's."""

    rows: tuple[Row, ...]
    tests: tuple[Tested, ...]
    settings: tuple[Difference, ...]
    warnings: tuple[str, ...]
    days: int
    only_a: int
    only_b: int
    block: int
    resamples: int
    seed: int

    @property
    def method(self) -> str:
        """How the tests were made, in a sentence."""
        stretches = (
            f"in stretches of {self.block} days on average (stationary bootstrap)"
            if self.block > 1
            else "each on its own"
        )
        return (
            f"{count_of(self.days, 'common day')}, drawn with replacement {self.resamples:,} "
            f"times, the same days of both runs, {stretches}; seed {self.seed}. A p-value is twice "
            "the share of these histories in which the difference is gone or reversed."
        )

    def as_json(self) -> dict[str, Any]:
        """For a page: money as decimal strings, dates ISO."""
        return {
            "rows": [
                {
                    "name": row.name,
                    "a": _plain(row.a, DEFINITIONS[row.name].unit),
                    "b": _plain(row.b, DEFINITIONS[row.name].unit),
                    "difference": _plain(row.difference, DEFINITIONS[row.name].unit),
                    "better": row.better,
                }
                for row in self.rows
            ],
            "tests": [
                {
                    key: _plain(value, test.unit) if key in _OF_UNIT else value
                    for key, value in asdict(test).items()
                }
                for test in self.tests
            ],
            "settings": [asdict(difference) for difference in self.settings],
            "warnings": list(self.warnings),
            "method": self.method,
            "days": self.days,
            "only_a": self.only_a,
            "only_b": self.only_b,
            "block": self.block,
            "resamples": self.resamples,
            "seed": self.seed,
        }


_OF_UNIT: Final = ("a", "b", "difference", "low", "high")


def compare(
    a: Outcome, b: Outcome, *, seed: int, resamples: int = RESAMPLES, block: int | None = None
) -> Comparison:
    """B against A. `block` is the mean length of the stretches in which days are drawn: 1 for
    days on their own, None for the third root of the common days."""
    days_a, days_b = ({day.day: day for day in run.days} for run in (a, b))
    common = sorted(days_a.keys() & days_b.keys())
    pairs = [days_a[day] for day in common], [days_b[day] for day in common]
    length = block or usual_block(len(common))
    return Comparison(
        rows=tuple(_rows(figures(a), figures(b))),
        tests=tuple(_tests(*pairs, seed, resamples, length)),
        settings=tuple(_settings(a, b)),
        warnings=tuple(_warnings(a, b, *pairs)),
        days=len(common),
        only_a=len(days_a) - len(common),
        only_b=len(days_b) - len(common),
        block=length,
        resamples=resamples,
        seed=seed,
    )


def _rows(a: Figures, b: Figures) -> Iterator[Row]:
    for name, of in DEFINITIONS.items():
        first, second = a[name], b[name]
        gap: int | float | None = None
        if of.unit in _NUMBERS and first is not None and second is not None:
            gap = cast(float, second) - cast(float, first)
        better = 0 if not gap else of.better * (1 if gap > 0 else -1)
        yield Row(name=name, a=first, b=second, difference=gap, better=better)


def _tests(
    a: list[DayDone], b: list[DayDone], seed: int, resamples: int, block: int
) -> Iterator[Tested]:
    if not a:
        return
    nets = _nets(a), _nets(b)
    earned = _returns(a), _returns(b)
    returns = None if earned[0] is None or earned[1] is None else (earned[0], earned[1])
    found = resampled(nets, returns, block=block, seed=seed, resamples=resamples)
    means = [round(Decimal(int(net.sum())) / len(net)) for net in nets]
    deepest = [int(falls(np.concatenate(([0], np.cumsum(net)))).max()) for net in nets]
    ratios = [None if its is None else sharpe(its) for its in earned]
    yield _tested(
        "average_day", "Average day", Unit.MONEY, means, found.mean_day, len(a),
        "made {} a day more", "made {} a day less", "made the same a day",
    )  # fmt: skip
    yield _tested(
        "sharpe", "Sharpe ratio", Unit.RATIO, ratios, found.sharpe, len(a),
        "had a Sharpe ratio {} higher", "had a Sharpe ratio {} lower",
        "had the same Sharpe ratio",
    )  # fmt: skip
    yield _tested(
        "daily_drawdown", "Largest drawdown by day", Unit.MONEY, deepest, found.drawdown, len(a),
        "fell {} deeper", "fell {} less deep", "fell as deep",
    )  # fmt: skip


def _tested(
    name: str, label: str, unit: Unit, values: list[Any], drawn: Floats, days: int,
    more: str, less: str, same: str,
) -> Tested:  # fmt: skip
    a, b = values
    gap = None if a is None or b is None else b - a
    ends = interval(drawn) if gap is not None else None
    if gap is None or ends is None:
        sentence = f"{label}: not defined for both, so not compared."
        return Tested(
            name=name, label=label, unit=unit, a=a, b=b, difference=gap, low=None, high=None,
            p_value=None, shown=False, sentence=sentence,
        )  # fmt: skip
    low, high = (round(end) if unit is Unit.MONEY else end for end in ends)
    p, turned = p_value(drawn, gap), share_against(drawn, gap)
    shown = days >= FEWEST_DAYS and p < 1 - SURE
    if not gap:
        sentence = f"A and B {same}."
    else:
        what = (more if gap > 0 else less).format(value_text(abs(gap), unit))
        verdict = (
            f"{count_of(days, 'common day')} are too few to tell"
            if days < FEWEST_DAYS
            else f"more than chance explains (95 % interval {value_text(low, unit)} to "
            f"{value_text(high, unit)})"
            if shown
            else "no difference shown"
        )
        sentence = (
            f"B {what}; in {_percent(turned)} of {len(drawn):,} resampled histories it did not: "
            f"{verdict}."
        )
    return Tested(
        name=name, label=label, unit=unit, a=a, b=b, difference=gap, low=low, high=high,
        p_value=p, shown=shown, sentence=sentence,
    )  # fmt: skip


def _settings(a: Outcome, b: Outcome) -> list[Difference]:
    name = a.plan.symbol if a.plan.symbol == b.plan.symbol else f"{a.plan.symbol}/{b.plan.symbol}"
    found = differences({name: a.plan.config}, {name: b.plan.config})
    if a.plan.session != b.plan.session:
        found.append(Difference(name, "session", a.plan.session, b.plan.session))
    return found


def _warnings(
    a: Outcome, b: Outcome, days_a: list[DayDone], days_b: list[DayDone]
) -> Iterator[str]:
    common = len(days_a)
    if a.plan.symbol != b.plan.symbol:
        yield f"A is of {a.plan.symbol}, B of {b.plan.symbol}: they had different markets."
    if len(a.days) != common or len(b.days) != common:
        yield (
            f"A ran {count_of(len(a.days), 'day')}, B {len(b.days):,}; both ran {common:,}. "
            "Figures are of each run's own days, tests of the common ones."
        )
    if common < FEWEST_DAYS:
        yield f"{count_of(common, 'common day')}: under {FEWEST_DAYS}, too few to tell."
    other = sum(
        x.ticks != y.ticks or x.contract != y.contract for x, y in zip(days_a, days_b, strict=True)
    )
    if other and a.plan.symbol == b.plan.symbol:
        yield f"On {count_of(other, 'common day')} the ticks differ in number or contract."
    elif a.data_digest != b.data_digest and len(a.days) == len(b.days) == common:
        yield "The ticks are not the same: they were imported or repaired anew between the runs."
    if a.plan.config.fills != b.plan.config.fills:
        yield (
            f"Fills are assumed otherwise (A {a.plan.config.fills.profile}, B "
            f"{b.plan.config.fills.profile}): part of the difference is the assumption's."
        )
    if a.code != b.code:
        yield f"They were run by different versions of the code: A {a.code}, B {b.code}."
    if a.opening != b.opening:
        yield "They began with different balances: returns and tiers are not of the same account."
    for name, run in (("A", a), ("B", b)):
        if run.stopped:
            yield f"{name} was stopped before its last day."
    for word in ("synthetic", "inferred"):
        kinds = [any(getattr(day, word) for day in run.days) for run in (a, b)]
        if kinds[0] != kinds[1]:
            which = "A" if kinds[0] else "B"
            yield _ONE_SIDED[word].format(which)


_ONE_SIDED: Final = {
    "synthetic": "The market of {} is simulated, the other's is not.",
    "inferred": "Aggressor sides of {} are inferred, the other's are not.",
}


def _nets(days: list[DayDone]) -> Ints:
    return np.array([day.net for day in days], dtype=np.int64)


def _returns(days: list[DayDone]) -> Floats | None:
    if any(day.opening <= 0 for day in days):
        return None
    return np.array([day.net / day.opening for day in days])


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _plain(value: Value, unit: Unit) -> Any:
    if value is None:
        return None
    if unit is Unit.MONEY:
        return units_text(cast(int, value))
    return value.isoformat() if isinstance(value, date) else value
