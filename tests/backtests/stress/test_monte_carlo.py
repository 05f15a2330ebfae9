"""Bands, chances and what is said of them."""

import json
import math
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtests.outcome import Outcome
from backtests.stress.chances import at_quantile, chance_text, percent, quantiles, wilson
from backtests.stress.errors import StressError
from backtests.stress.ledger import Ledger
from backtests.stress.monte_carlo import MonteCarlo, monte_carlo, ruin_level
from engine.money import to_units
from tests.backtests.outcomes import by_ticks, outcome, outcomes


def amounts(texts: list[str]) -> list[Decimal]:
    return [Decimal(text) for text in texts]


@settings(max_examples=25, deadline=None)
@given(run=outcomes(), seed=st.integers(0, 100))
def test_bands_rise_and_chances_of_deeper_drawdowns_fall(run: Outcome, seed: int) -> None:
    answer = monte_carlo(Ledger.of(run), MonteCarlo(paths=60, seed=seed))
    json.dumps(answer, allow_nan=False)
    for way in answer["ways"].values():
        fan = [amounts(way["fan"][str(band)]) for band in (5, 25, 50, 75, 95)]
        for lower, upper in pairwise(fan):
            assert all(a <= b for a, b in zip(lower, upper, strict=True))
        for curve in (way["final"]["curve"], way["drawdown"]["curve"]):
            assert amounts(curve) == sorted(amounts(curve))
        hits = [depth["hits"] for depth in way["drawdown"]["depths"]]
        assert hits == sorted(hits, reverse=True)
        for found in (way["ruin"], way["drawdown"]["limit"], *way["drawdown"]["depths"]):
            assert 0 <= found["low"] <= found["share"] <= found["high"] <= 1


@given(values=st.lists(st.integers(-(10**18), 10**18), min_size=1), part=st.floats(0.001, 1))
def test_a_quantile_is_the_least_value_that_so_many_do_not_exceed(
    values: list[int], part: float
) -> None:
    found = quantiles(np.array(values, np.int64), [part])[0]
    assert found in values
    assert found == np.quantile(values, part, method="inverted_cdf") or found == at_quantile(
        sorted(values), part
    )
    assert sum(value <= found for value in values) >= part * len(values) * (1 - 1e-9) - 1e-6
    assert sum(value < found for value in values) < part * len(values) + 1e-6


@given(of=st.integers(1, 5000), data=st.data())
def test_an_interval_ends_where_the_score_test_would_reject(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    for end in wilson(hits, of):
        away, deviation = abs(hits / of - end), math.sqrt(end * (1 - end) / of)
        assert away == pytest.approx(1.959963984540054 * deviation, abs=1e-9)


def test_chances_are_said_with_their_interval() -> None:
    found = {"hits": 41, "of": 1000, "share": 0.041, "low": 0.0304, "high": 0.0551}
    assert chance_text(found) == "41 of 1,000 (4.1 %, 95 % interval 3.0 to 5.5 %)"
    assert percent(0.00038) == "0.038 %"


def test_the_sentence_of_a_depth_is_counted_on_the_paths() -> None:
    ledger = Ledger.of(outcome(days=120, trades=500, seed=3, balance=2500))
    answer = monte_carlo(ledger, MonteCarlo(paths=1000, seed=1))
    depth = answer["ways"]["days"]["drawdown"]["depths"][2]
    found = answer["sentences"][1]
    assert found.startswith("From its highest balance it lost ")
    assert f"; 30 % or more in {depth['hits']} of 1,000 (" in found


def test_ruin_is_the_margin_of_the_least_that_the_lowest_tier_trades() -> None:
    level, why = ruin_level(Ledger.of(outcome(days=3, trades=3, symbol="MES")))
    assert level == to_units(Decimal(40))
    assert "1 MES" in why
    assert ruin_level(Ledger.of(outcome(days=3, trades=3, symbol="CL")))[0] == 0


def test_a_ruin_that_has_come_before_the_first_trade_is_refused() -> None:
    ledger = Ledger.of(by_ticks([[1]], balance=1000))
    with pytest.raises(StressError, match=r"begins with 1000.00; name a lower one with --ruin"):
        monte_carlo(ledger, MonteCarlo(paths=1, ruin=to_units(Decimal(1000))))


def test_ruin_comes_as_often_as_the_gamblers_ruin_formula_says() -> None:
    """A coin that wins 55 of 100 ever falls by 5 with (45 / 55) ** 5, nearly all of it early."""
    ledger = Ledger.of(by_ticks([[1]] * 55 + [[-1]] * 45))
    level = ledger.opening - 5 * 125_000_000
    answer = monte_carlo(ledger, MonteCarlo(paths=5_000, seed=2, days=1200, ruin=level))
    found = answer["ways"]["days"]["ruin"]
    expected = (45 / 55) ** 5
    assert abs(found["share"] - expected) < 4 * (expected * (1 - expected) / 5_000) ** 0.5
    assert list(answer["ways"]) == ["days", "trades"]


def test_the_drawdown_limit_and_its_quarters_are_counted() -> None:
    run = by_ticks([[-16]] * 30 + [[24]] * 30)
    config = replace(run.plan.config, risk=replace(run.plan.config.risk, max_drawdown=Decimal(200)))
    run = replace(run, plan=replace(run.plan, config=config))
    answer = monte_carlo(Ledger.of(run), MonteCarlo(paths=500))
    drawdown = answer["ways"]["days"]["drawdown"]
    assert [level["amount"] for level in drawdown["amounts"]] == [
        "50.00", "100.00", "200.00", "400.00",
    ]  # fmt: skip
    assert drawdown["limit"]["hits"] == drawdown["amounts"][2]["hits"]
    assert 0 < drawdown["limit"]["hits"] < 500


# -- runs with nothing to draw -------------------------------------------------------------------


def degenerate(results: list[list[int]]) -> Any:
    return monte_carlo(Ledger.of(by_ticks(results, balance=1000)), MonteCarlo(paths=50))


def test_without_trades_every_path_is_flat() -> None:
    answer = degenerate([[], [], []])
    days = answer["ways"]["days"]
    assert list(answer["ways"]) == ["days"]
    assert set(days["final"]["curve"]) == {"1000.00"}
    assert days["recovery"] == {"days": None, "never": None}
    assert days["month"] is None


def test_with_one_trade_days_are_drawn_and_orders_are_all_the_same() -> None:
    answer = degenerate([[-16]])
    assert set(answer["ways"]["order"]["drawdown"]["curve"]) == {"20.00"}
    assert answer["ways"]["days"]["recovery"]["never"]["share"] == 1.0


def test_with_wins_alone_nothing_is_lost() -> None:
    days = degenerate([[24], [24, 8]] * 15)["ways"]["days"]
    assert days["ruin"]["hits"] == days["final"]["loss"]["hits"] == 0
    assert set(days["drawdown"]["curve"]) == {"0.00"}
    assert days["month"]["each"]["hits"] == 0


def test_with_losses_alone_every_month_loses_and_nothing_recovers() -> None:
    days = degenerate([[-16]] * 40)["ways"]["days"]
    assert days["month"]["each"]["share"] == days["final"]["loss"]["share"] == 1.0
    assert days["recovery"]["never"]["share"] == 1.0
    assert days["streak"]["50"] == 40
