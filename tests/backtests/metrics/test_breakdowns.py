"""Trades in groups: sums are the run's, groups are named and ordered, and their test is honest."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given

from backtests.metrics import COLUMNS, Breakdown, Group, breakdowns, figures
from backtests.outcome import Outcome, TradeDone
from engine.names import ExitReason
from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from tests.backtests.outcomes import by_ticks, outcome, outcomes

NAMES = [
    "month", "weekday", "hour", "pattern", "regime", "tier", "direction", "exit", "symbol", "size",
]  # fmt: skip

RUN = outcome(days=80, trades=400, seed=3, edge=0.05)


def groups(table: Breakdown) -> dict[str, Group]:
    return {group.key: group for group in table.groups}


@given(run=outcomes())
def test_the_sums_of_every_table_are_the_runs_to_the_unit(run: Outcome) -> None:
    found, tables = figures(run), breakdowns(run)
    assert list(tables) == NAMES
    for table in tables.values():
        for name in ("trades", "wins", "gross", "fees", "net"):
            assert sum(getattr(group, name) for group in table.groups) == getattr(found, name)
        if found.net > 0:
            shares = [group.share_of_net or 0.0 for group in table.groups]
            assert sum(shares) == pytest.approx(1, abs=1e-6)
        else:
            assert {group.share_of_net for group in table.groups} <= {None}


def _hour(done: TradeDone) -> str:
    return f"{datetime.fromtimestamp(done.trade.entry_ts / NS, NEW_YORK):%H}"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("month", lambda done: f"{done.day:%Y-%m}"),
        ("weekday", lambda done: f"{done.day:%A}".lower()),
        ("hour", _hour),
        ("pattern", lambda done: done.trade.pattern.name),
        ("regime", lambda done: done.trade.regime.name),
        ("tier", lambda done: done.tier),
        ("direction", lambda done: {1: "LONG", -1: "SHORT"}[done.trade.direction]),
        ("exit", lambda done: done.trade.exit_reason.value),
        ("symbol", lambda done: done.trade.symbol),
        ("size", lambda done: str(done.trade.size)),
    ],
)  # fmt: skip
def test_each_trade_is_in_its_own_group(name: str, key: object) -> None:
    assert callable(key)
    found = groups(breakdowns(RUN)[name])
    assert {at: group.trades for at, group in found.items()} == Counter(map(key, RUN.trades))
    for at, group in found.items():
        nets = [done.net for done in RUN.trades if key(done) == at]
        assert group.net == sum(nets)
        assert group.wins == sum(net > 0 for net in nets)


def test_hours_are_new_yorks_across_the_change_of_clocks() -> None:
    run = by_ticks([[1]] * 60, start=RUN.days[0].day.replace(month=2, day=1))  # over 9 March 2025
    assert list(groups(breakdowns(run)["hour"])) == ["09"]


def test_groups_come_in_their_natural_order() -> None:
    tables = breakdowns(RUN)
    assert [g.key for g in tables["month"].groups] == sorted(g.key for g in tables["month"].groups)
    assert [group.label for group in tables["weekday"].groups] == [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
    ]  # fmt: skip
    assert [group.label for group in tables["direction"].groups] == ["Long", "Short"]
    assert tables["pattern"].groups[0].label == "Buy imbalance"
    tiers = [tier.name for tier in RUN.plan.config.risk.tiers]
    assert [g.key for g in tables["tier"].groups] == [
        t for t in tiers if t in groups(tables["tier"])
    ]


def test_a_groups_profit_factor_is_none_without_a_losing_trade() -> None:
    table = breakdowns(by_ticks([[24, -16], [8]]))["weekday"]
    assert [group.profit_factor for group in table.groups] == [1.5, None]
    assert [group.expectancy for group in table.groups] == [5_00000000, 10_00000000]


def test_a_small_group_is_not_tested_and_neither_is_how_trades_ended() -> None:
    tables = breakdowns(by_ticks([[24, -16] * 9 + [24], [24, -16] * 10]))  # 19 and 20 trades
    assert [group.beyond_chance for group in tables["weekday"].groups] == [None, False]
    assert {group.p_value for group in tables["exit"].groups} == {None}


def test_a_group_with_an_edge_is_marked_and_one_without_is_not() -> None:
    run = by_ticks([[24, -16, 24] * 10, [16, -16] * 15])
    good, fair = breakdowns(run)["weekday"].groups
    assert (good.beyond_chance, fair.beyond_chance) == (True, False)


def test_luck_marks_a_table_in_at_most_about_one_of_20() -> None:
    chance = np.random.default_rng(3)
    marked = 0
    for _ in range(100):
        luck = [[int(n) for n in chance.choice([16, -16], 25)] for _ in range(5)]
        table = breakdowns(by_ticks(luck, balance=1_000_000))["weekday"]
        marked += any(group.beyond_chance for group in table.groups)
    assert marked <= 11  # at most 5 are expected, more than 11 once in a hundred times


def test_no_trades_have_tables_without_groups() -> None:
    assert {table.groups for table in breakdowns(by_ticks([[], []])).values()} == {()}


def test_tables_become_json_with_money_as_text() -> None:
    table = breakdowns(by_ticks([[24, -16]]))["direction"]
    (row,) = json.loads(json.dumps(table.as_json(), allow_nan=False))["groups"]
    assert (row["key"], row["net"], row["trades"]) == ("LONG", "10.00", 2)
    assert set(COLUMNS) <= set(row)


def test_every_reason_to_exit_has_a_label() -> None:
    run = by_ticks([[1] * len(ExitReason)])
    day = run.days[0]
    trades = tuple(
        replace(done, trade=replace(done.trade, exit_reason=reason))
        for done, reason in zip(day.trades, ExitReason, strict=True)
    )
    table = breakdowns(replace(run, days=(replace(day, trades=trades),)))["exit"]
    assert [group.key for group in table.groups] == [reason.value for reason in ExitReason]
    assert "_" not in "".join(group.label for group in table.groups)


def test_a_groups_standard_error_is_that_of_its_trades_and_one_trade_has_none() -> None:
    ticks = [24, -16, 8]
    [group] = breakdowns(by_ticks([ticks]))["direction"].groups
    each = np.array([125_000_000 * count for count in ticks])
    assert group.error == round(each.std(ddof=1) / np.sqrt(3))
    [alone] = breakdowns(by_ticks([[24]]))["direction"].groups
    assert alone.error is None
    assert alone.as_json()["error"] is None
