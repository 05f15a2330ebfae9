"""Random paths: exact, the same for a seed, and as probability theory says."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtests.metrics import figures
from backtests.outcome import Outcome
from backtests.stress.errors import StressError
from backtests.stress.kernel import Column, days_drawn
from backtests.stress.ledger import Ledger
from backtests.stress.walk import METHODS, as_run, walk
from tests.backtests.outcomes import by_ticks, outcome, outcomes
from tests.backtests.stress.plain import Chance, drawn, walked

UNIT = 10**8


def by_day(ledger: Ledger) -> list[list[int]]:
    return [
        ledger.net[first:end].tolist()
        for first, end in zip(ledger.starts[:-1], ledger.starts[1:], strict=True)
    ]


def limits(ledger: Ledger) -> list[tuple[int, int]]:
    risk = ledger.config.risk
    return [
        (tier.min_balance_units, min(risk.loss_limit_units, tier.loss_limit_units))
        for tier in risk.tiers
    ]


@settings(max_examples=60, deadline=None)
@given(
    run=outcomes(),
    method=st.sampled_from(sorted(METHODS)),
    seed=st.integers(0, 2**63 - 1),
    block=st.integers(1, 5),
    path=st.integers(0, 4),
)
def test_a_path_is_what_plain_python_makes_of_the_definitions(
    run: Outcome, method: str, seed: int, block: int, path: int
) -> None:
    ledger = Ledger.of(run)
    if method != "days" and not len(ledger.net):
        return
    block = min(block, len(ledger.days)) if method == "days" else 1
    found = walk(ledger, method, paths=5, seed=seed, block=block)
    days = drawn(by_day(ledger), method, Chance(seed, path), len(ledger.days), block)
    expected = walked(ledger.opening, days, limits(ledger))
    row = {column.name.lower(): int(found.table[path, column]) for column in Column}
    assert {**row, "depth": found.depth[path]} == expected


@settings(max_examples=40, deadline=None)
@given(run=outcomes())
def test_the_run_itself_ends_where_it_ended_with_the_drawdown_of_its_balances(run: Outcome) -> None:
    found = as_run(Ledger.of(run))
    balances = [run.opening, *(done.trade.balance for done in run.trades)]
    peaks = np.maximum.accumulate(balances)
    assert found.table[0, Column.FINAL] == run.closing == found.fan[-1, 0]
    assert found.table[0, Column.DRAWDOWN] == (peaks - balances).max()
    assert found.fan[0, 0] == run.opening


@settings(max_examples=40, deadline=None)
@given(run=outcomes())
def test_the_run_has_the_drawdown_and_streak_that_its_figures_have(run: Outcome) -> None:
    found, known = as_run(Ledger.of(run)), figures(run)
    assert found.table[0, Column.DRAWDOWN] == known["max_drawdown"]
    assert found.depth[0] == pytest.approx(known["max_drawdown_part"] or 0.0)
    assert found.table[0, Column.STREAK] == known["losing_streak"]


def test_a_highest_balance_from_before_the_run_counts() -> None:
    run = by_ticks([[-16], [-16]], balance=1000)
    account = replace(run.plan.config.account, peak=Decimal(1100))
    config = replace(run.plan.config, account=account)
    ledger = Ledger.of(replace(run, plan=replace(run.plan, config=config)))
    assert as_run(ledger).table[0, Column.DRAWDOWN] == 140 * UNIT


@settings(max_examples=40, deadline=None)
@given(run=outcomes(), seed=st.integers(0, 1000))
def test_another_order_of_the_trades_ends_at_the_same_balance(run: Outcome, seed: int) -> None:
    ledger = Ledger.of(run)
    found = walk(ledger, "order", paths=20, seed=seed)
    assert set(found.column(Column.FINAL).tolist()) == {run.closing}


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("chunk", [1, 7, 100, 5000])
def test_paths_are_the_same_in_any_chunks(method: str, chunk: int) -> None:
    ledger = Ledger.of(outcome(days=50, trades=200, seed=4))
    whole = walk(ledger, method, paths=300, seed=9)
    parts = walk(ledger, method, paths=300, seed=9, chunk=chunk)
    assert (whole.table == parts.table).all()
    assert (whole.depth == parts.depth).all()
    assert (whole.fan == parts.fan).all()


def test_fewer_paths_are_the_first_of_more_and_another_seed_gives_others() -> None:
    ledger = Ledger.of(outcome(days=50, trades=200, seed=4))
    many, few = (walk(ledger, "days", paths=paths, seed=9) for paths in (200, 50))
    assert (many.table[:50] == few.table).all()
    assert (walk(ledger, "days", paths=200, seed=10).table != many.table).any()


def test_days_stay_together_when_days_are_drawn() -> None:
    """Each day wins 10 and loses 9: only whole days give +1 a day, whatever is drawn."""
    ledger = Ledger.of(by_ticks([[10, -9]] * 30))
    found = walk(ledger, "days", paths=200, seed=1)
    assert set(found.column(Column.FINAL) - ledger.opening) == {30 * 125_000_000}
    assert len(set(walk(ledger, "trades", paths=200, seed=1).column(Column.FINAL).tolist())) > 5


def test_a_block_is_consecutive_days_and_the_first_follows_the_last() -> None:
    picked = np.empty(12, np.int64)
    days_drawn(3, 0, 5, 4, picked)
    blocks = picked.reshape(3, 4)
    assert ((blocks[:, 1:] - blocks[:, :-1]) % 5 == 1).all()
    seen = np.empty(4000, np.int64)
    days_drawn(3, 1, 5, 1, seen)
    assert set(seen.tolist()) == set(range(5))


def test_paths_may_be_longer_than_the_run() -> None:
    ledger = Ledger.of(by_ticks([[1], [1]]))
    found = walk(ledger, "days", paths=3, seed=1, days=250)
    assert set(found.column(Column.FINAL) - ledger.opening) == {250 * 125_000_000}
    assert found.marks[0] == 0
    assert found.marks[-1] == 250


# -- against closed forms ------------------------------------------------------------------------


def test_draws_are_uniform() -> None:
    picked = np.empty(100_000, np.int64)
    days_drawn(1, 0, 10, 1, picked)
    counts = np.bincount(picked, minlength=10)
    chi2 = ((counts - 10_000) ** 2 / 10_000).sum()
    assert chi2 < 27.9  # 99.9 % point with 9 degrees of freedom


def test_draws_of_neighbouring_paths_and_seeds_are_unrelated() -> None:
    rows = np.empty((4, 20_000), np.int64)
    for row, (seed, path) in zip(rows, [(1, 0), (1, 1), (2, 0), (2, 1)], strict=True):
        days_drawn(seed, path, 1000, 1, row)
    found = np.corrcoef(rows)
    assert (np.abs(found - np.eye(4)) < 4 / math.sqrt(20_000)).all()


def test_a_fair_coin_ruins_as_often_as_the_reflection_principle_says() -> None:
    """200 fair steps from 20 above ruin: P(reached) = P(S <= -20) + P(S < -20)."""
    ledger = Ledger.of(by_ticks([[1], [-1]] * 100))
    found = walk(ledger, "days", paths=20_000, seed=5)
    share = (found.column(Column.LOW) <= ledger.opening - 20 * 125_000_000).mean()
    tail = [math.comb(200, k) / 2**200 for k in range(201)]
    expected = sum(tail[:91]) + sum(tail[:90])  # k wins of 200: S = 2 k - 200
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / 20_000)


def test_the_balance_at_the_end_varies_as_the_sum_of_independent_draws_does() -> None:
    ledger = Ledger.of(outcome(days=80, trades=320, seed=2))
    n = 20_000
    for method, values in (("trades", ledger.net), ("days", ledger.day_net)):
        made = walk(ledger, method, paths=n, seed=6).column(Column.FINAL) - ledger.opening
        deviation = math.sqrt(len(values)) * values.std()
        assert abs(made.mean() - ledger.total) < 4 * deviation / math.sqrt(n)
        assert abs(made.std() / deviation - 1) < 4 * math.sqrt(0.5 / n) * 1.2


def test_the_longest_streak_has_the_distribution_of_runs_in_coin_tosses() -> None:
    """P(no 5 losses in a row in 20 fair tosses) counts words without 5 equal letters in a row."""
    words = [1, 2, 4, 8, 16]
    while len(words) <= 20:
        words.append(sum(words[-5:]))
    ledger = Ledger.of(by_ticks([[1], [-1]] * 10))
    found = walk(ledger, "days", paths=20_000, seed=8).column(Column.STREAK)
    expected = words[20] / 2**20
    assert abs((found < 5).mean() - expected) < 4 * math.sqrt(expected * (1 - expected) / 20_000)


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"paths": 0}, "the number of paths is 0; it must be 1 to 100000"),
        ({"paths": 100_001}, "the number of paths is 100001"),
        ({"seed": -1}, "seed is -1"),
        ({"block": 6}, "block is 6; it must be 1 to 5; the run has no more days"),
        ({"days": 0}, "horizon is 0"),
        ({"method": "hours"}, "method is 'hours'; it is one of days, trades, order"),
        ({"method": "order", "days": 9}, "resample days or trades for another horizon"),
    ],
)
def test_what_cannot_be_walked_is_refused_with_the_remedy(asked: dict[str, int], text: str) -> None:
    ledger = Ledger.of(by_ticks([[1], [-1], [], [1], [1]]))
    with pytest.raises(StressError, match=text):
        walk(ledger, **{"method": "days", "paths": 10, "seed": 1, **asked})  # type: ignore[arg-type]


def test_amounts_that_could_overflow_are_refused() -> None:
    with pytest.raises(StressError, match="too large"):
        Ledger.of(by_ticks([[400_000], [-1]], size=1_000_000))
    ledger = Ledger.of(by_ticks([[40_000], [-1]], size=10_000))
    with pytest.raises(StressError, match="too large to be added up along a path"):
        walk(ledger, "days", paths=1, seed=1, days=10_000)
